/** What all pretrained models that write from left to right have in common. */
import { ArgumentError } from '../../errors.ts';
import { TransformerEncoderCache } from '../../layers/encoderCache.ts';
import type { ReturnedWeights } from '../../layers/multiHeadAttention.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { expectShape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';

export interface CausalOptions {
  /** What came before, which these tokens join. */
  readonly cache?: TransformerEncoderCache;
  /** i32 [batch]: the first lengths[b] tokens of a row are real; all by default. Not with a cache. */
  readonly lengths?: Tensor;
  /** Whether to return each layer's attention, of each head or their mean; false by default. */
  readonly returnWeights?: ReturnedWeights;
  /** Whether to return what goes into each layer, and what comes out of the last. */
  readonly returnHidden?: boolean;
  /** Whether to return logits of each row's last token alone, [batch, 1, vocabulary]; false by default. */
  readonly lastOnly?: boolean;
}

export interface CausalResult {
  /** [batch, time, vocabulary] */
  readonly logits: Tensor;
  /** Of each layer, [batch, time, held] for 'mean', [batch, heads, time, held] for 'per-head'. */
  readonly weights?: readonly Tensor[];
  /** [batch, time, modelSize], one more than there are layers. */
  readonly hidden?: readonly Tensor[];
}

/** A layer's pass: positions and cache are its own affair. */
export interface CausalLayerOptions {
  readonly cache?: TransformerEncoderCache['layers'][number];
  readonly lengths?: Tensor;
  /** i32 [batch, time], where rows do not all begin at the same place. */
  readonly positions?: Tensor;
  readonly returnWeights?: ReturnedWeights;
}

export interface CausalLayer {
  forward(x: Tensor, options: CausalLayerOptions): { readonly output: Tensor; readonly weights?: Tensor };
  dispose(): void;
}

/** Sizes that generation needs to know. */
export interface CausalConfig {
  readonly vocabulary: number;
  readonly maxLength: number;
}

/** How a family reads tokens, and how it writes them. */
export interface CausalParts {
  readonly layers: readonly CausalLayer[];
  /** Width of a cached key, all heads side by side. */
  readonly keySize: number;
  /** @param first position of each row's first token @returns [batch, time, modelSize] */
  embed(ids: Tensor, first: readonly number[]): Tensor;
  /** The norm after the last layer. */
  finish(x: Tensor): Tensor;
  /** @param x [..., modelSize] @returns logits [..., vocabulary] */
  score(x: Tensor): Tensor;
  dispose(): void;
}

export class CausalModel<Config extends CausalConfig = CausalConfig> {
  readonly runtime: Runtime;
  readonly config: Config;
  readonly #parts: CausalParts;
  readonly #family: string;

  constructor(family: string, runtime: Runtime, config: Config, parts: CausalParts) {
    this.runtime = runtime;
    this.config = config;
    this.#parts = parts;
    this.#family = family;
  }

  /** An empty cache, which the caller disposes of. @throws OutOfMemoryError, ArgumentError */
  createCache(batch = 1, capacity?: number): TransformerEncoderCache {
    const { layers, keySize } = this.#parts;
    const { maxLength } = this.config;
    return new TransformerEncoderCache(this.runtime, layers.length, { batch, keySize, capacity, maxLength });
  }

  /**
   * @param ids i32 [batch, time], rows filled up at their ends. With a cache they follow what it holds; where its rows
   *   have come to differ in length (`cache.truncate`), one token at a time
   * @throws ShapeError, DTypeError; ArgumentError for unknown ids, past maxLength, lengths outside 0..time; the cache then
   *   holds what it held
   */
  forward(ids: Tensor, options: CausalOptions = {}): CausalResult {
    const { cache, returnWeights, returnHidden, lastOnly } = options;
    const held = this.#check(ids, cache);
    const uneven = held.some((length) => length !== held[0]);
    return this.runtime.scope(() => {
      const vector = (values: readonly number[], shape: readonly number[]): Tensor =>
        Tensor.from(this.runtime, values, shape, 'i32');
      const shared = uneven
        ? {
            positions: vector(held, [held.length, 1]),
            lengths: vector(
              held.map((length) => length + 1),
              [held.length],
            ),
          }
        : { lengths: options.lengths };
      const weights: Tensor[] = [];
      const hidden: Tensor[] = [];
      let x = this.#parts.embed(ids, held);
      try {
        this.#parts.layers.forEach((layer, i) => {
          if (returnHidden) hidden.push(x);
          const result = layer.forward(x, { ...shared, cache: cache?.layers[i], returnWeights });
          x = result.output;
          if (result.weights) weights.push(result.weights);
        });
      } catch (error) {
        cache?.truncate(held);
        throw error;
      }
      const finished = this.#parts.finish(x);
      const scored = lastOnly ? lastTokens(finished, options.lengths) : finished;
      return {
        logits: this.#parts.score(scored),
        ...(weights.length > 0 && { weights }),
        ...(returnHidden && { hidden: [...hidden, finished] }),
      };
    });
  }

  /** @returns what each row of the cache holds */
  #check(ids: Tensor, cache: TransformerEncoderCache | undefined): readonly number[] {
    expectShape(this.#family, 'ids', ids.shape, [cache?.batch ?? null, null]);
    const [batch, time] = ids.shape as readonly [number, number];
    const held = cache?.lengths ?? new Array<number>(batch).fill(0);
    const longest = Math.max(0, ...held);
    if (longest + time > this.config.maxLength) {
      throw new ArgumentError(
        `${this.#family}: sequences have at most ${this.config.maxLength} tokens, got ${longest + time}`,
      );
    }
    if (time !== 1 && held.some((length) => length !== longest)) {
      throw new ArgumentError(
        `${this.#family}: rows of different lengths take one token at a time, got ${time}`,
      );
    }
    return held;
  }

  dispose(): void {
    this.#parts.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Each row's last token: [batch, time, size] -> [batch, 1, size]. */
function lastTokens(x: Tensor, lengths: Tensor | undefined): Tensor {
  const [batch, time, size] = x.shape as readonly [number, number, number];
  if (time === 1) return x;
  const last = lengths?.toArray();
  const y = Tensor.empty(x.runtime, [batch, 1, size]);
  for (let b = 0; b < batch; b++) {
    const row = Math.max(0, (last?.[b] ?? time) - 1);
    x.runtime.kernels.f32_scale(y.pointer + 4 * b * size, x.pointer + 4 * (b * time + row) * size, size, 1);
  }
  return y;
}
