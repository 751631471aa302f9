import { tanh } from '../ops/elementwise.ts';
import { concatenate } from '../ops/join.ts';
import type { Random } from '../tensor/random.ts';
import { checkSizes } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
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
import { Linear } from './linear.ts';
import type { Parameters } from './parameters.ts';

export interface LuongDecoderConfig extends CellDecoderConfig, Omit<AttentionConfig, 'querySize'> {
  /** Whether the cell also takes the attentional vector of the step before; true by default. */
  readonly inputFeeding?: boolean;
}

/**
 * Luong, Pham and Manning 2015: the context comes from the current state, and both make the attentional vector.
 *
 *   h_t = cell([e(y_{t-1}); h~_{t-1}], h_{t-1})        section 3.3, input feeding
 *   a_t = softmax_j(score(h_t, h_j))                   eq. 7
 *   c_t = sum_j a_tj h_j
 *   h~_t = tanh(W_c [c_t; h_t])                        eq. 5; p(y_t) = softmax(W_s h~_t) is the model's, eq. 6
 *
 * Parameters: `bridge_h`, `bridge_c`, `cell.*`, the attention's, `combine.weight` (W_c).
 */
export class LuongDecoder extends Decoder<AttentionMemory> {
  readonly featureSize: number;
  readonly #feeding: boolean;
  readonly #bridge: Bridge;
  readonly #cell: RecurrentCell;
  readonly #attention: Attention;
  readonly #combine: Linear;

  /** @throws ArgumentError for an unknown cell or score, or sizes it cannot work with */
  constructor(source: Parameters, config: LuongDecoderConfig) {
    super(source);
    const {
      embeddingSize,
      hiddenSize,
      keySize,
      finalSize = keySize,
      cell: kind = 'lstm',
      inputFeeding = true,
    } = config;
    checkSizes('LuongDecoder', { embeddingSize, hiddenSize, keySize, finalSize });
    const parameters = this.enter(source);
    const inputSizes = inputFeeding ? [embeddingSize, hiddenSize] : [embeddingSize];
    this.featureSize = hiddenSize;
    this.#feeding = inputFeeding;
    this.#bridge = this.own(new Bridge(parameters, config));
    this.#cell = this.own(createCell(parameters.within('cell.'), { kind, inputSizes, hiddenSize }));
    this.#attention = this.own(new Attention(parameters, { ...config, querySize: hiddenSize }));
    this.#combine = this.own(
      new Linear(parameters.within('combine.'), {
        inputs: keySize + hiddenSize,
        outputs: hiddenSize,
        bias: false,
      }),
    );
  }

  start({ values, lengths, final }: DecoderSource): Decoding<AttentionMemory> {
    return this.runtime.scope(() => {
      const state = this.#bridge.forward(final);
      const attentional = this.#feeding ? Tensor.zeros(this.runtime, state.hidden.shape) : undefined;
      const memory = this.#attention.remember(values, lengths);
      return { memory, state: { ...state, attentional }, position: 0 };
    });
  }

  project(embedded: Tensor): readonly Tensor[] {
    return [this.#cell.project(0, embedded)];
  }

  step(
    [projected]: readonly Tensor[],
    decoding: Decoding<AttentionMemory>,
    random?: Random,
  ): DecoderStep<AttentionMemory> {
    return this.runtime.scope(() => {
      const { attentional: fed, ...before } = decoding.state;
      const share = fed ? this.#cell.project(1, fed, projected) : projected!;
      const after = this.#cell.step(share, before);
      const read = readMemory(this.#attention, after.hidden, decoding, random);
      const features = tanh(this.#combine.forward(concatenate([read.context, after.hidden])));
      return { ...read, features, next: advance(decoding, { ...after, attentional: fed && features }) };
    });
  }
}
