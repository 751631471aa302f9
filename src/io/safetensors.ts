import { ArgumentError } from '../errors.ts';
import type { StoredDType, StoredTensor, WeightSource } from '../tensor/weights.ts';
import { entryLabel, type HeaderObject, type HeaderValue, METADATA, scanHeader } from './headerScanner.ts';
import { Problems, quoted } from './problems.ts';
import { bytesPerElement, isStoredDType, storedByteLength } from './storedDType.ts';

/** Bytes before the header: its length, little-endian. */
export const LENGTH_BYTES = 8;
/** Longest header, in bytes: the limit of the reference library. */
export const LONGEST_HEADER = 100_000_000;

const FIELDS = ['dtype', 'shape', 'data_offsets'];
const FIRST_BYTE = 0x7b;

/** One tensor's place in the data, in bytes from where the header ends. */
interface Place {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file that is already in memory. The tensors' `bytes` are views of `file`, which may start
 * at any alignment; nothing is copied but the header.
 *
 * The file is checked before any tensor is handed out: the length of the header (at most 100 MB), strict UTF-8 and
 * JSON with no duplicate keys and only spaces behind it, the fields of every entry, its shape against its dtype and
 * its offsets, and that the tensors cover the data from its first byte to its last, without overlap and hole.
 * Scalars (shape []) and empty tensors (an axis of length 0) are allowed. An empty tensor stands at a boundary of
 * others, at the start, or at the end, and no other empty tensor stands at the same offset. The reference library
 * is laxer in this one point: it writes empty tensors that are neighbours in its order at one offset.
 *
 * Takes time linear in the header, but for sorting the offsets.
 *
 * Source: https://github.com/huggingface/safetensors#format
 *
 * @throws {FormatError} listing every problem (the first twenty, and how many more), each by its tensor's name.
 * @throws {ArgumentError} if `file` is neither a Uint8Array nor an ArrayBuffer.
 */
export function readSafetensors(file: Uint8Array | ArrayBuffer): WeightSource {
  const bytes = file instanceof ArrayBuffer ? new Uint8Array(file) : file;
  if (!(bytes instanceof Uint8Array)) {
    throw new ArgumentError('readSafetensors: expected file to be a Uint8Array or an ArrayBuffer');
  }
  const problems = new Problems();
  const dataStart = LENGTH_BYTES + headerLength(bytes, problems);
  const header = scanHeader(headerText(bytes.subarray(LENGTH_BYTES, dataStart), problems), problems);

  const dataLength = bytes.length - dataStart;
  const tensors = new Map<string, StoredTensor>();
  const places: Place[] = [];
  let metadata: Readonly<Record<string, string>> = Object.freeze(Object.create(null));
  let everyPlaceKnown = true;
  for (const [name, value] of header) {
    if (name === METADATA) {
      metadata = readMetadata(value, problems);
      continue;
    }
    const entry = readEntry(name, value, dataLength, problems);
    if (entry === undefined) {
      everyPlaceKnown = false;
      continue;
    }
    const { dtype, shape, begin, end } = entry;
    places.push({ name, begin, end });
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset + dataStart + begin, end - begin);
    tensors.set(name, { dtype, shape, bytes: view });
  }
  checkLayout(places, dataLength, everyPlaceKnown, problems);
  if (problems.count > 0) throw problems.toError();

  const names = Object.freeze([...tensors.keys()]);
  return { metadata, names: () => names, get: (name) => tensors.get(name) };
}

function headerLength(bytes: Uint8Array, problems: Problems): number {
  const fail = (what: string): never => {
    problems.add(`safetensors header: ${what}`);
    throw problems.toError();
  };
  if (bytes.length < LENGTH_BYTES) {
    fail(`expected at least ${LENGTH_BYTES} bytes for its length, the file has ${bytes.length}`);
  }
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > LONGEST_HEADER) fail(`its length is ${length} bytes, expected at most ${LONGEST_HEADER}`);
  const available = bytes.length - LENGTH_BYTES;
  if (length > available) fail(`its length is ${length} bytes, only ${available} follow`);
  if (bytes[LENGTH_BYTES] !== FIRST_BYTE || length === 0) fail('expected { as the first character');
  return length;
}

function headerText(header: Uint8Array, problems: Problems): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(header);
  } catch {
    problems.add('safetensors header: expected UTF-8, got invalid bytes');
    throw problems.toError();
  }
}

function readMetadata(value: HeaderValue, problems: Problems): Readonly<Record<string, string>> {
  // Without a prototype, so that keys like "constructor" are there only if the file has them.
  const metadata: Record<string, string> = Object.create(null);
  if (!(value instanceof Map)) {
    problems.add(`${METADATA}: expected an object of strings, got ${described(value)}`);
    return metadata;
  }
  for (const [key, text] of value as HeaderObject) {
    if (typeof text === 'string') metadata[key] = text;
    else problems.add(`${METADATA}: expected a string for ${quoted(key)}, got ${described(text)}`);
  }
  return Object.freeze(metadata);
}

/** Checks one tensor's entry; undefined where its place in the data cannot be known or anything is missing. */
function readEntry(
  name: string,
  value: HeaderValue,
  dataLength: number,
  problems: Problems,
): { dtype: StoredDType; shape: readonly number[]; begin: number; end: number } | undefined {
  const where = entryLabel(name);
  if (!(value instanceof Map)) {
    problems.add(`${where}: expected an object with ${FIELDS.join(', ')}, got ${described(value)}`);
    return undefined;
  }
  const entry: HeaderObject = value;
  for (const field of FIELDS) if (!entry.has(field)) problems.add(`${where}: ${field} is missing`);
  for (const field of entry.keys()) {
    if (!FIELDS.includes(field)) problems.add(`${where}: unknown field ${quoted(field)}`);
  }

  const dtype = entry.get('dtype');
  const dtypeIsKnown = isStoredDType(dtype);
  if (dtype !== undefined && !dtypeIsKnown) {
    problems.add(
      `${where}: dtype is ${described(dtype)}, expected one of ${Object.keys(bytesPerElement).join(', ')}`,
    );
  }
  const shape = integers(entry.get('shape'), `${where}: shape`, undefined, problems);
  const offsets = integers(entry.get('data_offsets'), `${where}: data_offsets`, 2, problems);
  if (offsets === undefined) return undefined;
  const [begin = 0, end = 0] = offsets;
  if (begin > end) {
    problems.add(`${where}: data_offsets [${begin}, ${end}] end before they begin`);
    return undefined;
  }
  if (end > dataLength) {
    problems.add(`${where}: data_offsets [${begin}, ${end}] reach beyond the ${dataLength} bytes of data`);
    return undefined;
  }
  if (!dtypeIsKnown || shape === undefined) return undefined;

  const expected = storedByteLength(shape, dtype);
  if (expected === undefined) {
    problems.add(`${where}: shape ${listed(shape)} of ${dtype} takes 2^53 bytes or more`);
  } else if (expected !== end - begin) {
    problems.add(
      `${where}: shape ${listed(shape)} of ${dtype} takes ${expected} bytes, data_offsets [${begin}, ${end}] give ${end - begin}`,
    );
  }
  return { dtype, shape, begin, end };
}

function integers(
  value: HeaderValue | undefined,
  where: string,
  length: number | undefined,
  problems: Problems,
): readonly number[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) {
    problems.add(`${where} expected ${length ?? 'a list of'} integers, got ${described(value)}`);
    return undefined;
  }
  const wrong = value.findIndex((element: HeaderValue) => typeof element !== 'number');
  if (wrong < 0) return value;
  problems.add(`${where}[${wrong}] is ${described(value[wrong])}, expected an integer from 0 below 2^53`);
  return undefined;
}

/** Adds a problem for every overlap, every hole, and every empty tensor at the offset of another empty one. */
function checkLayout(
  places: Place[],
  dataLength: number,
  everyPlaceKnown: boolean,
  problems: Problems,
): void {
  // An empty tensor comes before the tensor that begins where it stands.
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered: Place = { name: '', begin: 0, end: 0 };
  let lastEmpty: Place | undefined;
  for (const place of places) {
    const { name, begin, end } = place;
    if (begin < covered.end) {
      problems.add(
        `${entryLabel(name)}: data_offsets [${begin}, ${end}] overlap ${entryLabel(covered.name)} at [${covered.begin}, ${covered.end}]`,
      );
    } else if (begin > covered.end && everyPlaceKnown) {
      problems.add(`${entryLabel(name)}: bytes ${covered.end} to ${begin} before it belong to no tensor`);
    }
    if (begin === end) {
      if (lastEmpty?.begin === begin) {
        problems.add(
          `${entryLabel(name)}: is empty and shares the offset ${begin} with the empty ${entryLabel(lastEmpty.name)}`,
        );
      }
      lastEmpty = place;
    }
    if (end > covered.end) covered = place;
  }
  if (covered.end < dataLength && everyPlaceKnown) {
    problems.add(
      `safetensors header: bytes ${covered.end} to ${dataLength} at the end of the data belong to no tensor`,
    );
  }
}

function described(value: HeaderValue | undefined): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === undefined || value instanceof Map) return 'an object';
  return (value as { literal: string }).literal;
}

function listed(shape: readonly number[]): string {
  return shape.length > 16 ? `[${shape.slice(0, 16).join(', ')}, …]` : `[${shape.join(', ')}]`;
}
