/**
 * Attention of decoder states over an encoder's outputs (Bahdanau 2015, Luong 2015): scores, softmax over the source
 * positions that exist, and the weighted sum of the values.
 */

import { ArgumentError } from '../errors.ts';
import { linear } from '../ops/linear.ts';
import { additiveScore, dotScore, weightedSum } from '../ops/score.ts';
import { softmax } from '../ops/softmax.ts';
import { disposeWeight } from '../ops/weight.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';

/**
 * How a query is compared with a key:
 * - `dot`: q · k (sizes must be equal)
 * - `scaled-dot`: q · k / sqrt(size)
 * - `general`: q^T W k; parameter `attn.weight` [querySize, keySize]
 * - `additive`: v · tanh(W_q q + W_k k); parameters `attn_q.weight`, `attn_k.weight`, `attn_v.weight` [1, size]
 */
export type ScoreFunction = 'dot' | 'scaled-dot' | 'general' | 'additive';

/** All of them. */
export const scoreFunctions: readonly ScoreFunction[] = ['dot', 'scaled-dot', 'general', 'additive'];

export interface AttentionConfig {
  readonly score: ScoreFunction;
  readonly querySize: number;
  readonly keySize: number;
  /** Width of the comparison, for `additive`; querySize by default. */
  readonly attentionSize?: number;
}

/** The encoder side, prepared once for all decoder steps. */
export interface AttentionMemory {
  /** [batch, keys, size], projected as the score wants them. */
  readonly keys: Tensor;
  /** [batch, keys, keySize] */
  readonly values: Tensor;
  /** i32 [batch]: positions that exist. */
  readonly lengths: Tensor | undefined;
}

interface Score {
  prepareKeys(keys: Tensor): Tensor;
  /** @param query [batch, queries, querySize] */
  score(query: Tensor, keys: Tensor): Tensor;
  dispose(): void;
}

/** The parameters a score function has, and what it computes. */
function createScore(parameters: Parameters, config: AttentionConfig): Score {
  const { score, querySize, keySize, attentionSize = querySize } = config;
  switch (score) {
    case 'dot':
    case 'scaled-dot': {
      if (querySize !== keySize) {
        throw new ArgumentError(
          `attention: ${score} needs equal sizes, got querySize ${querySize} and keySize ${keySize}`,
        );
      }
      const factor = score === 'dot' ? 1 : 1 / Math.sqrt(keySize);
      return {
        prepareKeys: (keys) => keys,
        score: (query, keys) => dotScore(query, keys, factor),
        dispose() {},
      };
    }
    case 'general': {
      // W k once for each source position, rather than W^T q at each step.
      const weight = parameters.weight('attn.weight', [querySize, keySize], {
        bound: 1 / Math.sqrt(keySize),
      });
      return {
        prepareKeys: (keys) => linear(keys, weight),
        score: (query, keys) => dotScore(query, keys),
        dispose() {
          disposeWeight(weight);
        },
      };
    }
    case 'additive': {
      const bound = (inputs: number) => ({ bound: 1 / Math.sqrt(inputs) });
      const queryWeight = parameters.weight('attn_q.weight', [attentionSize, querySize], bound(querySize));
      const keyWeight = parameters.weight('attn_k.weight', [attentionSize, keySize], bound(keySize));
      const vector = parameters.get('attn_v.weight', [1, attentionSize], bound(attentionSize));
      return {
        prepareKeys: (keys) => linear(keys, keyWeight),
        score: (query, keys) =>
          additiveScore(linear(query, queryWeight), keys, vector.reshape([attentionSize])),
        dispose() {
          disposeWeight(queryWeight);
          disposeWeight(keyWeight);
          vector.dispose();
        },
      };
    }
    default:
      throw new ArgumentError(`attention: unknown score function ${String(score satisfies never)}`);
  }
}

/** Global soft attention with one of the classic score functions. */
export class Attention {
  readonly config: AttentionConfig;
  readonly #score: Score;
  readonly #parameters = new Map<string, Tensor>();

  /** @throws ArgumentError for an unknown score, or sizes it cannot compare */
  constructor(source: Parameters, config: AttentionConfig) {
    this.config = config;
    this.#score = createScore(source.into(this.#parameters), config);
  }

  static create(runtime: Runtime, config: AttentionConfig, random: Random): Attention {
    return createParameters(runtime, random, (parameters) => new Attention(parameters, config));
  }

  /** @throws FormatError */
  static load(runtime: Runtime, weights: WeightSource, config: AttentionConfig & LoadOptions): Attention {
    return loadParameters(
      runtime,
      weights,
      config.prefix ?? '',
      (parameters) => new Attention(parameters, config),
      config.arithmetic,
    );
  }

  /**
   * Prepares the encoder's outputs for any number of queries.
   * @param values [batch, keys, keySize]
   * @param lengths i32 [batch]; all positions exist by default
   */
  remember(values: Tensor, lengths?: Tensor): AttentionMemory {
    return { keys: this.#score.prepareKeys(values), values, lengths };
  }

  /**
   * Reads the memory.
   * @param query [batch, queries, querySize]
   * @returns context [batch, queries, keySize] and weights [batch, queries, keys]; rows of a source of length 0 are 0
   * @throws ShapeError
   */
  read(query: Tensor, memory: AttentionMemory): { context: Tensor; weights: Tensor } {
    const scores = this.#score.score(query, memory.keys);
    const weights = softmax(scores, { lengths: memory.lengths });
    return { context: weightedSum(weights, memory.values), weights };
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    this.#score.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
