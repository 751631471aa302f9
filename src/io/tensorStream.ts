import { FormatError } from '../errors.ts';
import type { ByteFile } from './byteFile.ts';
import type { TensorPlace } from './safetensorsHeader.ts';
import { bytesPerElement } from './storedDType.ts';

/**
 * Takes a part of a tensor.
 *
 * @param offset of the chunk in the tensor, in bytes
 * @param chunk whole elements, at most 1 MB, at any alignment; valid only during the call, and not to be written to
 */
export type TakeChunk = (name: string, offset: number, chunk: Uint8Array) => void;

/** Most bytes in a chunk, a multiple of every element. */
const CHUNK = 1 << 20;

/** A gap of fewer bytes is read through: asking anew would take longer. */
const GAP = 1 << 20;

/** Bytes of a file that are read in one go, and the tensors in them that somebody asked for, in their order. */
export interface Run {
  readonly from: number;
  readonly to: number;
  /** Their `begin` and `end` count from the start of the file. */
  readonly tensors: readonly TensorPlace[];
}

/**
 * What to read of a file for some of its tensors.
 *
 * @param places from the start of the file, in any order
 * @param end of the file
 */
export function runsOf(file: ByteFile, places: readonly TensorPlace[], end: number): readonly Run[] {
  const tensors = places.filter((place) => place.begin < place.end).sort((a, b) => a.begin - b.begin);
  if (tensors.length === 0) return [];
  if (file.reading === 'whole') return [{ from: 0, to: end, tensors }];
  // Only by reading on to its end is the length of such a file checked.
  if (file.size === undefined) return [{ from: tensors[0]!.begin, to: end, tensors }];
  const gap = file.reading === 'onwards' ? Infinity : GAP;
  const runs: { from: number; to: number; tensors: TensorPlace[] }[] = [];
  for (const tensor of tensors) {
    const last = runs.at(-1);
    if (last && tensor.begin - last.to < gap) {
      last.to = tensor.end;
      last.tensors.push(tensor);
    } else {
      runs.push({ from: tensor.begin, to: tensor.end, tensors: [tensor] });
    }
  }
  return runs;
}

/**
 * Reads a run and hands out its tensors.
 *
 * @param onBytes how many have been read of the run
 * @throws {FormatError} if the file is shorter than its header says, or longer
 */
export async function streamRun(
  file: ByteFile,
  run: Run,
  take: TakeChunk,
  onBytes: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pieces = new Pieces(run, take);
  let done = 0;
  for await (const chunk of file.read(run.from, file.size === undefined ? Infinity : run.to, signal)) {
    done += chunk.length;
    if (run.from + done > run.to) throw new FormatError(`${file.name}: is longer than its header says`);
    pieces.add(chunk);
    onBytes(done);
    signal?.throwIfAborted();
  }
  if (run.from + done < run.to) {
    throw new FormatError(`${file.name}: ends after ${run.from + done} bytes, its header says ${run.to}`);
  }
}

/** Cuts a run's bytes into pieces of its tensors that hold whole elements. */
class Pieces {
  readonly #tensors: readonly TensorPlace[];
  readonly #take: TakeChunk;
  #index = 0;
  #position: number;
  /** The beginning of an element whose end has not come yet. */
  readonly #begun = new Uint8Array(8);
  #begunLength = 0;

  constructor({ from, tensors }: Run, take: TakeChunk) {
    this.#tensors = tensors;
    this.#take = take;
    this.#position = from;
  }

  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && this.#index < this.#tensors.length; ) {
      const tensor = this.#tensors[this.#index]!;
      const inside = this.#position >= tensor.begin;
      const boundary = inside ? tensor.end : tensor.begin;
      const length = Math.min(boundary - this.#position, chunk.length - at);
      if (inside) this.#give(tensor, chunk.subarray(at, at + length));
      at += length;
      this.#position += length;
      if (this.#position === tensor.end) this.#index++;
    }
  }

  /** Hands out a part of a tensor that begins at the current position. */
  #give(tensor: TensorPlace, part: Uint8Array): void {
    const width = bytesPerElement[tensor.dtype];
    let offset = this.#position - tensor.begin - this.#begunLength;
    let rest = part;
    if (this.#begunLength > 0) {
      rest = this.#begin(part, width);
      if (this.#begunLength < width) return;
      this.#begunLength = 0;
      this.#take(tensor.name, offset, this.#begun.slice(0, width));
      offset += width;
    }
    const whole = rest.length - (rest.length % width);
    for (let from = 0; from < whole; from += CHUNK) {
      this.#take(tensor.name, offset + from, rest.subarray(from, Math.min(from + CHUNK, whole)));
    }
    this.#begin(rest.subarray(whole), width);
  }

  /** Adds to the element that has begun what belongs to it, and returns what does not. */
  #begin(part: Uint8Array, width: number): Uint8Array {
    const length = Math.min(width - this.#begunLength, part.length);
    this.#begun.set(part.subarray(0, length), this.#begunLength);
    this.#begunLength += length;
    return part.subarray(length);
  }
}
