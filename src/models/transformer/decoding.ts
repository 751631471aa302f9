/** The Transformer as greedy, beam and sampled decoding see it. */
import type { StepModel } from '../../decode/stepModel.ts';
import type { TransformerDecoderCache } from '../../layers/decoderCache.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { idRows } from '../idRows.ts';
import type { TransformerSeq2SeqConfig } from './config.ts';

/** What decoding needs of the model. */
export interface CachedEncoderDecoder {
  readonly runtime: Runtime;
  readonly config: Pick<TransformerSeq2SeqConfig, 'targetVocabulary' | 'startId' | 'endId' | 'paddingId'>;
  start(source: Tensor, lengths: Tensor): TransformerDecoderCache;
  step(previous: Tensor, cache: TransformerDecoderCache): { logProbabilities: Tensor; weights: Tensor };
}

/**
 * A Transformer that reads and writes behind the decoders' interface. Its state is the cache, which steps and selections change in place:
 * what they were given is what they return.
 */
export class TransformerStepModel implements StepModel<TransformerDecoderCache> {
  readonly items: number;
  readonly vocabulary: number;
  readonly startId: number;
  readonly endId: number;
  readonly #model: CachedEncoderDecoder;
  readonly #sources: readonly (readonly number[])[];

  constructor(model: CachedEncoderDecoder, sources: readonly (readonly number[])[]) {
    const { targetVocabulary, startId, endId } = model.config;
    this.items = sources.length;
    this.vocabulary = targetVocabulary;
    this.startId = startId;
    this.endId = endId;
    this.#model = model;
    this.#sources = sources;
  }

  start(): TransformerDecoderCache {
    const { runtime, config } = this.#model;
    return runtime.scope(() => {
      const { ids, lengths } = idRows(runtime, this.#sources, config.paddingId);
      return this.#model.start(ids, lengths);
    });
  }

  step(
    state: TransformerDecoderCache,
    previous: Int32Array,
  ): { state: TransformerDecoderCache; logProbabilities: Float32Array; attention: Float32Array } {
    const { runtime } = this.#model;
    return runtime.scope(() => {
      const ids = Tensor.from(runtime, previous, [previous.length], 'i32');
      const { logProbabilities, weights } = this.#model.step(ids, state);
      return {
        state,
        logProbabilities: logProbabilities.toFloat32Array(),
        attention: weights.toFloat32Array(),
      };
    });
  }

  select(state: TransformerDecoderCache, rows: Int32Array, itemsChanged: boolean): TransformerDecoderCache {
    state.select(rows, itemsChanged);
    return state;
  }

  release(state: TransformerDecoderCache, kept?: TransformerDecoderCache): void {
    if (state !== kept) state.dispose();
  }
}
