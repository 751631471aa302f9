export interface HttpOptions {
  /** Must heed `signal`, as the platform's does. */
  readonly fetch: typeof fetch;
  /** Sent to `origin` as a bearer token, never to another. */
  readonly token: string | undefined;
  /** Whom the token is for: scheme, host and port. */
  readonly origin: string;
  /** How many requests may fail in a row, with no byte between them, before that is an error. */
  readonly retries: number;
  /** The first pause before trying again; each further one is twice as long. */
  readonly retryDelayMilliseconds: number;
  /** How long a connection may be silent. */
  readonly timeoutMilliseconds: number;
}

const MOST_REDIRECTS = 20;

/**
 * Asks for a file, or for a range of it.
 *
 * With a token, redirects are followed here: engines differ in whether they hand it on to another host. Browsers do not
 * let a page follow redirects, but keep the token from other origins themselves.
 *
 * @param range of a Range header
 * @throws TypeError, or what else `fetch` throws
 */
export async function request(
  options: HttpOptions,
  url: string,
  range: string | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const { fetch, token, origin } = options;
  // Ranges count bytes of what is sent: it must be the file itself. Browsers see to that on their own.
  const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
  if (range !== undefined) headers.Range = range;
  if (token === undefined) return fetch(url, { headers, signal });

  let target = new URL(url);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const { Authorization: _, ...withoutToken } = headers;
    const sent = target.origin === origin ? { ...headers, Authorization: `Bearer ${token}` } : withoutToken;
    const response = await fetch(target.href, { headers: sent, signal, redirect: 'manual' });
    if (response.type === 'opaqueredirect') return fetch(target.href, { headers: sent, signal });
    const location = response.headers.get('Location');
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    target = new URL(location, target);
  }
  throw new TypeError(`more than ${MOST_REDIRECTS} redirects`);
}

/** One request's life: it ends when the caller aborts, when it was silent for too long, or when it is closed. */
export class Connection {
  readonly #controller = new AbortController();
  readonly #timeout: number;
  readonly #callers: AbortSignal | undefined;
  readonly #abort = (): void => this.#controller.abort(this.#callers?.reason);

  constructor(timeoutMilliseconds: number, callers: AbortSignal | undefined) {
    callers?.throwIfAborted();
    this.#timeout = timeoutMilliseconds;
    this.#callers = callers;
    callers?.addEventListener('abort', this.#abort, { once: true });
  }

  /** For everything that belongs to the request. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits for the next sign of life; time that passes between two calls is the caller's own. */
  async alive<T>(sign: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#controller.abort(new Error(`no byte for ${this.#timeout} ms`));
    }, this.#timeout);
    try {
      return await sign;
    } catch (error) {
      // Engines wrap the reason, or replace it.
      this.signal.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the socket if the answer has not been read to its end. */
  close(): void {
    this.#callers?.removeEventListener('abort', this.#abort);
    this.#controller.abort();
  }
}
