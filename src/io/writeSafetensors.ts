import { ArgumentError } from '../errors.ts';
import type { StoredDType, StoredTensor } from '../tensor/weights.ts';
import { entryLabel, isWellFormed, METADATA } from './headerScanner.ts';
import { quoted } from './problems.ts';
import { LENGTH_BYTES, LONGEST_HEADER } from './safetensorsHeader.ts';
import { bytesPerElement, checkStoredTensor } from './storedDType.ts';

type NamedTensor = readonly [name: string, tensor: StoredTensor];

/** Free-form strings to keep in the file. */
export interface WriteSafetensorsOptions {
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes tensors as a safetensors file. Equal tensors and metadata give equal bytes, in whatever order they come:
 * as in the reference library the data is sorted by dtype, widest alignment first, then by name, and the header is
 * padded with spaces to a multiple of 8. Metadata is sorted by key.
 *
 * `readSafetensors` wants each empty tensor at an offset of its own. Where that order would put two at one offset,
 * the empty tensors take turns with the others instead.
 *
 * Source: https://github.com/huggingface/safetensors#format
 *
 * @throws {ShapeError} if a tensor's bytes do not match its shape and dtype.
 * @throws {DTypeError} for a dtype that safetensors does not have.
 * @throws {ArgumentError} for a name that comes twice, is `__metadata__` or invalid Unicode, for metadata that is not
 *   strings, for a header beyond 100 MB, and for more empty tensors than there are offsets to put them (one more
 *   than tensors with bytes).
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, StoredTensor>> | Iterable<NamedTensor>,
  options: WriteSafetensorsOptions = {},
): Uint8Array {
  const ordered = inFileOrder(checkedTensors(tensors));
  const fields = metadataFields(options.metadata ?? {});
  let dataLength = 0;
  for (const [name, { dtype, shape, bytes }] of ordered) {
    const data_offsets = [dataLength, dataLength + bytes.length];
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets })}`);
    dataLength += bytes.length;
  }
  const header = new TextEncoder().encode(`{${fields.join(',')}}`);
  const headerLength = Math.ceil(header.length / 8) * 8;
  if (headerLength > LONGEST_HEADER) {
    throw new ArgumentError(
      `writeSafetensors: the header takes ${headerLength} bytes, the format allows ${LONGEST_HEADER}`,
    );
  }

  const file = new Uint8Array(LENGTH_BYTES + headerLength + dataLength);
  new DataView(file.buffer).setUint32(0, headerLength, true);
  file.set(header, LENGTH_BYTES);
  file.fill(0x20, LENGTH_BYTES + header.length, LENGTH_BYTES + headerLength);
  let position = LENGTH_BYTES + headerLength;
  for (const [, { bytes }] of ordered) {
    file.set(bytes, position);
    position += bytes.length;
  }
  return file;
}

function checkedTensors(
  tensors: Readonly<Record<string, StoredTensor>> | Iterable<NamedTensor>,
): NamedTensor[] {
  if (typeof tensors !== 'object' || tensors === null) {
    throw new ArgumentError('writeSafetensors: expected tensors by name, or pairs of name and tensor');
  }
  const list = Symbol.iterator in tensors ? [...(tensors as Iterable<NamedTensor>)] : Object.entries(tensors);
  const names = new Set<string>();
  for (const [name, tensor] of list) {
    if (typeof name !== 'string' || !isWellFormed(name)) {
      throw new ArgumentError(`writeSafetensors: tensor name ${quoted(String(name))} is not valid Unicode`);
    }
    if (name === METADATA) {
      throw new ArgumentError(`writeSafetensors: no tensor can be named ${METADATA}; see options.metadata`);
    }
    if (names.has(name)) throw new ArgumentError(`writeSafetensors: ${entryLabel(name)} comes twice`);
    names.add(name);
    checkStoredTensor(`writeSafetensors: ${entryLabel(name)}`, tensor);
  }
  return list;
}

function metadataFields(metadata: Readonly<Record<string, string>>): string[] {
  const entries = Object.entries(metadata).sort(([a], [b]) => compareCodePoints(a, b));
  for (const [key, text] of entries) {
    if (typeof text !== 'string' || !isWellFormed(key) || !isWellFormed(text)) {
      throw new ArgumentError(
        `writeSafetensors: options.metadata ${quoted(key)} is not a string of valid Unicode`,
      );
    }
  }
  if (entries.length === 0) return [];
  const pairs = entries.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`);
  return [`${JSON.stringify(METADATA)}:{${pairs.join(',')}}`];
}

function inFileOrder(tensors: NamedTensor[]): NamedTensor[] {
  const alignment = new Map(Object.keys(bytesPerElement).map((dtype, rank) => [dtype as StoredDType, rank]));
  const rank = ([, { dtype }]: NamedTensor): number => alignment.get(dtype)!;
  tensors.sort((a, b) => rank(b) - rank(a) || compareCodePoints(a[0], b[0]));

  const isEmpty = ([, { bytes }]: NamedTensor): boolean => bytes.length === 0;
  const oneOffsetForTwo = tensors.some((entry, i) => i > 0 && isEmpty(entry) && isEmpty(tensors[i - 1]!));
  return oneOffsetForTwo
    ? alternated(
        tensors.filter(isEmpty),
        tensors.filter((entry) => !isEmpty(entry)),
      )
    : tensors;
}

/** One empty tensor before each tensor with bytes, as long as there are any, and one behind the last. */
function alternated(empty: NamedTensor[], filled: NamedTensor[]): NamedTensor[] {
  const homeless = empty[filled.length + 1];
  if (homeless !== undefined) {
    throw new ArgumentError(
      `writeSafetensors: ${entryLabel(homeless[0])} is empty and no offset is left for it: of ` +
        `${empty.length + filled.length} tensors ${empty.length} are empty, at most ${filled.length + 1} can be`,
    );
  }
  const ordered = filled.flatMap((entry, i) => (empty[i] ? [empty[i], entry] : [entry]));
  const last = empty[filled.length];
  return last ? [...ordered, last] : ordered;
}

/** The order of the names' UTF-8 bytes, which differs from JavaScript's where surrogate pairs come in. */
function compareCodePoints(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = a.codePointAt(i)! - b.codePointAt(i)!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
