import { expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { entry, fileOf } from './safetensorsBytes.ts';

const FILES = 100_000;
const SIZES = new Map([
  ...['BOOL', 'U8', 'I8', 'F8_E5M2', 'F8_E4M3'].map((dtype): [string, bigint] => [dtype, 1n]),
  ...['I16', 'U16', 'F16', 'BF16'].map((dtype): [string, bigint] => [dtype, 2n]),
  ...['I32', 'U32', 'F32'].map((dtype): [string, bigint] => [dtype, 4n]),
  ...['F64', 'I64', 'U64'].map((dtype): [string, bigint] => [dtype, 8n]),
]);
const DTYPES = [...SIZES.keys()];

type Random = ReturnType<typeof seededRandom>;

interface Parts {
  header: string;
  data: Uint8Array;
}

function validParts(random: Random): Parts {
  const names = ['weight', 'bias', 'a', 'b.c', 'é', '😀', '__proto__', 'x"y', 'lstm.weight_ih_l0'];
  const entries: string[] = [];
  let end = 0;
  let emptyAt = -1;
  for (const name of names.slice(random.integer(0, 4), random.integer(5, names.length))) {
    const dtype = DTYPES[random.integer(0, DTYPES.length - 1)]!;
    const smallest = emptyAt === end ? 1 : 0;
    const shape = Array.from({ length: random.integer(0, 3) }, () => random.integer(smallest, 4));
    const length = shape.reduce((product, axis) => product * axis, Number(SIZES.get(dtype)));
    if (length === 0) emptyAt = end;
    entries.push(entry(name, dtype, shape, end, end + length));
    end += length;
  }
  if (random.uniform() < 0.5) entries.unshift('"__metadata__":{"format":"pt","step":"1200"}');
  if (random.uniform() < 0.5) entries.reverse();
  const header = `{${entries.join(random.uniform() < 0.5 ? ',' : ', ')}}`;
  const data = Uint8Array.from({ length: end }, () => random.integer(0, 255));
  return { header: header + ' '.repeat(random.integer(0, 7)), data };
}

function matches(text: string, pattern: RegExp): RegExpExecArray[] {
  return [...text.matchAll(pattern)];
}

/** Edits that keep the header's length right, so that the reader comes as far as the edit itself. */
const edits: ((parts: Parts, random: Random) => void)[] = [
  function replaceNumber(parts, random) {
    const numbers = matches(parts.header, /\d+/g);
    const found = numbers[random.integer(0, numbers.length - 1)]!;
    const n = Number(found[0]);
    const other = numbers[random.integer(0, numbers.length - 1)]![0];
    const near = [n + 1, n - 1, 2 * n, -n, n + 0.5, `${n}e0`, `0${n}`, 0, 1, other, other, other];
    const far = [
      2 ** 31,
      2 ** 32 + n,
      2 ** 53 - 1,
      2 ** 53,
      '18446744073709551615',
      '1e999',
      'null',
      '[]',
      '"0"',
    ];
    const choices = random.uniform() < 0.7 ? near : far;
    const replacement = choices[random.integer(0, choices.length - 1)];
    parts.header = `${parts.header.slice(0, found.index)}${replacement}${parts.header.slice(found.index + found[0].length)}`;
  },
  function swapEntries(parts, random) {
    // The same tensors in another order of the header: stays valid unless entries are cut apart.
    const entries = parts.header
      .trimEnd()
      .slice(1, -1)
      .split(/,\s*(?="[^"]*":\{)/);
    entries.push(...entries.splice(random.integer(0, entries.length - 1), 1));
    parts.header = `{${entries.join(',')}}`;
  },
  function duplicateSlice(parts, random) {
    const from = random.integer(0, parts.header.length);
    const slice = parts.header.slice(from, from + random.integer(1, 60));
    const at = random.integer(0, parts.header.length);
    parts.header = parts.header.slice(0, at) + slice + parts.header.slice(at);
  },
  function duplicateEntry(parts, random) {
    const entries = matches(parts.header, /"(?:[^"\\]|\\.)*":\{[^{}]*\}/g);
    if (entries.length === 0) return;
    const found = entries[random.integer(0, entries.length - 1)]![0];
    const copy = random.uniform() < 0.5 ? found : found.replace('"', '"2');
    parts.header = parts.header.replace('{', () => `{${copy},`);
  },
  function removeSlice(parts, random) {
    const from = random.integer(0, parts.header.length);
    parts.header = parts.header.slice(0, from) + parts.header.slice(from + random.integer(1, 20));
  },
  function replaceDType(parts, random) {
    const dtypes = matches(parts.header, /"dtype":"([^"]*)"/g);
    if (dtypes.length === 0) return;
    const found = dtypes[random.integer(0, dtypes.length - 1)]!;
    const choices = [...DTYPES, 'F4', 'toString', ''];
    const at = found.index + '"dtype":"'.length;
    parts.header =
      parts.header.slice(0, at) +
      choices[random.integer(0, choices.length - 1)] +
      parts.header.slice(at + found[1]!.length);
  },
  function escapeLetter(parts, random) {
    const letters = matches(parts.header, /[a-z_](?=[^"]*")/g);
    if (letters.length === 0) return;
    const { index, 0: letter } = letters[random.integer(0, letters.length - 1)]!;
    const code = letter.charCodeAt(0).toString(16).padStart(4, '0');
    parts.header = `${parts.header.slice(0, index)}\\u${code}${parts.header.slice(index + 1)}`;
  },
  function insertCharacter(parts, random) {
    const choices = [
      ' ',
      ' ',
      '\n',
      '\t',
      '"',
      '\\',
      ',',
      ':',
      '{',
      '}',
      '[',
      ']',
      '\0',
      '0',
      '-',
      '\ufeff',
      '[[',
    ];
    const at = random.integer(0, parts.header.length);
    parts.header =
      parts.header.slice(0, at) + choices[random.integer(0, choices.length - 1)] + parts.header.slice(at);
  },
  function resizeData(parts, random) {
    const length = Math.max(0, parts.data.length + random.integer(-3, 3));
    const data = new Uint8Array(length);
    data.set(parts.data.subarray(0, length));
    parts.data = data;
  },
];

/** Edits on the bytes of the file, the header's length included. */
const byteEdits: ((file: Uint8Array, random: Random) => Uint8Array)[] = [
  function flipBit(file, random) {
    file[random.integer(0, file.length - 1)]! ^= 1 << random.integer(0, 7);
    return file;
  },
  function flipBitOfLength(file, random) {
    file[random.integer(0, 7)]! ^= 1 << random.integer(0, 7);
    return file;
  },
  function truncate(file, random) {
    return file.slice(0, random.integer(0, file.length - 1));
  },
  function copyBytes(file, random) {
    const from = random.integer(0, file.length - 1);
    return file.copyWithin(random.integer(0, file.length - 1), from, from + random.integer(1, 16));
  },
];

/** The format's rules once more, by other means: JSON.parse, BigInt, and a count of the owners of every byte. */
function isValid(file: Uint8Array): boolean {
  if (file.length < 8) return false;
  const length = new DataView(file.buffer).getBigUint64(0, true);
  if (length > BigInt(file.length - 8)) return false;
  const headerEnd = 8 + Number(length);
  const headerBytes = Buffer.from(file.subarray(8, headerEnd));
  const text = headerBytes.toString('utf8');
  if (Buffer.compare(Buffer.from(text), headerBytes) !== 0 || text[0] !== '{') return false;
  let header: Record<string, Record<string, unknown>>;
  try {
    header = JSON.parse(text);
  } catch {
    return false;
  }
  const keysWritten = matches(text, /"(?:[^"\\]|\\.)*"(\s*:)?/g).filter((string) => string[1]).length;
  if (keysWritten !== keyCount(header)) return false;
  const owners = new Uint8Array(file.length - headerEnd);
  const empties: bigint[] = [];
  const ranges: [bigint, bigint][] = [];
  const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  for (const [name, fields] of Object.entries(header)) {
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return false;
    if (name === '__metadata__') {
      if (Object.values(fields).some((value) => typeof value !== 'string')) return false;
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = fields;
    if (Object.keys(fields).sort().join() !== 'data_offsets,dtype,shape') return false;
    const size = SIZES.get(dtype as string);
    if (size === undefined || !Array.isArray(shape) || !shape.every(isSize)) return false;
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) return false;
    const [begin, end] = offsets.map(BigInt) as [bigint, bigint];
    const bytes = shape.reduce((product: bigint, axis: number) => product * BigInt(axis), size);
    if (end - begin !== bytes || end > BigInt(owners.length)) return false;
    const unpadded = shape.reduce((product: bigint, axis: number) => product * BigInt(axis || 1), size);
    if (unpadded > BigInt(Number.MAX_SAFE_INTEGER)) return false;
    ranges.push([begin, end]);
    if (begin === end) empties.push(begin);
    for (let i = Number(begin); i < Number(end); i++) owners[i]!++;
  }
  if (owners.some((count) => count !== 1)) return false;
  if (new Set(empties).size !== empties.length) return false;
  return empties.every((at) => ranges.every(([begin, end]) => at <= begin || at >= end));
}

/** Keys at all depths. Duplicates are one key to JSON.parse, so that fewer are counted than were written. */
function keyCount(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((count, inner) => count + keyCount(inner), own);
}

/** What JSON.parse does not tell, and what therefore only the reader sees: 1.0 for 1, for example. */
const ONLY_THE_READER = /expected an integer|only spaces|surrogate/;

const CLASSES: [name: string, message: RegExp][] = [
  ['length of the header', /header: (its length|expected at least)/],
  ['first character', /as the first character/],
  ['UTF-8', /UTF-8/],
  ['syntax', /at character/],
  ['duplicate key', /duplicate key/],
  ['fields', /is missing|unknown field|expected an object/],
  ['dtype', /dtype is/],
  ['shape', /shape(\[\d+\] is| expected)/],
  ['data_offsets', /data_offsets(\[\d\] is| expected|.*(beyond|before they begin))/],
  ['size', /takes/],
  ['overlap', /overlap/],
  ['hole', /belong to no tensor/],
  ['metadata', /__metadata__: expected/],
  ['empty tensors', /shares the offset/],
];

it(`${FILES} damaged files give a FormatError or tensors that are all in range`, { timeout: 60_000 }, () => {
  const seed = testSeed();
  const random = seededRandom(seed);
  const seeds = Array.from({ length: 200 }, () => validParts(random));
  for (const { header, data } of seeds) readSafetensors(fileOf(header, data));
  const rejected = new Map(CLASSES.map(([name]) => [name, 0]));
  let accepted = 0;
  let acceptedAfterEdits = 0;
  let slowest = 0;
  const start = performance.now();

  for (let i = 0; i < FILES; i++) {
    const parts = { ...seeds[random.integer(0, seeds.length - 1)]! };
    const original = parts.header;
    const onBytes = random.uniform() < 0.25;
    if (!onBytes || random.uniform() < 0.2) {
      for (let count = random.integer(1, 2); count > 0; count--) {
        if (parts.header.length > 0 && /\d/.test(parts.header))
          edits[random.integer(0, edits.length - 1)]!(parts, random);
      }
    }
    let file = fileOf(parts.header, parts.data);
    if (onBytes) file = byteEdits[random.integer(0, byteEdits.length - 1)]!(file, random);
    const fault = (what: string): never => {
      throw new Error(
        `${what}: seed ${seed}, file ${i}: ${JSON.stringify(Buffer.from(file).toString('latin1'))}`,
      );
    };

    const before = performance.now();
    let source: ReturnType<typeof readSafetensors> | undefined;
    try {
      source = readSafetensors(file);
    } catch (error) {
      if (!(error instanceof FormatError)) fault(`${error}`);
      const { message } = error as FormatError;
      for (const [name, pattern] of CLASSES)
        if (pattern.test(message)) rejected.set(name, rejected.get(name)! + 1);
      if (!CLASSES.some(([, pattern]) => pattern.test(message))) fault(`no class for ${message}`);
      if (isValid(file) && !ONLY_THE_READER.test(message)) fault(`rejected a valid file: ${message}`);
    }
    slowest = Math.max(slowest, performance.now() - before);
    if (source === undefined) continue;

    accepted++;
    if (parts.header !== original) acceptedAfterEdits++;
    if (!isValid(file)) fault('accepted an invalid file');
    const dataStart = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
    for (const name of source.names()) {
      const tensor = source.get(name)!;
      const { byteOffset, byteLength, buffer } = tensor.bytes;
      const inRange = byteOffset >= dataStart && byteOffset + byteLength <= file.length;
      if (buffer !== file.buffer || !inRange) fault(`tensor ${name} is out of range`);
    }
    if (i % 8 === 0) {
      const again = readSafetensors(
        writeSafetensors(source.names().map((name) => [name, source.get(name)!] as const)),
      );
      for (const name of source.names()) {
        if (Buffer.compare(again.get(name)!.bytes, source.get(name)!.bytes) !== 0)
          fault(`${name} was changed`);
      }
    }
  }

  const seconds = (performance.now() - start) / 1000;
  console.log(
    `seed ${seed}: ${FILES} files in ${seconds.toFixed(1)} s, the slowest ${slowest.toFixed(1)} ms; ${accepted} accepted ` +
      `(${acceptedAfterEdits} with another header), rejected for ${JSON.stringify(Object.fromEntries(rejected))}`,
  );
  expect(accepted).toBeGreaterThan(FILES / 20);
  expect(acceptedAfterEdits).toBeGreaterThan(FILES / 50);
  for (const [name, count] of rejected) expect(count, name).toBeGreaterThan(20);
});
