/**
 * What masked and causal language models share:
 *
 *   x = E(ids) + positions     h = encoder(x)     logits = W_o h + b_o, where W_o may be E
 *
 * Parameters: `embedding.weight`, `positions.weight` (where learned), `encoder.*` (as nn.TransformerEncoder's),
 * `out.weight` (where not tied to the embedding), `out.bias`.
 */
import { ArgumentError } from '../../errors.ts';
import { Embedding } from '../../layers/embedding.ts';
import type { ReturnedWeights } from '../../layers/multiHeadAttention.ts';
import type { Parameters } from '../../layers/parameters.ts';
import { LearnedPositions, SinusoidalPositions } from '../../layers/positions.ts';
import { drop } from '../../layers/residual.ts';
import { TransformerEncoder } from '../../layers/transformerEncoder.ts';
import { crossEntropy } from '../../ops/crossEntropy.ts';
import { scale } from '../../ops/elementwise.ts';
import { linear } from '../../ops/linear.ts';
import { PackedWeight } from '../../ops/packedWeight.ts';
import { disposeWeight, type Weight } from '../../ops/weight.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Random } from '../../tensor/random.ts';
import { expectShape } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { IGNORED, type LanguageModelConfig } from './config.ts';

/** Options of a pass over whole sequences. */
export interface LanguagePassOptions {
  /** Where dropout gets its seeds; no dropout without it. */
  readonly random?: Random;
  /** Whether to return each layer's attention weights, of each head or their mean; false by default. */
  readonly returnWeights?: ReturnedWeights;
}

/** What `forward` returns. */
export interface LanguageModelResult {
  /** [batch, time, vocabulary] */
  readonly logits: Tensor;
  /** Of each layer, [batch, time, time] for 'mean', [batch, heads, time, time] for 'per-head'. */
  readonly weights?: readonly Tensor[];
}

/** Options of a loss. */
export interface LanguageLossOptions {
  /** Where dropout gets its seeds; no dropout without it. */
  readonly random?: Random;
  /** Share of the target's probability spread over all tokens, in [0, 1]; 0 by default. */
  readonly labelSmoothing?: number;
  /** What the summed loss is divided by; the number of targets by default. */
  readonly divisor?: number;
}

export class LanguageModel<Config extends LanguageModelConfig> {
  readonly runtime: Runtime;
  readonly config: Config;
  protected readonly encoder: TransformerEncoder;
  readonly #where: string;
  readonly #parameters = new Map<string, Tensor>();
  readonly #embedding: Embedding;
  readonly #positions: SinusoidalPositions | LearnedPositions;
  readonly #outWeight: Weight;
  readonly #outBias: Tensor;

  /** @param where the model's name in errors @throws ArgumentError for sizes that do not fit */
  constructor(where: string, source: Parameters, config: Config) {
    const parameters = source.into(this.#parameters);
    const { vocabulary, modelSize, maxLength, tiedEmbeddings = true, normFirst = false } = config;
    const { positions = 'learned', activation = 'gelu', finalNorm = normFirst } = config;
    this.runtime = parameters.runtime;
    this.config = config;
    this.#where = where;
    this.#embedding = new Embedding(parameters.within('embedding.'), { count: vocabulary, size: modelSize });
    this.#positions =
      positions === 'learned'
        ? new LearnedPositions(parameters.within('positions.'), { maxLength, size: modelSize })
        : new SinusoidalPositions(parameters.runtime, { maxLength, size: modelSize });
    this.encoder = new TransformerEncoder(parameters.within('encoder.'), {
      ...config,
      activation,
      finalNorm,
    });
    const out = parameters.within('out.');
    this.#outWeight = tiedEmbeddings
      ? new PackedWeight(this.#embedding.weight)
      : out.weight('weight', [vocabulary, modelSize], { bound: 1 / Math.sqrt(modelSize) });
    this.#outBias = out.get('bias', [vocabulary], { value: 0 });
  }

  /** All parameters by name, a tied one once: what an optimizer steps and a file stores; without those loaded in int8. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  /**
   * What the encoder reads.
   * @param ids i32 [batch, time]
   * @param offset the position of the first token, or of each row's first; 0 by default
   * @returns [batch, time, modelSize]
   * @throws ShapeError, DTypeError; ArgumentError for unknown ids, or past maxLength
   */
  protected embed(ids: Tensor, offset: number | readonly number[] = 0, random?: Random): Tensor {
    const { modelSize, positions = 'learned', dropout, maxLength } = this.config;
    const { scaleEmbeddings = positions === 'sinusoidal' } = this.config;
    expectShape(this.#where, 'ids', ids.shape, [null, null]);
    const last = ids.shape[1]! + (typeof offset === 'number' ? offset : Math.max(0, ...offset));
    if (last > maxLength) {
      throw new ArgumentError(`${this.#where}: sequences have at most ${maxLength} positions, got ${last}`);
    }
    const vectors = this.#embedding.forward(ids);
    const scaled = scaleEmbeddings ? scale(vectors, Math.sqrt(modelSize)) : vectors;
    return drop(this.#positions.forward(scaled, offset), dropout, random);
  }

  /** Logits [..., vocabulary] of hidden vectors [..., modelSize]. */
  protected classify(hidden: Tensor): Tensor {
    return linear(hidden, this.#outWeight, this.#outBias);
  }

  /** @param logits [batch, time, vocabulary] @param targets i32 [batch, time]; -100 costs nothing */
  protected crossEntropy(logits: Tensor, targets: Tensor, options: LanguageLossOptions): Tensor {
    const rows = targets.size;
    const { labelSmoothing, divisor } = options;
    return crossEntropy(logits.reshape([rows, this.config.vocabulary]), targets.reshape([rows]), {
      ignored: IGNORED,
      labelSmoothing,
      divisor,
    });
  }

  dispose(): void {
    for (const part of [this.#embedding, this.#positions, this.encoder, this.#outBias]) part.dispose();
    disposeWeight(this.#outWeight);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
