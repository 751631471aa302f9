/** What ends a command, in words for the one who typed it. */
import * as errors from '../errors.ts';

/** Exit codes: the shell's habits. */
export const exitCode = { success: 0, failure: 1, usage: 2 } as const;

/** A command line that cannot be carried out: exit code 2, with a hint to the help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command that failed for a reason outside the program, such as a missing file: exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** Whoever read the output has left, as `head` does: no failure. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
}

/** A file of weights can have a problem with every tensor. */
const MOST_LINES = 12;

/** Whether it is one of heed's typed errors, which mean the input and not a fault in the program. */
export function isTyped(error: unknown): error is Error {
  return Object.values(errors).some((type) => error instanceof type);
}

/** The message of an error without the name of the function that threw it; a folder `.` is not one. */
export function withoutOrigin(message: string): string {
  return message.replace(/^[a-z][\w.]*: /i, '');
}

/** The message of an error that can be expected; the stack of one that is a fault in heed. */
export function explain(error: unknown): string {
  if (error instanceof Failure) return shortened(error.message);
  if (isTyped(error)) return shortened(withoutOrigin(error.message));
  return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function shortened(message: string): string {
  const lines = message.split('\n');
  const more = lines.length - MOST_LINES;
  return more > 0 ? [...lines.slice(0, MOST_LINES), `... and ${more} more`].join('\n') : message;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'is a folder',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'too many symbolic links',
  ERR_FS_FILE_TOO_LARGE: 'larger than 2 GiB',
};

/** Wraps an error of the file system: `cannot read words.txt: permission denied`. Other errors pass unchanged. */
export function fileFailure(action: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException)?.code;
  if (typeof code !== 'string') return error;
  return new Failure(`cannot ${action}: ${reasons[code] ?? (error as Error).message}`);
}
