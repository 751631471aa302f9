import { ArgumentError, FormatError, UnsupportedError } from '../errors.ts';
import { type ByteFile, type Files, pathProblem, readBytes } from './byteFile.ts';
import { type Checkpoint, openShard, type Shard, ShardedCheckpoint } from './checkpoint.ts';
import { filesOf, type ModelFolderOptions, type ModelSource } from './modelSource.ts';
import { checkShards, readShardIndex } from './shards.ts';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
/** What other programs write instead. */
const PICKLED = ['pytorch_model.bin', 'pytorch_model.bin.index.json'];

/** Most bytes of a file that is read as a whole. */
const LARGEST = 1 << 28;

/**
 * The files of one model, wherever they lie. Nothing stays open between calls, so there is nothing to dispose of.
 *
 * Every method throws NetworkError where a file cannot be had, and the reason of the folder's signal once that aborts.
 */
export interface ModelFolder {
  /** Where it is, for messages. */
  readonly name: string;
  /**
   * A JSON file's value, undefined where there is no such file.
   *
   * @param file its path in the folder, with forward slashes
   * @throws {FormatError} for broken JSON or UTF-8
   */
  json(file: string): Promise<unknown>;
  /**
   * A small file's bytes, undefined where there is no such file.
   *
   * @throws {FormatError} for more than 256 MB
   */
  bytes(file: string): Promise<Uint8Array | undefined>;
  /**
   * Opens `model.safetensors`, or `model.safetensors.index.json` and its files. Reads their headers only.
   *
   * @throws {FormatError} where there is neither, listing what is wrong with them otherwise
   * @throws {UnsupportedError} where the weights are pickled
   */
  checkpoint(): Promise<Checkpoint>;
}

/**
 * Opens a model's folder: on disk, at a URL, on a hub, picked by a user, or in memory. See {@link ModelSource} for which
 * string means which. From a hub or a URL nothing is asked for yet.
 *
 * Files from a hub or a URL go into a cache as they are read to their end: a folder in Node, Deno and Bun, the Cache API
 * in browsers, none elsewhere. Next time a request for one byte tells by the ETag whether the cached file is still right;
 * for a hub's revision that is a commit, none is made. Without a network the cached files are used as they are.
 *
 * @throws {ArgumentError | UnsupportedError}
 */
export async function openModelFolder(
  source: ModelSource,
  options: ModelFolderOptions = {},
): Promise<ModelFolder> {
  options.signal?.throwIfAborted();
  return new OpenModelFolder(await filesOf(source, options), options.signal);
}

class OpenModelFolder implements ModelFolder {
  readonly #files: Files;
  readonly #signal: AbortSignal | undefined;

  constructor(files: Files, signal: AbortSignal | undefined) {
    this.#files = files;
    this.#signal = signal;
  }

  get name(): string {
    return this.#files.name;
  }

  json(file: string): Promise<unknown> {
    return this.#parsed(file, async (opened) => {
      const bytes = await readBytes(opened, 0, Infinity, LARGEST, this.#signal);
      try {
        return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
      } catch (error) {
        throw new FormatError(`${opened.name}: expected JSON: ${(error as Error).message}`);
      }
    });
  }

  bytes(file: string): Promise<Uint8Array | undefined> {
    return this.#parsed(file, (opened) => readBytes(opened, 0, Infinity, LARGEST, this.#signal));
  }

  async checkpoint(): Promise<Checkpoint> {
    const single = await this.#shard(SINGLE);
    const shards = single ? [single] : await this.#indexedShards();
    return new ShardedCheckpoint(shards, this.#signal);
  }

  async #indexedShards(): Promise<readonly Shard[]> {
    const json = await this.json(INDEX);
    if (json === undefined) throw await this.#nothingFound();
    const where = `${this.name}: ${INDEX}`;
    const index = readShardIndex(where, json);
    const shards = new Map<string, Shard>();
    for (const file of index.files) {
      const shard = await this.#shard(file);
      if (shard) shards.set(file, shard);
    }
    checkShards(where, index, shards);
    return [...shards.values()];
  }

  async #nothingFound(): Promise<FormatError | UnsupportedError> {
    const message = `${this.name}: expected ${SINGLE} or ${INDEX}, found neither`;
    for (const file of PICKLED) {
      if (await this.#files.open(file, this.#signal)) {
        return new UnsupportedError(`${message}, but ${file}: pickled weights must be converted first`);
      }
    }
    return new FormatError(message);
  }

  #shard(file: string): Promise<Shard | undefined> {
    return this.#parsed(file, (opened) => openShard(opened, this.#signal));
  }

  /** What `parse` makes of a file. One that was kept and turns out broken is fetched anew, once. */
  async #parsed<T>(file: string, parse: (opened: ByteFile) => Promise<T>): Promise<T | undefined> {
    const problem = pathProblem(file);
    if (problem) throw new ArgumentError(`ModelFolder: the file ${JSON.stringify(file)} ${problem}`);
    this.#signal?.throwIfAborted();
    const opened = await this.#files.open(file, this.#signal);
    if (!opened) return undefined;
    try {
      return await parse(opened);
    } catch (error) {
      if (!(error instanceof FormatError) || !opened.forget) throw error;
      await opened.forget();
      const anew = await this.#files.open(file, this.#signal);
      if (!anew) throw error;
      return parse(anew).catch(async (again) => {
        await anew.forget?.();
        throw again;
      });
    }
  }
}
