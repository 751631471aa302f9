import { ArgumentError, FormatError } from '../errors.ts';
import type { StoredDType } from '../tensor/weights.ts';
import { type ByteFile, readBytes } from './byteFile.ts';
import {
  LENGTH_BYTES,
  readHeader,
  readHeaderLength,
  type SafetensorsHeader,
  type TensorPlace,
} from './safetensorsHeader.ts';
import { type Run, runsOf, streamRun, type TakeChunk } from './tensorStream.ts';

export interface TensorInfo {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

export interface StreamOptions {
  /** The tensors asked for; all where it is left out. */
  readonly names?: ReadonlySet<string>;
  /** Stops at once; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Called with 0 at the start, and after each chunk that came. Both numbers are bytes over all files, with what is read
   * besides the tensors asked for.
   */
  readonly onProgress?: (done: number, total: number) => void;
}

/** The tensors of a model, in one safetensors file or several, of which only the headers are held in memory. */
export interface Checkpoint {
  /** The free-form strings of its files; of two by one name, that of the first file. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Bytes of all tensors. */
  readonly byteLength: number;
  /** The names of all tensors, file by file, in the order of the headers. */
  names(): readonly string[];
  /** What is known of a tensor, undefined for an unknown name. */
  info(name: string): TensorInfo | undefined;
  /**
   * Hands out tensors in the order in which they lie in the files, in chunks of at most 1 MB. A tensor without elements
   * gets no call. What nobody asked for is skipped, where the source can skip, and reading through would take longer;
   * but a file that goes into a cache is read as a whole. What `take` throws ends the stream.
   *
   * @throws {ArgumentError} for a name that is not there
   * @throws {FormatError} if a file changed, or is shorter or longer than its header says
   * @throws {NetworkError}
   */
  stream(take: TakeChunk, options?: StreamOptions): Promise<void>;
}

/** A safetensors file whose header has been read. */
export interface Shard {
  readonly file: ByteFile;
  readonly header: SafetensorsHeader;
  /** Bytes before the data. */
  readonly dataStart: number;
}

/** Bytes read at first: the whole header of most files. */
const START = 1 << 16;

/**
 * Reads the header of a safetensors file. Its length is checked before it is read.
 *
 * @throws {FormatError} each problem with the file's name
 */
export async function openShard(file: ByteFile, signal: AbortSignal | undefined): Promise<Shard> {
  const start = await readBytes(file, 0, START, START, signal);
  try {
    const length = readHeaderLength(start, file.size);
    const dataStart = LENGTH_BYTES + length;
    let json = start.subarray(LENGTH_BYTES, dataStart);
    if (json.length < length) {
      const rest = await readBytes(file, start.length, dataStart, dataStart - start.length, signal);
      json = joined(json, rest);
      if (json.length < length) {
        throw new FormatError(
          `safetensors header: its length is ${length} bytes, only ${json.length} follow`,
        );
      }
    }
    const dataLength = file.size === undefined ? undefined : file.size - dataStart;
    return { file, header: readHeader(json, dataLength), dataStart };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(error.problems.map((problem) => `${file.name}: ${problem}`));
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

/** The tensors of files that hold no name twice. */
export class ShardedCheckpoint implements Checkpoint {
  readonly metadata: Readonly<Record<string, string>>;
  readonly byteLength: number;
  readonly #shards: readonly Shard[];
  readonly #tensors: ReadonlyMap<string, TensorInfo>;
  readonly #names: readonly string[];
  readonly #signal: AbortSignal | undefined;

  /** @param signal for streams that have none of their own */
  constructor(shards: readonly Shard[], signal?: AbortSignal) {
    const metadata: Record<string, string> = Object.create(null);
    const tensors = new Map<string, TensorInfo>();
    let byteLength = 0;
    for (const { header } of shards) {
      for (const [key, value] of Object.entries(header.metadata)) metadata[key] ??= value;
      for (const [name, { dtype, shape, begin, end }] of header.tensors) {
        tensors.set(name, { dtype, shape, byteLength: end - begin });
        byteLength += end - begin;
      }
    }
    this.metadata = Object.freeze(metadata);
    this.byteLength = byteLength;
    this.#shards = shards;
    this.#signal = signal;
    this.#tensors = tensors;
    this.#names = Object.freeze([...tensors.keys()]);
  }

  names(): readonly string[] {
    return this.#names;
  }

  info(name: string): TensorInfo | undefined {
    return this.#tensors.get(name);
  }

  async stream(take: TakeChunk, options: StreamOptions = {}): Promise<void> {
    const { names, signal = this.#signal, onProgress } = options;
    signal?.throwIfAborted();
    const unknown = [...(names ?? [])].filter((name) => !this.#tensors.has(name));
    if (unknown.length > 0) {
      throw new ArgumentError(`Checkpoint.stream: no tensor has the name ${unknown.join(', ')}`);
    }
    const plan = this.#shards.map((shard) => ({ file: shard.file, runs: runsOfShard(shard, names) }));
    const total = plan.flatMap(({ runs }) => runs).reduce((sum, { from, to }) => sum + to - from, 0);
    let done = 0;
    onProgress?.(0, total);
    for (const { file, runs } of plan) {
      for (const run of runs) {
        await streamRun(file, run, take, (bytes) => onProgress?.(done + bytes, total), signal);
        done += run.to - run.from;
      }
    }
  }
}

function runsOfShard(
  { file, header, dataStart }: Shard,
  names: ReadonlySet<string> | undefined,
): readonly Run[] {
  const places: TensorPlace[] = [];
  for (const [name, place] of header.tensors) {
    if (names && !names.has(name)) continue;
    places.push({ ...place, begin: dataStart + place.begin, end: dataStart + place.end });
  }
  return runsOf(file, places, dataStart + header.dataLength);
}
