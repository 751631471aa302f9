import { FormatError } from '../errors.ts';
import { chunksOf, cut } from './byteFile.ts';
import type { CachedFile, CacheWriter, FileCache } from './fileCache.ts';

const TAG = 'x-heed-tag';
const SIZE = 'x-heed-size';

/** Whether this is a page or a worker of a browser that has the Cache API, which it has in secure contexts only. */
export function hasBrowserCache(): boolean {
  const host = globalThis as { caches?: unknown; document?: unknown; WorkerGlobalScope?: unknown };
  return host.caches !== undefined && (host.document ?? host.WorkerGlobalScope) !== undefined;
}

/**
 * A cache in the browser's Cache API, where the site's own data lies; the browser may clear it when space is short.
 *
 * @param name of the cache among the site's others
 */
export function browserCache(name = 'heed'): FileCache {
  return {
    async get(key) {
      const cache = await caches.open(name);
      const stored = await cache.match(key);
      if (!stored) return undefined;
      await stored.body?.cancel();
      return cachedFile(cache, key, stored.headers);
    },
    async put(key, tag, size) {
      return new BrowserCacheWriter(await caches.open(name), key, tag, size);
    },
    async delete(key) {
      await (await caches.open(name)).delete(key);
    },
  };
}

function cachedFile(cache: Cache, key: string, headers: Headers): CachedFile {
  return {
    size: Number(headers.get(SIZE)),
    tag: decodeURI(headers.get(TAG) ?? ''),
    // A stored response is a stream: as a Blob, some browsers would hold it in memory.
    reading: 'onwards',
    async *read(from, to, signal) {
      const body = (await cache.match(key))?.body;
      if (!body) throw new FormatError(`${key}: is no longer in the cache`);
      yield* cut(chunksOf(body, signal), from, to);
    },
  };
}

/** A response whose body is written while the cache stores it; a body that fails is not stored. */
class BrowserCacheWriter implements CacheWriter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #stored: Promise<void>;

  constructor(cache: Cache, key: string, tag: string, size: number) {
    const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {});
    // Header values are bytes; an ETag may hold more.
    const headers = { [TAG]: encodeURI(tag), [SIZE]: String(size) };
    this.#stored = cache.put(key, new Response(readable, { headers })).catch(async (error) => {
      await this.#writer.abort(error);
      throw error;
    });
    this.#stored.catch(() => {});
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#writer.write(chunk.slice());
  }

  async keep(): Promise<void> {
    await this.#writer.close();
    await this.#stored;
  }

  async drop(): Promise<void> {
    await this.#writer.abort().catch(() => {});
    await this.#stored.catch(() => {});
  }
}
