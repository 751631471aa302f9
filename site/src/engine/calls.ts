/** Calls of the engine across the border between page and worker. */
import type { Engine } from './engine.ts';

export type CallName = 'configure' | 'pronounce' | 'score' | 'inspect';
type Argument<Name extends CallName> = Parameters<Engine[Name]>[0];
type Result<Name extends CallName> = Awaited<ReturnType<Engine[Name]>>;

export interface Call {
  readonly id: number;
  readonly name: CallName;
  readonly argument: unknown;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } };

/** What the engine threw: its name and its text. */
export class EngineError extends Error {
  constructor({ name, message }: { name: string; message: string }) {
    super(message);
    this.name = name;
  }
}

/** What is needed of a `Worker`. */
export interface Port {
  postMessage(message: Call): void;
  addEventListener(type: 'message', listener: (event: { data: Answer }) => void): void;
  addEventListener(type: 'error', listener: (event: { message?: string }) => void): void;
}

/** The engine as the page sees it. */
export class RemoteEngine {
  readonly #port: Port;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #calls = 0;

  constructor(port: Port) {
    this.#port = port;
    port.addEventListener('message', ({ data }) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ('error' in data) waiting?.reject(new EngineError(data.error));
      else waiting?.resolve(data.value as never);
    });
    port.addEventListener('error', ({ message }) => {
      const error = new EngineError({ name: 'Error', message: message ?? 'the worker could not be started' });
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  /** @throws EngineError */
  call<Name extends CallName>(name: Name, argument: Argument<Name>): Promise<Result<Name>> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ id, name, argument });
    });
  }
}

/** Carries out a call. It never throws: what the engine throws is an answer. */
export async function answer(engine: Engine, { id, name, argument }: Call): Promise<Answer> {
  try {
    return { id, value: await engine[name](argument as never) };
  } catch (error) {
    const { name: kind, message } = error as Error;
    return { id, error: { name: kind, message } };
  }
}
