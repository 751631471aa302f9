import { ArgumentError, FormatError } from '../errors.ts';
import { type ModelFolder, openModelFolder } from '../io/modelFolder.ts';
import type { ModelFolderOptions, ModelSource } from '../io/modelSource.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type LoadedModel, loadFamily } from './families.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';

export interface LoadModelOptions extends ModelFolderOptions {
  /** Makes the matrices 8-bit ones: a quarter of the memory, and somewhat other outputs. */
  readonly quantize?: 'int8';
  /** Hears how many bytes of how many have come. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A model as it lay in its folder. Whoever loads it disposes of it. */
export type PretrainedModel = LoadedModel & {
  readonly runtime: Runtime;
  /** Where it came from, for what else lies there: `tokenizer.json`, `generation_config.json`. */
  readonly folder: ModelFolder;
  /** What its config.json holds. */
  readonly config: Readonly<Record<string, unknown>>;
  /** A JSON file of the folder, read once; undefined where there is none. */
  readonly json: (file: string) => Promise<unknown>;
  /**
   * The folder's tokenizer, loaded when first asked for. Needs the package `@huggingface/tokenizers`.
   * @throws UnsupportedError, FormatError as `loadTokenizer` does
   */
  tokenizer(): Promise<Tokenizer>;
  /** Frees the weights. A second call does nothing. */
  dispose(): void;
  [Symbol.dispose](): void;
};

/**
 * Loads a Hugging Face folder as it is: `config.json` and `model.safetensors` (or its shards), of a BERT, RoBERTa,
 * DistilBERT, GPT-2, Llama, T5 or Marian. The weights go from the file to where they are used, a piece at a time.
 * @param source a folder's path, a URL, a hub's `organisation/name`, picked files, or a map of bytes: see `ModelSource`
 * @throws FormatError, UnsupportedError naming what in the folder is wrong or not supported, before any weight is read;
 *   ArgumentError, NetworkError, OutOfMemoryError, the signal's reason. Nothing is left behind
 */
export async function loadModel(
  runtime: Runtime,
  source: ModelSource,
  options: LoadModelOptions = {},
): Promise<PretrainedModel> {
  const { quantize, onProgress, ...where } = options;
  if (quantize !== undefined && quantize !== 'int8') {
    throw new ArgumentError(`loadModel: quantize must be int8, got ${String(quantize satisfies never)}`);
  }
  const folder = await openModelFolder(source, where);
  const fields = await folder.json('config.json');
  if (fields === undefined) throw new FormatError(`${folder.name}: has no config.json`);
  const checkpoint = await folder.checkpoint();
  const loaded = await loadFamily(runtime, fields, checkpoint, {
    quantize,
    signal: where.signal,
    onProgress,
  });
  const config = fields as Readonly<Record<string, unknown>>;
  const files = new Map<string, Promise<unknown>>();
  const json = (file: string): Promise<unknown> => once(files, file, () => folder.json(file));
  const tokenizers = new Map<string, Promise<Tokenizer>>();
  const tokenizer = (): Promise<Tokenizer> => once(tokenizers, '', () => loadTokenizer(folder));
  const dispose = (): void => loaded.model.dispose();
  return { ...loaded, runtime, folder, config, json, tokenizer, dispose, [Symbol.dispose]: dispose };
}

/** What was asked for before, unless it failed: the network, or a package, may have come. */
function once<Result>(
  made: Map<string, Promise<Result>>,
  name: string,
  make: () => Promise<Result>,
): Promise<Result> {
  const known = made.get(name);
  if (known) return known;
  const making = make();
  made.set(name, making);
  making.catch(() => made.delete(name));
  return making;
}
