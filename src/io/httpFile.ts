import { FormatError, NetworkError } from '../errors.ts';
import { type ByteFile, chunksOf, type Reading } from './byteFile.ts';
import { Connection, type HttpOptions, request } from './httpClient.ts';
import { RefusedError, Retries, withoutQuery } from './retries.ts';

/** Bytes asked for when a file is opened: all of a small one, and the header of most checkpoints. */
const HEAD = 1 << 16;

/** What answers say about which version of a file they are of. */
interface Version {
  readonly etag: string | null;
  readonly modified: string | null;
}

/** What a response holds of the file: bytes `from` up to, not including, `to`, which is Infinity if it does not say. */
interface Served {
  readonly from: number;
  readonly to: number;
}

/**
 * A file at a URL, read by range requests. A connection that breaks off, or is silent for too long, is resumed behind the
 * last byte. A server that ignores ranges and sends the whole file is put up with: what was not asked for is skipped.
 *
 * Each answer must be of the version that the first was of, by ETag, or by Last-Modified where one of them has none,
 * and by its length; otherwise the file changed, which is a FormatError, never a mix of two. (The headers are compared
 * here: `If-Range` would make browsers ask other origins for leave, which file hosts do not give.) A server that sends
 * neither is trusted not to change the file.
 */
export class HttpFile implements ByteFile {
  readonly name: string;
  readonly #options: HttpOptions;
  readonly #url: string;
  #head: Uint8Array = new Uint8Array(0);
  #version: Version | undefined;
  #size: number | undefined;
  /** False once the server sent the whole file, or a range that was not asked for. */
  #ranges = true;
  /** False once an answer to a range request could not be used. */
  #mayAsk = true;

  private constructor(options: HttpOptions, url: string) {
    this.name = withoutQuery(url);
    this.#options = options;
    this.#url = url;
  }

  /**
   * Asks for the first bytes.
   *
   * @param head how many to keep
   * @returns undefined for 404 and 410
   * @throws {NetworkError}
   */
  static async open(
    options: HttpOptions,
    url: string,
    signal: AbortSignal | undefined,
    head = HEAD,
  ): Promise<HttpFile | undefined> {
    const file = new HttpFile(options, url);
    const bytes = new Uint8Array(head);
    let length = 0;
    try {
      for await (const chunk of file.read(0, head, signal)) {
        bytes.set(chunk, length);
        length += chunk.length;
      }
    } catch (error) {
      if (error instanceof NetworkError && (error.status === 404 || error.status === 410)) return undefined;
      throw error;
    }
    file.#head = bytes.subarray(0, length);
    return file;
  }

  get size(): number | undefined {
    return this.#size;
  }

  get reading(): Reading {
    return this.#ranges ? 'anywhere' : 'onwards';
  }

  /** The ETag, or else Last-Modified; empty where the server tells neither. */
  get tag(): string {
    return this.#version?.etag ?? this.#version?.modified ?? '';
  }

  async *read(from: number, to: number, signal?: AbortSignal): AsyncGenerator<Uint8Array, undefined> {
    let position = from;
    const kept = this.#head.subarray(from, Math.min(to, this.#head.length));
    if (kept.length > 0) yield kept;
    position += kept.length;
    const retries = new Retries(this.#options, this.#url, signal);
    while (position < Math.min(to, this.#size ?? Infinity)) {
      try {
        for await (const chunk of this.#attempt(position, to, signal)) {
          retries.progress();
          position += chunk.length;
          yield chunk;
        }
      } catch (error) {
        if (error instanceof FormatError || position < Math.min(to, this.#size ?? Infinity)) {
          await retries.after(error);
        }
      }
    }
    signal?.throwIfAborted();
    if (position > (this.#size ?? Infinity)) throw this.#changed();
  }

  #changed(): FormatError {
    return new FormatError(`${this.name}: changed while it was read`);
  }

  /** One request for bytes `from` to `to`. Throws where it ends before what the server promised. */
  async *#attempt(
    from: number,
    to: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, undefined> {
    const connection = new Connection(this.#options.timeoutMilliseconds, signal);
    let chunks: AsyncGenerator<Uint8Array, undefined> | undefined;
    try {
      const range = this.#mayAsk ? `bytes=${from}-${to === Infinity ? '' : to - 1}` : undefined;
      const response = await connection.alive(request(this.#options, this.#url, range, connection.signal));
      const served = this.#accept(response, from, to);
      if (!served) return undefined;
      chunks = chunksOf(response.body ?? new Blob().stream(), connection.signal);
      let position = served.from;
      for (;;) {
        const { done, value } = await connection.alive(chunks.next());
        if (done) break;
        const end = position + value.length;
        if (end > served.to) {
          throw new FormatError(
            `${this.name}: sends more than the ${served.to - served.from} bytes it announced`,
          );
        }
        if (end > from)
          yield value.subarray(Math.max(0, from - position), Math.max(0, Math.min(to, end) - position));
        position = end;
        if (position >= to && position < served.to) return undefined;
      }
      if (served.to === Infinity) this.#size = position;
      else if (position < served.to) throw new Error(`broke off after ${position} of ${served.to} bytes`);
    } finally {
      connection.close();
      void chunks?.return(undefined);
    }
  }

  /** What a response holds; undefined where the file ends at `from`. */
  #accept(response: Response, from: number, to: number): Served | undefined {
    if (response.status === 416) {
      const total = /^bytes \*\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '')?.[1];
      const size = total === undefined ? from : Number(total);
      if (size > from) throw new RefusedError(response);
      this.#agree(response, size);
      return undefined;
    }
    if (response.status === 200) {
      this.#ranges = false;
      const size = lengthOf(response);
      this.#agree(response, size);
      return { from: 0, to: this.#size ?? Infinity };
    }
    if (response.status !== 206) throw new RefusedError(response);
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get('Content-Range') ?? '');
    const [first, end] = range ? [Number(range[1]), Number(range[2]) + 1] : [];
    if (!range || first !== from || end! <= from || end! > to || isEncoded(response)) {
      this.#mayAsk = false;
      throw new Error(`answered bytes ${from} to ${to} with Content-Range ${range?.[0] ?? 'unknown'}`);
    }
    this.#agree(response, range[3] === '*' ? undefined : Number(range[3]));
    return { from, to: end! };
  }

  /** Holds an answer against the first one. */
  #agree(response: Response, size: number | undefined): void {
    const version = {
      etag: response.headers.get('ETag'),
      modified: response.headers.get('Last-Modified'),
    };
    const known = this.#version ?? version;
    const changed =
      known.etag !== null && version.etag !== null
        ? known.etag !== version.etag
        : known.modified !== null && version.modified !== null && known.modified !== version.modified;
    if (changed) throw this.#changed();
    if (size !== undefined && this.#size !== undefined && size !== this.#size) {
      throw new FormatError(`${this.name}: has ${size} bytes, first it had ${this.#size}`);
    }
    this.#version = known;
    this.#size ??= size;
  }
}

/** Bytes of a whole file, as far as the answer says. */
function lengthOf(response: Response): number | undefined {
  const length = response.headers.get('Content-Length');
  return length !== null && /^\d+$/.test(length) && !isEncoded(response) ? Number(length) : undefined;
}

/** Whether the body is compressed, so that lengths are not the file's. */
function isEncoded(response: Response): boolean {
  const encoding = response.headers.get('Content-Encoding');
  return encoding !== null && encoding !== 'identity';
}
