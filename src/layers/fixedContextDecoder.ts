import { tanh } from '../ops/elementwise.ts';
import { concatenate } from '../ops/join.ts';
import { checkSizes } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Bridge } from './bridge.ts';
import { createCell, type RecurrentCell } from './cell.ts';
import {
  advance,
  type CellDecoderConfig,
  Decoder,
  type DecoderMemory,
  type DecoderSource,
  type DecoderStep,
  type Decoding,
} from './decoder.ts';
import { Linear } from './linear.ts';
import type { Parameters } from './parameters.ts';

/** The one vector that stands for the whole source: values [batch, keySize]. */
export type FixedContext = DecoderMemory;

/**
 * Cho et al. 2014 around one of PyTorch's cells: no attention. One vector made of the encoder's final state stands for
 * the whole source, and enters the cell and the readout at every step. Beside `BahdanauDecoder`, whose context is
 * different at each step, it shows what attention is good for: all else is the same.
 *
 *   c = tanh(V h_T)                                    section 2.2 and appendix A.1; h_T both directions' final states
 *   s_t = cell([e(y_{t-1}); c], s_{t-1})
 *   features = [s_t; c; e(y_{t-1})]
 *
 * Parameters: `bridge_h`, `bridge_c`, `cell.*`, `context.*` (V [keySize, finalSize], with a bias). Its steps have
 * weights [batch, 1, 0]: it looks nowhere.
 */
export class FixedContextDecoder extends Decoder<FixedContext> {
  readonly featureSize: number;
  readonly #bridge: Bridge;
  readonly #cell: RecurrentCell;
  readonly #context: Linear;

  /** @throws ArgumentError for an unknown cell, or sizes that are not positive integers */
  constructor(source: Parameters, config: CellDecoderConfig) {
    super(source);
    const { embeddingSize, hiddenSize, keySize, finalSize = keySize, cell: kind = 'lstm' } = config;
    checkSizes('FixedContextDecoder', { embeddingSize, hiddenSize, keySize, finalSize });
    const parameters = this.enter(source);
    const inputSizes = [embeddingSize, keySize];
    this.featureSize = hiddenSize + keySize + embeddingSize;
    this.#bridge = this.own(new Bridge(parameters, config));
    this.#cell = this.own(createCell(parameters.within('cell.'), { kind, inputSizes, hiddenSize }));
    this.#context = this.own(
      new Linear(parameters.within('context.'), { inputs: finalSize, outputs: keySize }),
    );
  }

  start({ final }: DecoderSource): Decoding<FixedContext> {
    return this.runtime.scope(() => {
      const state = this.#bridge.forward(final);
      const values = tanh(this.#context.forward(concatenate(final.map(({ hidden }) => hidden))));
      return { memory: { values }, state, position: 0 };
    });
  }

  project(embedded: Tensor): readonly Tensor[] {
    return [this.#cell.project(0, embedded), embedded];
  }

  step(
    [projected, embedded]: readonly Tensor[],
    decoding: Decoding<FixedContext>,
  ): DecoderStep<FixedContext> {
    return this.runtime.scope(() => {
      const { values: context } = decoding.memory;
      const state = this.#cell.step(this.#cell.project(1, context, projected), decoding.state);
      const features = concatenate([state.hidden, context, embedded!]);
      const weights = Tensor.empty(this.runtime, [context.shape[0]!, 1, 0]);
      return { context, features, weights, next: advance(decoding, state) };
    });
  }
}
