import { ArgumentError } from '../errors.ts';
import { add, multiply, scale, sigmoid, tanh } from '../ops/elementwise.ts';
import { addLinear, linear } from '../ops/linear.ts';
import { maxPool1d } from '../ops/pool.ts';
import { additiveScore, weightedSum } from '../ops/score.ts';
import { softmax } from '../ops/softmax.ts';
import { disposeWeight, type Weight } from '../ops/weight.ts';
import { checkSizes } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AttentionMemory } from './attention.ts';
import {
  advance,
  Decoder,
  type DecoderConfig,
  type DecoderSource,
  type DecoderStep,
  type Decoding,
} from './decoder.ts';
import type { Parameters } from './parameters.ts';

export interface Bahdanau2014DecoderConfig extends DecoderConfig {
  /** Width of the alignment model's comparison; hiddenSize by default. */
  readonly attentionSize?: number;
  /** Width of the maxout layer, l in the paper; hiddenSize by default. */
  readonly maxoutSize?: number;
  /** Which state the readout takes: s_{i-1}, as the paper has it, or s_i, as most programs do; 'previous' by default. */
  readonly readoutState?: 'previous' | 'current';
}

/**
 * Bahdanau, Cho and Bengio 2014, appendix A to the letter. Its gated unit is not PyTorch's GRU: the reset gate comes
 * before U, and z weighs the candidate. There are no biases.
 *
 *   e_ij = v_a · tanh(W_a s_{i-1} + U_a h_j)           A.1.2       a_i = softmax(e_i)     c_i = sum_j a_ij h_j
 *   z_i = sigmoid(W_z E y_{i-1} + U_z s_{i-1} + C_z c_i)           r_i = sigmoid(W_r E y_{i-1} + U_r s_{i-1} + C_r c_i)
 *   s~_i = tanh(W E y_{i-1} + U [r_i * s_{i-1}] + C c_i)           s_i = (1 - z_i) * s_{i-1} + z_i * s~_i      A.2.2
 *   t~_i = U_o s_{i-1} + V_o E y_{i-1} + C_o c_i       t_ij = max(t~_{i,2j-1}, t~_{i,2j})
 *   s_0 = tanh(W_s h_1), with the last of the encoder's directions (the reverse one)
 *
 * Parameters: by these names. The features are t_i; E and W_o, of p(y_i) ~ exp(y_i^T W_o t_i), are the model's.
 */
export class Bahdanau2014Decoder extends Decoder<AttentionMemory> {
  readonly featureSize: number;
  readonly #config: Bahdanau2014DecoderConfig;
  readonly #initial: Weight;
  readonly #query: Weight;
  readonly #key: Weight;
  readonly #vector: Tensor;
  /** z, r, s~ and t~, each a sum over the token, the state and the context. */
  readonly #update: Sources;
  readonly #reset: Sources;
  readonly #candidate: Sources;
  readonly #readout: Sources;

  /** @throws ArgumentError for an unknown readoutState, or sizes that are not positive integers */
  constructor(source: Parameters, config: Bahdanau2014DecoderConfig) {
    super(source);
    const { embeddingSize, hiddenSize, keySize, finalSize = keySize } = config;
    const { attentionSize = hiddenSize, maxoutSize = hiddenSize, readoutState = 'previous' } = config;
    checkSizes('Bahdanau2014Decoder', {
      embeddingSize,
      hiddenSize,
      keySize,
      finalSize,
      attentionSize,
      maxoutSize,
    });
    if (readoutState !== 'previous' && readoutState !== 'current') {
      throw new ArgumentError(
        `Bahdanau2014Decoder: readoutState must be previous or current, got ${String(readoutState satisfies never)}`,
      );
    }
    const parameters = this.enter(source);
    const take = (name: string, outputs: number, inputs: number): Weight => {
      const weight = parameters.weight(name, [outputs, inputs], { bound: 1 / Math.sqrt(inputs) });
      this.own({ dispose: () => disposeWeight(weight) });
      return weight;
    };
    const sources = (token: string, state: string, context: string, outputs: number): Sources => ({
      token: take(token, outputs, embeddingSize),
      state: take(state, outputs, hiddenSize),
      context: take(context, outputs, keySize),
    });
    this.featureSize = maxoutSize;
    this.#config = config;
    this.#initial = take('W_s', hiddenSize, finalSize);
    this.#query = take('W_a', attentionSize, hiddenSize);
    this.#key = take('U_a', attentionSize, keySize);
    this.#vector = this.own(parameters.get('v_a', [attentionSize], { bound: 1 / Math.sqrt(attentionSize) }));
    this.#update = sources('W_z', 'U_z', 'C_z', hiddenSize);
    this.#reset = sources('W_r', 'U_r', 'C_r', hiddenSize);
    this.#candidate = sources('W', 'U', 'C', hiddenSize);
    this.#readout = sources('V_o', 'U_o', 'C_o', 2 * maxoutSize);
  }

  start({ values, lengths, final }: DecoderSource): Decoding<AttentionMemory> {
    return this.runtime.scope(() => {
      const hidden = tanh(linear(final.at(-1)!.hidden, this.#initial));
      return { memory: { keys: linear(values, this.#key), values, lengths }, state: { hidden }, position: 0 };
    });
  }

  project(embedded: Tensor): readonly Tensor[] {
    const all = [this.#update, this.#reset, this.#candidate, this.#readout];
    return all.map(({ token }) => linear(embedded, token));
  }

  step(inputs: readonly Tensor[], decoding: Decoding<AttentionMemory>): DecoderStep<AttentionMemory> {
    const [updateToken, resetToken, candidateToken, readoutToken] = inputs as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const { memory, state } = decoding;
    return this.runtime.scope(() => {
      const previous = state.hidden;
      const { context, weights } = this.#attend(previous, memory);
      const sum = (token: Tensor, hidden: Tensor, sources: Sources): Tensor =>
        addLinear(addLinear(token, hidden, sources.state), context, sources.context);
      const update = sigmoid(sum(updateToken, previous, this.#update));
      const reset = sigmoid(sum(resetToken, previous, this.#reset));
      const candidate = tanh(sum(candidateToken, multiply(reset, previous), this.#candidate));
      const hidden = add(previous, multiply(update, add(candidate, scale(previous, -1))));
      const read = this.#config.readoutState === 'current' ? hidden : previous;
      const pieces = sum(readoutToken, read, this.#readout);
      const [batch, width] = pieces.shape as readonly [number, number];
      const features = maxPool1d(pieces.reshape([batch, 1, width]), 2).reshape([batch, width / 2]);
      return { context, weights, features, next: advance(decoding, { hidden }) };
    });
  }

  #attend(state: Tensor, { keys, values, lengths }: AttentionMemory): { context: Tensor; weights: Tensor } {
    const [batch] = state.shape as readonly [number, number];
    const query = linear(state, this.#query).reshape([batch, 1, this.#query.outputs]);
    const weights = softmax(additiveScore(query, keys, this.#vector), { lengths });
    return { context: weightedSum(weights, values).reshape([batch, values.shape[2]!]), weights };
  }
}

/** Of a sum: the shares of the embedded token, the state and the context. */
interface Sources {
  readonly token: Weight;
  readonly state: Weight;
  readonly context: Weight;
}
