import { ArgumentError } from '../errors.ts';
import type { StoredTensor, WeightSource } from '../tensor/weights.ts';
import { LENGTH_BYTES, readHeader, readHeaderLength } from './safetensorsHeader.ts';

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
  const dataStart = LENGTH_BYTES + readHeaderLength(bytes, bytes.length);
  const header = readHeader(bytes.subarray(LENGTH_BYTES, dataStart), bytes.length - dataStart);

  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, begin, end }] of header.tensors) {
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset + dataStart + begin, end - begin);
    tensors.set(name, { dtype, shape, bytes: view });
  }
  const names = Object.freeze([...tensors.keys()]);
  return { metadata: header.metadata, names: () => names, get: (name) => tensors.get(name) };
}
