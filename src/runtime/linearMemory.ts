/** The memory that a binary imports: its own, or one that threads share. */
import { ArgumentError } from '../errors.ts';

const PAGE_BYTES = 65_536;
/** What the binaries declare: the most that 32-bit addresses reach. */
const MAXIMUM_PAGES = 65_536;
/** Enough for any binary's own data; the arena grows it. */
const INITIAL_PAGES = 4;
const IMPORT_SECTION = 2;
const MEMORY_IMPORT = 2;

/** @throws ArgumentError */
export function checkMaxMemory(maxMemoryBytes: number | undefined): void {
  if (maxMemoryBytes !== undefined && !(maxMemoryBytes > 0)) {
    throw new ArgumentError(`createRuntime: maxMemoryBytes must be positive, got ${maxMemoryBytes}`);
  }
}

/**
 * @param maxBytes limit, in bytes; the engine may set aside that much address space when the memory is shared
 * @throws RangeError when the engine refuses
 */
export function createMemory(maxBytes = MAXIMUM_PAGES * PAGE_BYTES, shared = false): WebAssembly.Memory {
  const maximum = Math.min(MAXIMUM_PAGES, Math.max(INITIAL_PAGES, Math.floor(maxBytes / PAGE_BYTES)));
  return new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum, shared });
}

/**
 * A copy of a binary that imports shared memory. Both kinds of binary have the same code (plain loads and stores work
 * on shared memory, and the kernels use nothing else), so only one is shipped: the memory's limits, flagged 1 (has a
 * maximum), become 3 (and is shared).
 * @see https://webassembly.github.io/spec/core/binary/types.html#limits
 */
export function importingSharedMemory(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  // Past the magic number and the version, sections follow one another: id, length, contents.
  let position = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = copy[position++]!;
      value |= (byte & 127) << shift;
      // Past the end too: there, a byte is undefined.
      if (!(byte >= 128)) return value;
    }
  };
  while (position < copy.length) {
    const section = copy[position++];
    const length = number();
    if (section !== IMPORT_SECTION) {
      position += length;
      continue;
    }
    for (let imports = number(); imports > 0; imports--) {
      for (const _ of ['module', 'name']) {
        const length = number();
        position += length;
      }
      if (copy[position++] === MEMORY_IMPORT) {
        copy[position] = 3;
        return copy;
      }
      // The other import is a global: its type and its mutability.
      position += 2;
    }
  }
  throw new RangeError('runtime: the binary imports no memory');
}
