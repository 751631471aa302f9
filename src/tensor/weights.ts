/**
 * Where layers get their weights from, independent of any file format. `io/safetensors.ts` implements it.
 */

/** Element types a stored tensor may have, by safetensors' names. */
export type StoredDType =
  | 'BOOL'
  | 'U8'
  | 'I8'
  | 'F8_E5M2'
  | 'F8_E4M3'
  | 'I16'
  | 'U16'
  | 'F16'
  | 'BF16'
  | 'I32'
  | 'U32'
  | 'F32'
  | 'F64'
  | 'I64'
  | 'U64';

/** One tensor as stored: row-major, little-endian, not yet in a runtime's memory. */
export interface StoredTensor {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  /** The raw little-endian bytes. A view, not a copy. */
  readonly bytes: Uint8Array;
}

/** Named tensors: a `state_dict`. */
export interface WeightSource {
  /** The free-form strings of the file (`__metadata__`), empty where there are none. */
  readonly metadata: Readonly<Record<string, string>>;
  /** All tensor names, in the order of the file's header. */
  names(): readonly string[];
  /** The tensor of that exact name, or undefined. */
  get(name: string): StoredTensor | undefined;
}
