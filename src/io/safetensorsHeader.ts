import { FormatError } from '../errors.ts';
import type { StoredDType } from '../tensor/weights.ts';
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

/** One tensor's entry in the header. */
export interface TensorPlace extends Place {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
}

/** What the header of a safetensors file says, checked. */
export interface SafetensorsHeader {
  /** The free-form strings of the file, empty where there are none. */
  readonly metadata: Readonly<Record<string, string>>;
  /** By name, in the order of the header. */
  readonly tensors: ReadonlyMap<string, TensorPlace>;
  /** Bytes of data: from the end of the header to the end of the last tensor, which is the end of the file. */
  readonly dataLength: number;
}

/**
 * The length of the JSON header in bytes, of which at most 100 MB are taken.
 *
 * @param start the first bytes of the file, nine or more, or the whole file where it is shorter
 * @param fileLength in bytes; undefined where it is not known
 * @throws {FormatError}
 */
export function readHeaderLength(start: Uint8Array, fileLength: number | undefined): number {
  const fail = (what: string): never => {
    throw new FormatError(`safetensors header: ${what}`);
  };
  if (start.length < LENGTH_BYTES) {
    fail(`expected at least ${LENGTH_BYTES} bytes for its length, the file has ${start.length}`);
  }
  const length = Number(new DataView(start.buffer, start.byteOffset).getBigUint64(0, true));
  if (length > LONGEST_HEADER) fail(`its length is ${length} bytes, expected at most ${LONGEST_HEADER}`);
  const available = fileLength === undefined ? Infinity : fileLength - LENGTH_BYTES;
  if (length > available) fail(`its length is ${length} bytes, only ${available} follow`);
  if (start[LENGTH_BYTES] !== FIRST_BYTE || length === 0) fail('expected { as the first character');
  return length;
}

/**
 * Reads and checks a header. `readSafetensors` says what is checked.
 *
 * @param json the header's bytes
 * @param dataLength bytes that follow it in the file; undefined where the file's length is not known, so that nothing
 * can be said about its end
 * @throws {FormatError} listing every problem
 */
export function readHeader(json: Uint8Array, dataLength: number | undefined): SafetensorsHeader {
  const problems = new Problems();
  const header = scanHeader(headerText(json, problems), problems);

  const tensors = new Map<string, TensorPlace>();
  let metadata: Readonly<Record<string, string>> = Object.freeze(Object.create(null));
  let everyPlaceKnown = true;
  for (const [name, value] of header) {
    if (name === METADATA) {
      metadata = readMetadata(value, problems);
      continue;
    }
    const place = readEntry(name, value, dataLength ?? Infinity, problems);
    if (place === undefined) everyPlaceKnown = false;
    else tensors.set(name, place);
  }
  const covered = checkLayout([...tensors.values()], everyPlaceKnown, problems);
  if (dataLength !== undefined && covered < dataLength && everyPlaceKnown) {
    problems.add(
      `safetensors header: bytes ${covered} to ${dataLength} at the end of the data belong to no tensor`,
    );
  }
  if (problems.count > 0) throw problems.toError();
  return { metadata, tensors, dataLength: covered };
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
): TensorPlace | undefined {
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
  return { name, dtype, shape, begin, end };
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

/**
 * Adds a problem for every overlap, every hole, and every empty tensor at the offset of another empty one.
 *
 * @returns where the last tensor ends
 */
function checkLayout(places: Place[], everyPlaceKnown: boolean, problems: Problems): number {
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
  return covered.end;
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
