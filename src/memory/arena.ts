/**
 * The allocator over one runtime's linear memory. Blocks come in size classes (four to a doubling, so at most a
 * quarter is lost) and return to a free list of their class: allocation and release are constant-time, and a loop
 * that asks for the same sizes again and again never grows the memory.
 */
import { DisposedError, OutOfMemoryError } from '../errors.ts';

const PAGE_BYTES = 65_536;
const ALIGNMENT = 16;
/** Linear memory is addressed by 32 bits. */
const ADDRESSABLE_BYTES = 2 ** 32 - PAGE_BYTES;

/** A block of linear memory. Tensors that are views of each other share one. */
export class Storage {
  readonly arena: Arena;
  readonly bytes: number;
  /** Raised by whoever changes the contents in place, so that packed copies know they are stale. */
  version = 0;
  readonly #pointer: number;
  #disposed = false;

  /** Made by `Arena.allocate` only. */
  constructor(arena: Arena, pointer: number, bytes: number) {
    this.arena = arena;
    this.bytes = bytes;
    this.#pointer = pointer;
  }

  get disposed(): boolean {
    return this.#disposed || this.arena.disposed;
  }

  /** Byte address, a multiple of 16. @throws DisposedError after release. */
  get pointer(): number {
    if (this.#disposed)
      throw new DisposedError('tensor: used after its dispose(), or after the scope it was made in');
    if (this.arena.disposed) throw new DisposedError('tensor: its runtime has been disposed');
    return this.#pointer;
  }

  /** Gives the block back. A second call does nothing. */
  dispose(): void {
    if (this.disposed) return;
    this.arena.release(this.#pointer, this.bytes);
    this.#disposed = true;
  }
}

/** Rounds a request up to its size class. */
function sizeClass(bytes: number): number {
  if (bytes <= 4 * ALIGNMENT) return Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 2);
  return Math.ceil(bytes / step) * step;
}

export class Arena {
  readonly #memory: WebAssembly.Memory;
  readonly #maxBytes: number;
  readonly #free = new Map<number, number[]>();
  #top: number;
  #usedBytes = 0;
  #disposed = false;
  #buffer: ArrayBufferLike;
  #floats: Float32Array;
  #integers: Int32Array;

  /**
   * @param base first usable byte
   * @param maxBytes limit of the whole linear memory, in bytes
   */
  constructor(memory: WebAssembly.Memory, base: number, maxBytes: number = ADDRESSABLE_BYTES) {
    this.#memory = memory;
    // Memory grows by whole pages: the last one must not pass the limit.
    this.#maxBytes = Math.floor(Math.min(maxBytes, ADDRESSABLE_BYTES) / PAGE_BYTES) * PAGE_BYTES;
    this.#top = Math.ceil(base / ALIGNMENT) * ALIGNMENT;
    this.#buffer = memory.buffer;
    this.#floats = new Float32Array(memory.buffer);
    this.#integers = new Int32Array(memory.buffer);
  }

  /** Bytes in live blocks. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Bytes of linear memory held from the engine; never shrinks before `dispose`. */
  get capacityBytes(): number {
    return this.#disposed ? 0 : this.#memory.buffer.byteLength;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /**
   * @param exact whether nothing is lost to size classes: for what stays, as weights do
   * @throws OutOfMemoryError when the limit is reached or the engine refuses; what was allocated stays usable
   */
  allocate(bytes: number, exact = false): Storage {
    if (this.#disposed) throw new DisposedError('runtime: used after its dispose()');
    const size = exact ? Math.ceil(Math.max(1, bytes) / ALIGNMENT) * ALIGNMENT : sizeClass(bytes);
    const pointer = this.#free.get(size)?.pop() ?? this.#extend(size) ?? this.#takeLarger(size);
    if (pointer === undefined) {
      throw new OutOfMemoryError(
        `memory: cannot allocate ${bytes} bytes: ${this.#usedBytes} in use, the limit is ${this.#maxBytes} bytes`,
      );
    }
    this.#usedBytes += size;
    return new Storage(this, pointer, size);
  }

  /** Called by `Storage.dispose`. */
  release(pointer: number, size: number): void {
    const list = this.#free.get(size);
    if (list) list.push(pointer);
    else this.#free.set(size, [pointer]);
    this.#usedBytes -= size;
  }

  /** Linear memory as floats. Take it anew for each use: growth replaces it. */
  get floats(): Float32Array {
    this.#renew();
    return this.#floats;
  }

  /** Linear memory as 32-bit integers. Take it anew for each use: growth replaces it. */
  get integers(): Int32Array {
    this.#renew();
    return this.#integers;
  }

  /** Drops all blocks at once; every later use of them is a DisposedError. */
  dispose(): void {
    this.#disposed = true;
    this.#free.clear();
    this.#usedBytes = 0;
    this.#buffer = new ArrayBuffer(0);
    this.#floats = new Float32Array(0);
    this.#integers = new Int32Array(0);
  }

  #renew(): void {
    if (this.#disposed) throw new DisposedError('runtime: used after its dispose()');
    if (this.#buffer === this.#memory.buffer) return;
    this.#buffer = this.#memory.buffer;
    this.#floats = new Float32Array(this.#buffer);
    this.#integers = new Int32Array(this.#buffer);
  }

  /** Takes fresh memory past the top, growing where needed. */
  #extend(size: number): number | undefined {
    const end = this.#top + size;
    // Written so that NaN, from an infinite request, is refused too.
    if (!(end <= this.#maxBytes)) return undefined;
    const held = this.#memory.buffer.byteLength;
    if (end > held) {
      // An eighth in advance, so that a growing model does not ask the engine for every tensor.
      const wanted = Math.min(this.#maxBytes, Math.max(end, held + held / 8));
      if (!this.#grow(wanted - held) && !this.#grow(end - held)) return undefined;
    }
    const pointer = this.#top;
    this.#top = end;
    return pointer;
  }

  #grow(bytes: number): boolean {
    try {
      this.#memory.grow(Math.ceil(bytes / PAGE_BYTES));
      return true;
    } catch {
      return false;
    }
  }

  /** At the limit: splits the smallest free block that is large enough; the rest returns as smaller blocks. */
  #takeLarger(size: number): number | undefined {
    const sizes = [...this.#free.keys()].filter((each) => each > size && this.#free.get(each)!.length > 0);
    if (sizes.length === 0) return undefined;
    const taken = Math.min(...sizes);
    const pointer = this.#free.get(taken)!.pop()!;
    let start = pointer + size;
    for (let left = taken - size; left >= ALIGNMENT; ) {
      // The largest class that fits the rest.
      let part = left;
      while (sizeClass(part) !== part) part -= ALIGNMENT;
      const list = this.#free.get(part);
      if (list) list.push(start);
      else this.#free.set(part, [start]);
      start += part;
      left -= part;
    }
    return pointer;
  }
}
