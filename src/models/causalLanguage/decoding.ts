/** A causal language model as greedy, beam and sampled decoding see it. */
import type { StepModel } from '../../decode/stepModel.ts';
import { ArgumentError } from '../../errors.ts';
import type { TransformerEncoderCache } from '../../layers/encoderCache.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { idRows } from '../idRows.ts';
import { checkId } from '../tokens.ts';
import type { CausalLanguageModelConfig } from './config.ts';

/** What decoding needs of the model. */
export interface CachedLanguageModel {
  readonly runtime: Runtime;
  readonly config: CausalLanguageModelConfig;
  start(ids: Tensor, lengths: readonly number[]): TransformerEncoderCache;
  step(previous: Tensor, cache: TransformerEncoderCache): { logProbabilities: Tensor; weights: Tensor };
}

/** The cache, which steps and selections change in place. */
export interface CausalState {
  readonly cache: TransformerEncoderCache;
  /** What the first step reads in place of the start token, of each row: its prompt's last token. */
  readonly first?: Int32Array;
}

/**
 * CausalLanguageModel behind the decoders' interface. The start token and all of each prompt but its last token are read
 * at once when decoding starts. Rows may have prompts of different lengths: their caches grow side by side.
 */
export class CausalStepModel implements StepModel<CausalState> {
  readonly items: number;
  readonly vocabulary: number;
  readonly startId: number;
  readonly endId: number;
  readonly #model: CachedLanguageModel;
  /** What each row reads first: the start token and its prompt. */
  readonly #rows: readonly (readonly number[])[];

  /** @throws ArgumentError for a prompt with an unknown id, or one that leaves no room */
  constructor(model: CachedLanguageModel, prompts: readonly (readonly number[])[]) {
    const { vocabulary, startId, endId, maxLength } = model.config;
    prompts.forEach((prompt, i) => {
      prompt.forEach((id, at) => {
        checkId(`causalLanguageModel: prompts[${i}][${at}]`, id, vocabulary);
      });
      if (prompt.length < maxLength) return;
      throw new ArgumentError(
        `causalLanguageModel: prompts[${i}] must have fewer than maxLength ${maxLength} tokens, got ${prompt.length}`,
      );
    });
    this.items = prompts.length;
    this.vocabulary = vocabulary;
    this.startId = startId;
    this.endId = endId;
    this.#model = model;
    this.#rows = prompts.map((prompt) => [startId, ...prompt]);
  }

  start(): CausalState {
    const { runtime, config } = this.#model;
    return runtime.scope(() => {
      const before = this.#rows.map((row) => row.slice(0, -1));
      const { ids } = idRows(runtime, before, config.endId);
      const cache = this.#model.start(
        ids,
        before.map(({ length }) => length),
      );
      return { cache, first: Int32Array.from(this.#rows, (row) => row.at(-1)!) };
    });
  }

  step(
    { cache, first }: CausalState,
    previous: Int32Array,
  ): { state: CausalState; logProbabilities: Float32Array; attention: Float32Array } {
    const { runtime } = this.#model;
    return runtime.scope(() => {
      const ids = Tensor.from(runtime, first ?? previous, [previous.length], 'i32');
      const { logProbabilities, weights } = this.#model.step(ids, cache);
      return {
        state: { cache },
        logProbabilities: logProbabilities.toFloat32Array(),
        attention: weights.toFloat32Array(),
      };
    });
  }

  select({ cache, first }: CausalState, rows: Int32Array): CausalState {
    cache.select(rows);
    return first ? { cache, first: rows.map((row) => first[row]!) } : { cache };
  }

  release({ cache }: CausalState, kept?: CausalState): void {
    if (cache !== kept?.cache) cache.dispose();
  }
}
