/** The page's end: calls, and who waits for them. */
import { ArgumentError, DisposedError, WorkerError } from '../errors.ts';
import { type Channel, type MessageTarget, openChannel } from './channel.ts';
import { fromSent } from './errors.ts';
import { type Answer, isOurs, PROTOCOL, type Request } from './protocol.ts';
import type { Call, Service } from './service.ts';

/** What the worker can be asked for. */
type Method = {
  [Name in keyof Service]: Service[Name] extends (call: Call, ...args: never[]) => unknown ? Name : never;
}[keyof Service];
type Arguments<Name extends Method> = Parameters<Service[Name]> extends [Call, ...infer Rest] ? Rest : never;
type Result<Name extends Method> = Awaited<ReturnType<Service[Name]>>;

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Hears what comes before the result. */
  readonly onPart?: (part: never) => void;
  /** Buffers that are handed over: here they are empty from then on. */
  readonly transfer?: readonly ArrayBuffer[];
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
  readonly onPart?: (part: never) => void;
  /** Stops listening to the signal. */
  readonly settle: () => void;
}

/** Calls into one worker. */
export class Connection {
  readonly #channel: Channel;
  readonly #end: (() => void) | undefined;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  /** Why there is no worker any more. */
  #ended: { readonly error: unknown } | undefined;

  /** @param end ends the worker; undefined where it is the user's own */
  constructor(target: MessageTarget, end?: () => void) {
    this.#end = end;
    this.#channel = openChannel(target, {
      message: (data) => {
        if (isOurs<Answer>(data)) this.#answered(data);
      },
      ended: (why, cause) => this.close(new WorkerError(`worker: ${why}`, { cause })),
    });
    this.#keepAlive(false);
  }

  /**
   * Asks the worker for something. An abort is an error at once; the worker stops where it next looks, and frees what
   * it has made by then.
   * @throws what the worker's side throws; the signal's reason; DisposedError after `dispose()`; WorkerError where the
   *   worker has ended; ArgumentError for arguments that cannot be sent
   */
  async call<Name extends Method>(
    method: Name,
    args: Arguments<Name>,
    options?: CallOptions,
  ): Promise<Result<Name>> {
    const { value } = await this.open(method, args, options);
    return value;
  }

  /** `call`, for what stays open in the worker until the call's number is forgotten. */
  async open<Name extends Method>(
    method: Name,
    args: Arguments<Name>,
    { signal, onPart, transfer }: CallOptions = {},
  ): Promise<{ readonly number: number; readonly value: Result<Name> }> {
    if (this.#ended) throw this.#ended.error;
    signal?.throwIfAborted();
    const number = ++this.#calls;
    const abort = (): void => this.#abandon(number, signal!.reason);
    const settle = (): void => signal?.removeEventListener('abort', abort);
    signal?.addEventListener('abort', abort);
    const answered = new Promise<Result<Name>>((resolve, reject) => {
      this.#pending.set(number, { resolve, reject, onPart, settle });
    });
    this.#keepAlive(true);
    try {
      this.#send({ heed: PROTOCOL, call: number, method, args }, transfer);
    } catch (cause) {
      const message = `${method}: an argument cannot be sent to a worker: ${(cause as Error).message}`;
      this.#take(number)!.reject(new ArgumentError(message, { cause }));
    }
    return { number, value: await answered };
  }

  /** Frees what a call has opened. */
  forget(call: number): void {
    if (!this.#ended) this.#send({ heed: PROTOCOL, forget: call });
  }

  /** Rejects what is under way with a DisposedError, and whatever is called from then on. */
  dispose(): void {
    if (this.#ended) return;
    this.#send({ heed: PROTOCOL, leave: true });
    this.close(new DisposedError('worker: has been disposed'));
  }

  /** Takes no part any more, and says nothing to the worker. @param error what calls are rejected with */
  close(error: unknown): void {
    if (this.#ended) return;
    this.#ended = { error };
    for (const call of [...this.#pending.keys()]) this.#take(call)!.reject(error);
    this.#channel.close();
    this.#end?.();
  }

  /** Whether the process waits for the worker: for one of heed's while it has something to do. */
  #keepAlive(needed: boolean): void {
    if (this.#end) this.#channel.keepAlive(needed);
  }

  #send(request: Request, transfer?: readonly ArrayBuffer[]): void {
    this.#channel.send(request, transfer);
  }

  #answered(answer: Answer): void {
    if ('part' in answer) {
      try {
        this.#pending.get(answer.call)?.onPart?.(answer.part as never);
      } catch (error) {
        this.#abandon(answer.call, error);
      }
      return;
    }
    const pending = this.#take(answer.call);
    if ('error' in answer) pending?.reject(fromSent(answer.error));
    else pending?.resolve(answer.value as never);
  }

  /** Ends a call that is still under way. */
  #abandon(call: number, reason: unknown): void {
    const pending = this.#take(call);
    if (!pending) return;
    this.forget(call);
    pending.reject(reason);
  }

  #take(call: number): Pending | undefined {
    const pending = this.#pending.get(call);
    pending?.settle();
    this.#pending.delete(call);
    if (this.#pending.size === 0) this.#keepAlive(false);
    return pending;
  }
}
