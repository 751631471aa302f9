import { ArgumentError } from '../errors.ts';
import { concatenate } from '../ops/join.ts';
import type { Random } from '../tensor/random.ts';
import { checkSizes } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Attention, type AttentionConfig, type AttentionMemory } from './attention.ts';
import { Bridge } from './bridge.ts';
import { createCell, type RecurrentCell } from './cell.ts';
import {
  advance,
  type CellDecoderConfig,
  Decoder,
  type DecoderSource,
  type DecoderStep,
  type Decoding,
  readMemory,
} from './decoder.ts';
import type { Parameters } from './parameters.ts';

export interface BahdanauDecoderConfig extends CellDecoderConfig, Omit<AttentionConfig, 'querySize'> {
  /** What the features are: [s_t; c_t; e(y_{t-1})], or s_t alone; 'all' by default. */
  readonly readout?: Readout;
}

export type Readout = 'all' | 'state';

/**
 * Bahdanau, Cho and Bengio 2015 around one of PyTorch's cells: the context comes from the previous state, and enters
 * the cell beside the token. (`Bahdanau2014Decoder` is the paper to the letter.)
 *
 *   a_t = softmax_j(score(s_{t-1}, h_j))               section 3.1, eq. 6
 *   c_t = sum_j a_tj h_j                               eq. 5
 *   s_t = cell([e(y_{t-1}); c_t], s_{t-1})
 *   features = [s_t; c_t; e(y_{t-1})]                  what eq. 4 makes p(y_t) of
 *
 * Parameters: `bridge_h`, `bridge_c`, `cell.*`, the attention's.
 */
export class BahdanauDecoder extends Decoder<AttentionMemory> {
  readonly featureSize: number;
  readonly #readout: Readout;
  readonly #bridge: Bridge;
  readonly #cell: RecurrentCell;
  readonly #attention: Attention;

  /** @throws ArgumentError for an unknown cell, score or readout, or sizes they cannot work with */
  constructor(source: Parameters, config: BahdanauDecoderConfig) {
    super(source);
    const {
      embeddingSize,
      hiddenSize,
      keySize,
      finalSize = keySize,
      cell: kind = 'lstm',
      readout = 'all',
    } = config;
    if (readout !== 'all' && readout !== 'state') {
      throw new ArgumentError(
        `BahdanauDecoder: readout must be all or state, got ${String(readout satisfies never)}`,
      );
    }
    checkSizes('BahdanauDecoder', { embeddingSize, hiddenSize, keySize, finalSize });
    const parameters = this.enter(source);
    const inputSizes = [embeddingSize, keySize];
    this.featureSize = hiddenSize + (readout === 'all' ? keySize + embeddingSize : 0);
    this.#readout = readout;
    this.#bridge = this.own(new Bridge(parameters, config));
    this.#cell = this.own(createCell(parameters.within('cell.'), { kind, inputSizes, hiddenSize }));
    this.#attention = this.own(new Attention(parameters, { ...config, querySize: hiddenSize }));
  }

  start({ values, lengths, final }: DecoderSource): Decoding<AttentionMemory> {
    return this.runtime.scope(() => {
      const state = this.#bridge.forward(final);
      return { memory: this.#attention.remember(values, lengths), state, position: 0 };
    });
  }

  project(embedded: Tensor): readonly Tensor[] {
    return [this.#cell.project(0, embedded), embedded];
  }

  step(
    [projected, embedded]: readonly Tensor[],
    decoding: Decoding<AttentionMemory>,
    random?: Random,
  ): DecoderStep<AttentionMemory> {
    return this.runtime.scope(() => {
      const read = readMemory(this.#attention, decoding.state.hidden, decoding, random);
      const state = this.#cell.step(this.#cell.project(1, read.context, projected), decoding.state);
      const { hidden } = state;
      const features = this.#readout === 'all' ? concatenate([hidden, read.context, embedded!]) : hidden;
      return { ...read, features, next: advance(decoding, state) };
    });
  }
}
