/** Where a command's words come from: its arguments, or standard input. */
import { fstatSync, type Stats } from 'node:fs';
import { splitWords } from '../pronounce.ts';
import { Failure, fileFailure, UsageError } from './failure.ts';
import { type WordBatch, wordBatches } from './words.ts';

/** The words of the arguments, each of which may be a sentence. @throws UsageError when there are none */
export function* argumentBatches(given: readonly string[], most: number): Generator<WordBatch> {
  const words = given.flatMap((each) => splitWords(each));
  if (words.length === 0) throw new UsageError('the arguments hold no words');
  for (let start = 0; start < words.length; start += most) {
    yield { words: words.slice(start, start + most), bytes: 0 };
  }
}

/** The words of standard input as they arrive. @throws Failure, FormatError */
export function standardInputBatches(most: number): AsyncGenerator<WordBatch> {
  return wordBatches(standardInput(), most);
}

/** Bytes of standard input where it is a file. */
export function sizeOfStandardInput(): number | undefined {
  const stats = standardInputStats();
  return stats?.isFile() ? stats.size : undefined;
}

function standardInputStats(): Stats | undefined {
  try {
    return fstatSync(process.stdin.fd);
  } catch {
    return undefined;
  }
}

async function* standardInput(): AsyncGenerator<Uint8Array> {
  // Node would read a folder as an empty list.
  if (standardInputStats()?.isDirectory()) throw new Failure('cannot read standard input: is a folder');
  try {
    for await (const chunk of process.stdin) yield chunk as Buffer;
  } catch (error) {
    throw fileFailure('read standard input', error);
  }
}
