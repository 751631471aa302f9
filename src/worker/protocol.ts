/**
 * What a page and its worker say to each other. Calls have numbers, answers their call's: parts while it is under way
 * (progress, or results as they are ready), then a value or an error. What a call leaves open in the worker (a model, a
 * text being written) has the call's number too, so that one request, `forget`, ends a call that is under way and frees
 * what it opened, whichever of the two the worker has come to.
 *
 * This is written here because the libraries for it stop short of what is needed: with Comlink's calls nothing could be
 * cancelled or told on the way, a worker that died would leave them waiting for ever, and errors would lose their class.
 * Each of these would be code of ours; what it would have saved is the numbering of calls.
 */
import type { SentError } from './errors.ts';

/** Changes with what is sent: a page may meet a worker's script of another release, from a cache. */
export const PROTOCOL = 1;

/** From the page. */
export type Request = { readonly heed: number } & (
  | { readonly call: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly forget: number }
  | { readonly leave: true }
);

/** From the worker. */
export type Answer = { readonly heed: number; readonly call: number } & (
  | { readonly part: unknown }
  | { readonly value: unknown }
  | { readonly error: SentError }
);

/** Whether a message is one of these: a user's own worker may have others to send. */
export function isOurs<Message extends { readonly heed: number }>(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'heed' in message;
}
