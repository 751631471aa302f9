import { createRuntime, type RuntimeOptions } from 'heed';
import { embed, type LoadModelOptions, loadModel, type ModelSource } from 'heed/pretrained';

/** What came of a model: not asked for, on its way, usable, or not to be had. */
export type EmbedderState = 'absent' | 'loading' | 'ready' | 'failed';

type Vectors = (texts: readonly string[], signal?: AbortSignal) => Promise<Float32Array[]>;

/** An encoder that loads while the service is already there. */
export class Embedder {
  #state: EmbedderState = 'absent';
  #embed: Vectors | undefined;

  get state(): EmbedderState {
    return this.#state;
  }

  /** Vectors of length 1, in the texts' order; undefined as long as the model is not ready. */
  get embed(): Vectors | undefined {
    return this.#embed;
  }

  /**
   * Loads a model, once. What goes wrong is in the log and in `state`; nothing is thrown.
   * @param source a folder, a URL or a hub's id, as `loadModel` takes it; none where it is empty
   */
  async load(
    source: ModelSource | undefined,
    options: { readonly runtime?: RuntimeOptions; readonly model?: LoadModelOptions } = {},
  ): Promise<void> {
    if (!source || this.#state !== 'absent') return;
    this.#state = 'loading';
    try {
      const runtime = await createRuntime(options.runtime);
      try {
        const model = await loadModel(runtime, source, options.model);
        const vectors: Vectors = (texts, signal) => embed(model, texts, { signal });
        // Reads the tokenizer and what else the folder has, before somebody waits for it.
        await vectors(['ready']);
        this.#embed = vectors;
        this.#state = 'ready';
      } catch (error) {
        runtime.dispose();
        throw error;
      }
    } catch (error) {
      this.#state = 'failed';
      console.error(JSON.stringify({ model: String(source), error: (error as Error).stack }));
    }
  }
}
