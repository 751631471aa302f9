import { NetworkError } from '../errors.ts';
import type { ByteFile, Files, Reading } from './byteFile.ts';
import type { CachedFile, FileCache } from './fileCache.ts';
import type { HttpOptions } from './httpClient.ts';
import { HttpFile } from './httpFile.ts';
import { withoutQuery } from './retries.ts';

export interface RemoteOptions {
  readonly http: HttpOptions;
  readonly cache: FileCache | undefined;
  /** Whether what lies at the URLs can never change. */
  readonly immutable: boolean;
  /** Whether to use nothing but the cache. */
  readonly offline: boolean;
}

/** How often a request is repeated that only asks whether a cached file is still right. */
const PROBE_RETRIES = 2;

/**
 * Files below a URL, from the cache where it has the version that is online.
 *
 * A file that can never change is taken from the cache without asking. Any other costs one request for its first byte,
 * whose ETag (or Last-Modified) and length must be those of the cached file. Where that request fails for want of a
 * network or a working server, the cached file is used, and from then on nothing but the cache.
 */
export class RemoteFiles implements Files {
  readonly #folder: URL;
  readonly #options: RemoteOptions;
  #offline: boolean;

  /** @param folder its query, if any, is sent for every file */
  constructor(folder: URL, options: RemoteOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#offline = options.offline;
  }

  get name(): string {
    const url = withoutQuery(this.#folder.href);
    return this.#offline ? `${url} (offline: what the cache has of it)` : url;
  }

  async open(path: string, signal?: AbortSignal): Promise<ByteFile | undefined> {
    const { http, cache, immutable } = this.#options;
    const url = this.#urlOf(path);
    const cached = await withoutFail(cache?.get(url));
    if (cached && cache && (immutable || this.#offline || (await this.#isCurrent(url, cached, signal)))) {
      return new CachedByteFile(withoutQuery(url), url, cached, cache);
    }
    if (this.#offline) return undefined;
    const file = await HttpFile.open(http, url, signal);
    return file && cache ? new KeptFile(file, url, cache) : file;
  }

  #urlOf(path: string): string {
    const url = new URL(this.#folder);
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${encoded}`;
    return url.href;
  }

  /** Whether the cached file is what lies at the URL, or the best that can be had. */
  async #isCurrent(url: string, cached: CachedFile, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      const { http } = this.#options;
      const hasty = { ...http, retries: Math.min(PROBE_RETRIES, http.retries) };
      const online = await HttpFile.open(hasty, url, signal, 1);
      return (
        online !== undefined && online.tag !== '' && online.tag === cached.tag && online.size === cached.size
      );
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      const refused = error.status !== undefined && error.status < 500 && error.status !== 429;
      if (refused) throw error;
      this.#offline = true;
      return true;
    }
  }
}

/** A file in the cache. */
class CachedByteFile implements ByteFile {
  readonly name: string;
  readonly size: number;
  readonly reading: Reading;
  readonly #key: string;
  readonly #cached: CachedFile;
  readonly #cache: FileCache;

  constructor(name: string, key: string, cached: CachedFile, cache: FileCache) {
    this.name = name;
    this.size = cached.size;
    this.reading = cached.reading;
    this.#key = key;
    this.#cached = cached;
    this.#cache = cache;
  }

  read(from: number, to: number, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#cached.read(from, to, signal);
  }

  async forget(): Promise<void> {
    await withoutFail(this.#cache.delete(this.#key));
  }
}

/** A file from the network, which goes into the cache too when it is read from its first byte to its last. */
class KeptFile implements ByteFile {
  readonly name: string;
  readonly #file: HttpFile;
  readonly #key: string;
  readonly #cache: FileCache;
  #kept = false;

  constructor(file: HttpFile, key: string, cache: FileCache) {
    this.name = file.name;
    this.#file = file;
    this.#key = key;
    this.#cache = cache;
  }

  get size(): number | undefined {
    return this.#file.size;
  }

  get reading(): Reading {
    return this.#kept || this.size === undefined ? this.#file.reading : 'whole';
  }

  async *read(from: number, to: number, signal?: AbortSignal): AsyncGenerator<Uint8Array, undefined> {
    const { size } = this;
    const keeps = !this.#kept && size !== undefined && from === 0 && to >= size;
    let writer = keeps ? await withoutFail(this.#cache.put(this.#key, this.#file.tag, size)) : undefined;
    try {
      for await (const chunk of this.#file.read(from, to, signal)) {
        if (writer && !(await succeeds(writer.write(chunk)))) {
          await writer.drop();
          writer = undefined;
        }
        yield chunk;
      }
      if (writer && (await succeeds(writer.keep()))) {
        this.#kept = true;
        writer = undefined;
      }
    } finally {
      await writer?.drop();
    }
  }

  async forget(): Promise<void> {
    this.#kept = false;
    await withoutFail(this.#cache.delete(this.#key));
  }
}

/** A cache that fails (full, read-only, forbidden) is done without. */
async function withoutFail<T>(result: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await result;
  } catch {
    return undefined;
  }
}

async function succeeds(result: Promise<void>): Promise<boolean> {
  return result.then(
    () => true,
    () => false,
  );
}
