/** Errors on their way from a worker: with their class, message, stack, cause and what else they say. */
import {
  ArgumentError,
  DisposedError,
  DivergenceError,
  DTypeError,
  FormatError,
  NetworkError,
  OutOfMemoryError,
  ShapeError,
  UnsupportedError,
  WorkerError,
} from '../errors.ts';

/** An error as it is sent; or what was thrown instead of one. */
export type SentError =
  | { readonly thrown: unknown }
  | {
      readonly name: string;
      readonly message: string;
      readonly stack?: string;
      readonly cause?: SentError;
      /** What it has beside: `problems`, `url`, `status`, Node's `code`. */
      readonly fields: Readonly<Record<string, unknown>>;
      /** Whether it is the platform's own kind: an AbortError, a TimeoutError. */
      readonly isDOMException: boolean;
    };

/** Those made from a message alone, the platform's among them. */
const plain = {
  ...{ ArgumentError, DisposedError, DivergenceError, DTypeError, OutOfMemoryError },
  ...{ ShapeError, UnsupportedError, WorkerError },
  ...{ EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError },
} as const;

export function toSent(error: unknown): SentError {
  if (!(error instanceof Error)) return { thrown: sendable(error) ? error : String(error) };
  const { name, message, stack, cause } = error;
  const isDOMException = typeof DOMException === 'function' && error instanceof DOMException;
  const fields = Object.fromEntries(
    Object.entries(error).filter(([key, value]) => key !== 'name' && key !== 'cause' && sendable(value)),
  );
  return {
    name,
    message,
    stack,
    ...(cause !== undefined && { cause: toSent(cause) }),
    fields,
    isDOMException,
  };
}

/** Text, numbers and the like, and lists of them. */
function sendable(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(sendable);
  return value === null || !['object', 'function', 'symbol'].includes(typeof value);
}

export function fromSent(sent: SentError): unknown {
  if ('thrown' in sent) return sent.thrown;
  const error = made(sent);
  // Where it arose says more than where it was received.
  if (sent.stack !== undefined) {
    Object.defineProperty(error, 'stack', { value: sent.stack, configurable: true, writable: true });
  }
  return error;
}

function made(sent: Exclude<SentError, { thrown: unknown }>): Error {
  const { name, message, fields } = sent;
  const cause = sent.cause && fromSent(sent.cause);
  if (sent.isDOMException) return new DOMException(message, name);
  if (name === 'FormatError') return new FormatError(fields.problems as readonly string[]);
  if (name === 'NetworkError') {
    return new NetworkError(message, { ...(fields as { url: string; attempts: number }), cause });
  }
  const options = cause === undefined ? undefined : { cause };
  const Known = Object.hasOwn(plain, name) ? plain[name as keyof typeof plain] : undefined;
  const error = Known ? new Known(message, options) : new Error(message, options);
  if (!Known && name !== 'Error') Object.defineProperty(error, 'name', { value: name, configurable: true });
  return Object.assign(error, fields);
}
