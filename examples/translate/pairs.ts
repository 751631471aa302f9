/** Pairs of a text and its translation, from a file with tabs: the format of Tatoeba's and manythings.org's lists. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { FormatError } from 'heed';
import { normalise } from './vocabulary.ts';

/** A text and its translation, both in the form of `normalise`. */
export interface Pair {
  readonly source: string;
  readonly target: string;
}

/** The longest line that is taken, in characters. */
export const LONGEST_LINE = 10_000;
/** The largest file that is taken, unpacked, in bytes. */
export const LARGEST_FILE = 500_000_000;

/** @throws FormatError for a file that cannot be read, or is no list of pairs */
export function readPairs(path: string): Pair[] {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new FormatError(`cannot read ${path}: ${reasonOf(error)}`);
  }
  return parsePairs(bytes, path);
}

/**
 * The pairs of a file: one a line, the text, a tab and its translation; further columns, such as an attribution, are
 * passed over. UTF-8, with or without a byte-order mark, lines ending in LF or CR LF; may be packed with gzip. Empty
 * lines are passed over, and so are pairs that are the same as one before.
 * @param name of the file, for messages
 * @throws FormatError, in one line, for what is not such a file
 */
export function parsePairs(bytes: Uint8Array, name: string): Pair[] {
  const lines = textOf(unpacked(bytes, name), name).split(/\r?\n/);
  const pairs = new Map<string, Pair>();
  const problems: string[] = [];
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const problem = problemOf(line);
    if (problem) {
      problems.push(`line ${index + 1} ${problem}`);
      return;
    }
    const [source = '', target = ''] = line.split('\t').map(normalise);
    pairs.set(`${source}\t${target}`, { source, target });
  });
  if (problems.length > 0) {
    const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more such lines)`;
    throw new FormatError(`${name}: ${problems[0]}, expected a text, a tab and its translation${more}`);
  }
  if (pairs.size === 0)
    throw new FormatError(`${name}: holds no pairs, expected lines of a text, a tab and its translation`);
  return [...pairs.values()];
}

function problemOf(line: string): string | undefined {
  if (line.length > LONGEST_LINE) return `has ${line.length} characters, at most ${LONGEST_LINE} are taken`;
  const [source, target] = line.split('\t', 2).map(normalise);
  if (target === undefined) return 'has no tab';
  if (source === '' || target === '') return `has an empty ${source === '' ? 'text' : 'translation'}`;
  return undefined;
}

function unpacked(bytes: Uint8Array, name: string): Uint8Array {
  if (!(bytes[0] === 0x1f && bytes[1] === 0x8b)) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: LARGEST_FILE });
  } catch (error) {
    throw new FormatError(`${name}: cannot be unpacked: ${(error as Error).message}`);
  }
}

function textOf(bytes: Uint8Array, name: string): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new FormatError(`${name}: is UTF-16, expected UTF-8`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(`${name}: is not UTF-8, which is expected`);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'is a folder',
  EACCES: 'permission denied',
};

/** Why the file system refused, in words. */
export function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return reasons[code] ?? message;
}
