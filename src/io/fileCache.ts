import type { Reading } from './byteFile.ts';

/** A file in a cache. */
export interface CachedFile {
  readonly size: number;
  /** What tells this version of the file from others: its ETag or Last-Modified. Empty where it had neither. */
  readonly tag: string;
  readonly reading: Exclude<Reading, 'whole'>;
  /** Its bytes `from` up to, not including, `to` or its end; each chunk is valid until the next is asked for. */
  read(from: number, to: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** A file on its way into a cache. */
export interface CacheWriter {
  /** Appends. The chunk may be changed once the promise is fulfilled. */
  write(chunk: Uint8Array): Promise<void>;
  /** All was written. Only now it takes the place of what lay under the key. */
  keep(): Promise<void>;
  /** Drops what was written. Never rejects. */
  drop(): Promise<void>;
}

/**
 * Where files stay that came over the network. The key is the URL asked for (a hub's names the revision). A cache
 * that fails is done without: files are then fetched each time.
 */
export interface FileCache {
  /** @returns undefined where nothing whole lies under that key */
  get(key: string): Promise<CachedFile | undefined>;
  /** Begins a file of `size` bytes. Several may be written under one key at once; the last one kept stays. */
  put(key: string, tag: string, size: number): Promise<CacheWriter>;
  delete(key: string): Promise<void>;
}
