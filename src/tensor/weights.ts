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

/** What a header says of a stored tensor. */
export type StoredTensorInfo = Pick<StoredTensor, 'dtype' | 'shape'>;

/** Takes part of a tensor: whole elements from byte `offset` of it on, valid only during the call. */
export type TakeBytes = (name: string, offset: number, bytes: Uint8Array) => void;

/** What `stream` reads, and who hears of it. */
export interface StreamOptions {
  /** Only these tensors; all by default. */
  readonly names?: ReadonlySet<string>;
  readonly signal?: AbortSignal;
  /** Hears how many bytes of how many have come. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Named tensors that are not in memory: they are read in one pass, in the order in which they lie. */
export interface WeightStream {
  /** All tensor names. */
  names(): readonly string[];
  /** Of the tensor of that exact name, or undefined. */
  info(name: string): StoredTensorInfo | undefined;
  stream(take: TakeBytes, options?: StreamOptions): Promise<void>;
}
