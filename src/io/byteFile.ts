/** Files of bytes, wherever they lie, that are read in parts. */
import { FormatError } from '../errors.ts';

/**
 * How a file is best read: beginning anywhere at little cost; once, onwards, where going back or skipping means reading
 * from the start again; or from its first byte to its last, because it is being kept for the next time.
 */
export type Reading = 'anywhere' | 'onwards' | 'whole';

/** A file that is there. Nothing stays open between calls. */
export interface ByteFile {
  /** Its path or URL, for messages. */
  readonly name: string;
  /** In bytes; undefined where the source does not say until all of it has been read. */
  readonly size: number | undefined;
  readonly reading: Reading;
  /**
   * The bytes from `from` up to, not including, `to`, or up to the end of the file where that comes first. A chunk is
   * valid until the next is asked for, and is not to be written to.
   *
   * @param to Infinity for all
   */
  read(from: number, to: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Where the file may have been kept from an earlier time: its content is wrong, it is to be fetched anew. */
  forget?(): Promise<void>;
}

/** Files that belong together: a folder, by their paths in it. */
export interface Files {
  readonly name: string;
  /** @returns undefined where there is no such file */
  open(path: string, signal?: AbortSignal): Promise<ByteFile | undefined>;
}

/** What is wrong with a path in a folder, or undefined. `a/b.json` is well; nothing that could leave the folder is. */
export function pathProblem(path: string): string | undefined {
  if (path === '' || /[\\\0]|^[a-z]:/i.test(path)) return 'is not a path with forward slashes';
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    return 'is not a path inside the folder';
  }
  return undefined;
}

/**
 * Bytes `from` to `to` of a file as one array.
 *
 * @throws {FormatError} if there are more than `most`
 */
export async function readBytes(
  file: ByteFile,
  from: number,
  to: number,
  most: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of file.read(from, to, signal)) {
    length += chunk.length;
    if (length > most) throw new FormatError(`${file.name}: expected at most ${most} bytes, it has more`);
    chunks.push(chunk.slice());
  }
  if (chunks.length === 1) return chunks[0]!;
  const bytes = new Uint8Array(length);
  let position = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return bytes;
}

/**
 * The chunks of a stream, each valid until the next is asked for. The stream is cancelled, and its reader let go, when the
 * caller stops before the end, and at once when `signal` aborts.
 */
export async function* chunksOf(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, undefined> {
  const own = ownsItsChunks(stream);
  const reader = stream.getReader();
  const cancel = (): void => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener('abort', cancel, { once: true });
  let ended = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await reader.read();
      // A cancelled stream ends like one that is complete.
      signal?.throwIfAborted();
      ended = done;
      if (done) return undefined;
      if (value.length > 0) yield value;
      if (own) release(value);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    if (!ended) cancel();
    reader.releaseLock();
  }
}

/** Whether nobody else has the chunks that a stream gives: a stream of bytes takes them from whoever put them in. */
function ownsItsChunks(stream: ReadableStream<Uint8Array>): boolean {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/** Gives a chunk's memory back now, where the engine can (ES2024): collectors let many megabytes of chunks pile up. */
function release(chunk: Uint8Array): void {
  const buffer = chunk.buffer as ArrayBuffer & { transfer?(length: number): ArrayBuffer };
  buffer.transfer?.(0);
}

/** Chunks without the first `from` bytes, up to `to`. */
export async function* cut(
  chunks: AsyncIterable<Uint8Array>,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array, undefined> {
  let position = 0;
  if (from >= to) return undefined;
  for await (const chunk of chunks) {
    const end = position + chunk.length;
    if (end > from) yield chunk.subarray(Math.max(0, from - position), Math.min(to, end) - position);
    position = end;
    if (position >= to) return undefined;
  }
}
