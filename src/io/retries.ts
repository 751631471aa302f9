import { ArgumentError, FormatError, NetworkError } from '../errors.ts';
import type { HttpOptions } from './httpClient.ts';

const LONGEST_PAUSE = 30_000;
/** However long a server asks to be left alone, in milliseconds. */
const LONGEST_RETRY_AFTER = 60_000;

/** An HTTP status that is no answer. */
export class RefusedError extends Error {
  readonly status: number;
  /** As the server sent it. */
  readonly retryAfter: string | null;
  constructor(response: Response) {
    super(`answered ${`${response.status} ${response.statusText}`.trim()}`);
    this.status = response.status;
    this.retryAfter = response.headers.get('Retry-After');
  }
}

/**
 * Decides after each failure whether to try again, and when: network failures, 408, 425, 429 and 5xx are tried again
 * after a pause that doubles each time, from which up to a half is taken by chance, so that many clients do not come
 * back together; at least as long as the server asked for, which counts up to a minute.
 */
export class Retries {
  readonly #options: HttpOptions;
  readonly #url: string;
  readonly #signal: AbortSignal | undefined;
  #failures = 0;

  constructor(options: HttpOptions, url: string, signal: AbortSignal | undefined) {
    this.#options = options;
    this.#url = url;
    this.#signal = signal;
  }

  /** A byte came: the connection works. */
  progress(): void {
    this.#failures = 0;
  }

  /**
   * Waits until it is time to try again.
   *
   * @throws {NetworkError} where that is of no use, or was done often enough
   * @throws `error` where it is not the network's; the signal's reason
   */
  async after(error: unknown): Promise<void> {
    this.#signal?.throwIfAborted();
    if (error instanceof FormatError || error instanceof ArgumentError) throw error;
    this.#failures++;
    const refused = error instanceof RefusedError ? error : undefined;
    const hopeless = refused !== undefined && !isPassing(refused.status);
    if (hopeless || this.#failures > this.#options.retries) throw this.#finally(error, refused?.status);
    const doubled = Math.min(LONGEST_PAUSE, this.#options.retryDelayMilliseconds * 2 ** (this.#failures - 1));
    const asked = Math.min(LONGEST_RETRY_AFTER, millisecondsOf(refused?.retryAfter ?? null));
    await pause(Math.max(asked, doubled * (1 - Math.random() / 2)), this.#signal);
  }

  #finally(error: unknown, status: number | undefined): NetworkError {
    const attempts = this.#failures;
    const hint =
      status === 401 || status === 403
        ? '; the files may need a token with access to them, or may not exist'
        : '';
    const times = attempts === 1 ? '' : `, ${attempts} times in a row`;
    return new NetworkError(`${withoutQuery(this.#url)}: ${reasonOf(error)}${times}${hint}`, {
      url: this.#url,
      status,
      attempts,
      cause: error,
    });
  }
}

/** Without what may be secret in a signed URL. */
export function withoutQuery(url: string): string {
  return url.replace(/[?#].*/, '');
}

/** `fetch failed` says nothing, its cause does. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const inner = cause instanceof Error ? (cause as Error & { code?: string }) : undefined;
  const detail = inner?.message || inner?.code;
  return detail ? `${message}: ${detail}` : String(message ?? error);
}

function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** Of a Retry-After header: seconds, or a date. */
function millisecondsOf(retryAfter: string | null): number {
  if (retryAfter === null) return 0;
  const milliseconds = /^\d+$/.test(retryAfter)
    ? 1000 * Number(retryAfter)
    : Date.parse(retryAfter) - Date.now();
  return milliseconds > 0 ? milliseconds : 0;
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
