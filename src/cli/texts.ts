/** Texts of a command: its arguments, or the lines of standard input as they come. */
import { createInterface } from 'node:readline';
import { fileFailure, UsageError } from './failure.ts';

/**
 * @param most texts together; lines that have not come yet are not waited for
 * @throws UsageError when there are none to come; Failure
 */
export async function* textBatches(given: readonly string[], most: number): AsyncGenerator<string[]> {
  if (given.length > 0) {
    for (let from = 0; from < given.length; from += most) yield given.slice(from, from + most);
    return;
  }
  if (process.stdin.isTTY) throw new UsageError('expected texts, as arguments or as lines on standard input');
  let lines: string[] = [];
  try {
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.trim() !== '') lines.push(line);
      if (lines.length < most) continue;
      yield lines;
      lines = [];
    }
  } catch (error) {
    throw fileFailure('read standard input', error);
  }
  if (lines.length > 0) yield lines;
}
