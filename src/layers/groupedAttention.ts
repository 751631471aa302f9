/** Causal self-attention with rotary positions whose keys and values serve several query heads each (Ainslie 2023). */
import { ArgumentError } from '../errors.ts';
import { attention } from '../ops/attention.ts';
import { rotary } from '../ops/rotary.ts';
import { checkSizes } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { KeyValueCache } from './keyValueCache.ts';
import { Linear } from './linear.ts';
import { type MultiHeadAttentionResult, type ReturnedWeights, resultOf } from './multiHeadAttention.ts';
import type { Parameters } from './parameters.ts';
import type { RotaryPositions } from './rotaryPositions.ts';

export interface GroupedAttentionConfig {
  readonly modelSize: number;
  readonly heads: number;
  /** Heads of keys and values, which divides `heads`. */
  readonly keyValueHeads: number;
  /** Elements of a head. */
  readonly headSize: number;
  /** Whether the projections of queries, keys and values have biases, and whether the output's has one. */
  readonly bias: { readonly projections: boolean; readonly output: boolean };
}

export interface GroupedAttentionOptions {
  /** What came before: keys and values join it, and the queries see all that it then holds. */
  readonly cache?: KeyValueCache;
  /** i32 [batch, time]: each token's place; by default they follow what the cache holds. */
  readonly positions?: Tensor;
  /** i32 [batch]: the first lengths[b] keys exist. */
  readonly lengths?: Tensor;
  readonly returnWeights?: ReturnedWeights;
}

/**
 * Parameters: `qk_proj.*` [(heads + keyValueHeads) * headSize, modelSize], the queries' projection over the keys', which
 * are turned alike; `v_proj.*` [keyValueHeads * headSize, modelSize]; `o_proj.*` [modelSize, heads * headSize].
 */
export class GroupedAttention {
  readonly #config: GroupedAttentionConfig;
  readonly #positions: RotaryPositions;
  readonly #queryKey: Linear;
  readonly #value: Linear;
  readonly #output: Linear;

  /** @param positions the model's, which it disposes of @throws ArgumentError for sizes or heads that do not fit */
  constructor(parameters: Parameters, config: GroupedAttentionConfig, positions: RotaryPositions) {
    const { modelSize, heads, keyValueHeads, headSize, bias } = config;
    checkSizes('groupedAttention', { modelSize, heads, keyValueHeads, headSize });
    if (heads % keyValueHeads !== 0) {
      throw new ArgumentError(
        `groupedAttention: keyValueHeads must divide heads ${heads}, got ${keyValueHeads}`,
      );
    }
    this.#config = config;
    this.#positions = positions;
    const projection = (name: string, outputHeads: number): Linear =>
      new Linear(parameters.within(name), {
        inputs: modelSize,
        outputs: outputHeads * headSize,
        bias: bias.projections,
      });
    this.#queryKey = projection('qk_proj.', heads + keyValueHeads);
    this.#value = projection('v_proj.', keyValueHeads);
    this.#output = new Linear(parameters.within('o_proj.'), {
      inputs: heads * headSize,
      outputs: modelSize,
      bias: bias.output,
    });
  }

  /**
   * @param x [batch, time, modelSize]
   * @returns output [batch, time, modelSize], and weights on request
   * @throws ShapeError, DTypeError, ArgumentError; the cache then holds what it held
   */
  forward(x: Tensor, options: GroupedAttentionOptions = {}): MultiHeadAttentionResult {
    const { cache, positions, lengths, returnWeights = false } = options;
    const { heads, keyValueHeads, headSize } = this.#config;
    return x.runtime.scope(() => {
      const offset = cache?.length ?? 0;
      const queryKey = rotary(this.#queryKey.forward(x), {
        heads: heads + keyValueHeads,
        table: this.#positions.table(offset + x.shape[1]!),
        ...(positions ? { positions } : { offset }),
      });
      const query = { tensor: queryKey, from: 0, to: heads * headSize };
      const key = { tensor: queryKey, from: heads * headSize, to: queryKey.shape[2]! };
      const value = { tensor: this.#value.forward(x) };
      const held = cache?.lengths;
      cache?.append(key, value);
      try {
        const attended = attention(query, cache?.keys ?? key, cache?.values ?? value, {
          heads,
          keyValueHeads,
          causal: true,
          lengths,
          returnWeights: returnWeights !== false,
        });
        return resultOf(this.#output.forward(attended.output), attended.weights, returnWeights);
      } catch (error) {
        if (held) cache?.truncate(held);
        throw error;
      }
    });
  }

  dispose(): void {
    for (const part of [this.#queryKey, this.#value, this.#output]) part.dispose();
  }
}
