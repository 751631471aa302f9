/** A worker or one end of a message channel, of browsers and of Node, as one. */
import { ArgumentError } from '../errors.ts';

/** A `Worker` or a `MessagePort`, of browsers, Deno and Bun, or of Node's `worker_threads`. */
export interface MessageTarget {
  // Takes what each of them takes, whose types for it differ.
  postMessage(message: unknown, transfer: never[]): void;
}

/** What may come through a channel. */
export interface ChannelListener {
  message(data: unknown): void;
  /** Nothing will come any more. */
  ended(why: string, cause?: unknown): void;
}

/** A channel that is listened to. */
export interface Channel {
  /** @throws DataCloneError for what cannot be sent */
  send(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Whether what may come keeps the process from ending, where there is one. */
  keepAlive(needed: boolean): void;
  /** Stops listening, and closes a port. */
  close(): void;
}

type Listener = (event: never) => void;

/** What the kinds of targets have, more or less of it. */
interface AnyTarget extends MessageTarget {
  addEventListener?(type: string, listener: Listener): void;
  removeEventListener?(type: string, listener: Listener): void;
  on?(type: string, listener: Listener): void;
  off?(type: string, listener: Listener): void;
  start?(): void;
  close?(): void;
  ref?(): void;
  unref?(): void;
}

/** @throws ArgumentError for what is neither a worker nor a port */
export function openChannel(target: MessageTarget, listener: ChannelListener): Channel {
  const any = target as AnyTarget;
  if (typeof any?.postMessage !== 'function' || !(any.on ?? any.addEventListener)) {
    throw new ArgumentError(`worker: must be a Worker or a MessagePort, got ${String(target)}`);
  }
  const listeners = any.on ? listenersOfNode(listener) : listenersOfBrowsers(listener);
  for (const [type, listen] of Object.entries(listeners)) {
    if (any.on) any.on(type, listen);
    else any.addEventListener!(type, listen);
  }
  any.start?.();
  return {
    send: (message, transfer = []) => any.postMessage(message, transfer as never[]),
    keepAlive: (needed) => (needed ? any.ref?.() : any.unref?.()),
    close: () => {
      for (const [type, listen] of Object.entries(listeners)) {
        if (any.off) any.off(type, listen);
        else any.removeEventListener?.(type, listen);
      }
      // Of a port; a worker has none, and its own global scope's would end the worker.
      if (any.start) any.close?.();
    },
  };
}

function listenersOfNode({ message, ended }: ChannelListener): Record<string, Listener> {
  return {
    message,
    messageerror: (error: unknown) => ended('a message could not be read', error),
    error: (error: unknown) => ended(String((error as Error)?.message ?? error), error),
    exit: (code: number) => ended(`it ended with exit code ${code}`),
    close: () => ended('the port was closed'),
  };
}

function listenersOfBrowsers({ message, ended }: ChannelListener): Record<string, Listener> {
  return {
    message: (event: MessageEvent) => message(event.data),
    messageerror: () => ended('a message could not be read'),
    // A script that cannot be had tells nothing more.
    error: (event: Partial<ErrorEvent>) =>
      ended(event.message || 'its script could not be loaded', event.error),
    close: () => ended('the port was closed'),
  };
}
