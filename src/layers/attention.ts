/**
 * Attention of decoder states over an encoder's outputs (Bahdanau 2015, Luong 2015, Xu 2015): how a query is compared
 * with the keys (the score), which of them it sees (the reach), and whether it reads their average or one (the choice).
 */

import { ArgumentError } from '../errors.ts';
import { checkLengths } from '../ops/lengths.ts';
import { weightedSum } from '../ops/score.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { checkSizes, expectShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { choosePosition, type HardChoice } from './hardChoice.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';
import { type Aligner, createAligner, type Reach } from './reach.ts';
import { createScore, type ScoreFunction } from './score.ts';
import type { Score, ScoreConfig } from './scores/score.ts';

export interface AttentionConfig extends ScoreConfig {
  readonly score: ScoreFunction;
  /** `global` by default. */
  readonly reach?: Reach;
  /**
   * `soft` (by default): the context is the average of the values by their weights. `hard`: it is one value, sampled by
   * them (Xu 2015, section 4.1). What local-p weighs is no distribution, so that it cannot be hard.
   */
  readonly choice?: 'soft' | 'hard';
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

export interface AttentionReadOptions {
  /** Target position of the first query, from 0; the others follow it. local-m needs it, nothing else looks at it. */
  readonly position?: number;
  /** What hard attention samples with; without it, it takes the most probable position, as at inference. */
  readonly random?: Random;
}

export interface AttentionRead {
  /** [batch, queries, keySize]; zeros for a query that sees nothing. */
  readonly context: Tensor;
  /** [batch, queries, keys]; zeros for what a query does not see. Of hard attention: what the choice was made by. */
  readonly weights: Tensor;
  /** Of local-p: the predicted positions [batch, queries]. */
  readonly positions?: Tensor;
  /** Of hard attention: the choice. */
  readonly hard?: HardChoice;
}

/** Attention with one of the classic score functions. Parameters are named where its score and its reach are. */
export class Attention {
  readonly config: AttentionConfig;
  readonly #score: Score;
  readonly #aligner: Aligner;
  readonly #parameters = new Map<string, Tensor>();

  /**
   * @throws ArgumentError for an unknown score, reach or choice, sizes the score cannot compare, a half width that is not
   *   positive, or hard attention with local-p
   */
  constructor(source: Parameters, config: AttentionConfig) {
    const {
      score,
      reach = { kind: 'global' },
      choice = 'soft',
      querySize,
      keySize,
      attentionSize = querySize,
    } = config;
    checkSizes('attention', { querySize, keySize, attentionSize });
    if (choice !== 'soft' && choice !== 'hard') {
      throw new ArgumentError(
        `attention: choice must be soft or hard, got ${String(choice satisfies never)}`,
      );
    }
    if (choice === 'hard' && reach.kind === 'local-p') {
      throw new ArgumentError('attention: hard attention needs a distribution, which local-p has not');
    }
    this.config = config;
    const parameters = source.into(this.#parameters);
    this.#score = createScore(score, parameters, config);
    this.#aligner = createAligner(parameters, reach, querySize);
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
   * @param values [batch, keys, keySize]; what stands past a length does not matter, be it NaN (to gradients: be it large,
   *   but finite)
   * @param lengths i32 [batch], in 0..keys; all positions exist by default
   * @throws ShapeError, DTypeError; ArgumentError for a length outside, or a source that is too long for `location`
   */
  remember(values: Tensor, lengths?: Tensor): AttentionMemory {
    expectShape('attention', 'values', values.shape, [null, null, this.config.keySize]);
    const [batch, keys] = values.shape as readonly [number, number];
    if (lengths) checkLengths('attention', lengths, batch, keys, values.runtime);
    return { keys: this.#score.prepareKeys(values), values, lengths };
  }

  /**
   * Reads the memory.
   * @param query [batch, queries, querySize]
   * @throws ShapeError, DTypeError; ArgumentError where local-m gets no position
   */
  read(query: Tensor, memory: AttentionMemory, options: AttentionReadOptions = {}): AttentionRead {
    const { values, lengths } = memory;
    const scores = this.#score.score(query, memory.keys);
    const alignment = this.#aligner.align(query, scores, lengths, options.position);
    const { weights, positions } = alignment;
    if (this.config.choice !== 'hard') return { context: weightedSum(weights, values), weights, positions };
    return { ...choosePosition(scores, alignment, values, options.random), weights };
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    this.#score.dispose();
    this.#aligner.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
