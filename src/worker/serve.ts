/** The worker's end: takes calls, and answers them. */
import { UnsupportedError } from '../errors.ts';
import { type Channel, type MessageTarget, openChannel } from './channel.ts';
import { toSent } from './errors.ts';
import { type Answer, isOurs, PROTOCOL, type Request } from './protocol.ts';
import { type Call, Service } from './service.ts';
import { buffersOf } from './transfer.ts';

/**
 * Does in this worker what `heed/worker` asks for. A worker of your own needs no more than
 * `import { serve } from 'heed/worker/serve'; serve();` and may have other messages beside.
 * @param port the end that the page has the other of: the worker's own by default; in a shared worker each connection's
 * @throws UnsupportedError where this is no worker, and no port is given
 */
export function serve(port?: MessageTarget): void {
  new Server(port ?? ownPort(), port !== undefined);
}

type AnyMethod = (call: Call, ...args: readonly unknown[]) => unknown;

class Server {
  #service = new Service();
  readonly #running = new Map<number, AbortController>();
  readonly #channel: Channel;
  readonly #closes: boolean;

  /** @param closes whether the port is closed when the page leaves: a worker's own serves whoever comes next */
  constructor(port: MessageTarget, closes: boolean) {
    this.#channel = openChannel(port, {
      message: (data) => {
        if (isOurs<Request>(data)) this.#take(data);
      },
      ended: () => this.#leave(),
    });
    this.#closes = closes;
  }

  #take(request: Request): void {
    if ('call' in request) void this.#answer(request);
    else if ('forget' in request) {
      this.#running.get(request.forget)?.abort();
      this.#service.release(request.forget);
    } else this.#leave();
  }

  async #answer({ heed, call, method, args }: Extract<Request, { call: number }>): Promise<void> {
    // Whoever comes next has another.
    const service = this.#service;
    const controller = new AbortController();
    this.#running.set(call, controller);
    const { signal } = controller;
    const tell = (part: unknown): void => {
      if (!signal.aborted) this.#send({ heed: PROTOCOL, call, part }, part);
    };
    try {
      if (heed !== PROTOCOL) throw new UnsupportedError(otherRelease(heed));
      const run = service[method as keyof Service] as AnyMethod;
      const value = await run.call(service, { number: call, signal, tell }, ...args);
      if (!signal.aborted) this.#send({ heed: PROTOCOL, call, value }, value);
    } catch (error) {
      if (!signal.aborted) this.#send({ heed: PROTOCOL, call, error: toSent(error) });
    } finally {
      if (this.#running.get(call) === controller) this.#running.delete(call);
      // It was opened for somebody who had left.
      if (signal.aborted) service.release(call);
    }
  }

  #send(answer: Answer, content?: unknown): void {
    this.#channel.send(answer, buffersOf(content));
  }

  /** Frees everything: nobody is there any more. */
  #leave(): void {
    for (const controller of this.#running.values()) controller.abort();
    this.#service.dispose();
    this.#service = new Service();
    if (this.#closes) this.#channel.close();
  }
}

function otherRelease(heed: number): string {
  return `worker: its script speaks protocol ${PROTOCOL}, the page ${heed}: they are of two releases of heed; load both anew`;
}

interface Host extends MessageTarget {
  readonly process?: {
    getBuiltinModule?: (name: string) => { parentPort: MessageTarget | null } | undefined;
  };
  readonly document?: unknown;
}

function ownPort(): MessageTarget {
  const host = globalThis as unknown as Host;
  const port = host.process?.getBuiltinModule?.('node:worker_threads')?.parentPort ?? undefined;
  if (port) return port;
  if (typeof host.postMessage === 'function' && host.document === undefined) return host;
  throw new UnsupportedError('serve: this is no worker; give the port that the page has the other end of');
}
