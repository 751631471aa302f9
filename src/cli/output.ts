/** Where a command writes: standard output, or a file that is there only once it is whole. */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFile,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { Failure, fileFailure, ReaderGone } from './failure.ts';

export interface Output {
  /** Waits until the text is handed on. @throws ReaderGone, Failure */
  write(text: string): Promise<void>;
  /** Ends the output; a file takes its place. @throws Failure */
  commit(): Promise<void>;
  /** Drops what was not committed, at once: for failures and signals. */
  discard(): void;
}

/** Standard output, at the pace of its reader. */
export function standardOutput(stream: Writable): Output {
  // The callback of each write reports its failure; without a listener the event would end the process.
  stream.on('error', () => {});
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => {
          if (!error) resolve();
          else if (['EPIPE', 'EOF'].includes((error as NodeJS.ErrnoException).code ?? ''))
            reject(new ReaderGone());
          else reject(fileFailure('write to standard output', error));
        });
      }),
    commit: async () => {},
    discard: () => {},
  };
}

/**
 * A file. It is written under another name beside its place and renamed when it is whole, so that a failure leaves the
 * old file as it was. What is not a regular file, such as a pipe or /dev/null, is written to directly. Opened without
 * awaiting, so that no signal comes between the new file and whoever removes it.
 * @throws Failure for a folder, and for what the file system refuses
 */
export function fileOutput(path: string): Output {
  const action = `write ${path}`;
  let target = path;
  let existing: Stats | undefined;
  try {
    existing = statSync(path);
    // Through a symbolic link, so that the link stays.
    target = realpathSync(path);
    // Renaming would replace a file that may not be written.
    accessSync(target, constants.W_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fileFailure(action, error);
  }
  if (existing?.isDirectory()) throw new Failure(`cannot ${action}: is a folder`);
  const direct = existing !== undefined && !existing.isFile();
  const written = direct ? target : join(dirname(target), `.${basename(target)}.${process.pid}.part`);

  let file: number;
  try {
    file = openSync(written, direct ? 'w' : 'wx');
  } catch (error) {
    throw fileFailure(action, error);
  }
  const append = promisify(writeFile) as (file: number, text: string) => Promise<void>;
  let open = true;
  let done = direct;
  const close = (): void => {
    if (open) closeSync(file);
    open = false;
  };
  return {
    async write(text) {
      try {
        await append(file, text);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EPIPE') throw new ReaderGone();
        throw fileFailure(action, error);
      }
    },
    async commit() {
      try {
        if (!direct) fsyncSync(file);
        close();
        if (done) return;
        if (existing) chmodSync(written, existing.mode & 0o777);
        renameSync(written, target);
        done = true;
      } catch (error) {
        throw fileFailure(action, error);
      }
    },
    discard() {
      if (!done) rmSync(written, { force: true });
      done = true;
      close();
    },
  };
}
