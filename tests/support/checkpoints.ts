/** Small checkpoints for tests of loading, and what comes out of them. */
import { expect } from 'vitest';
import type { Checkpoint, StreamOptions } from '../../src/io/checkpoint.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import type { StoredDType, StoredTensor } from '../../src/tensor/weights.ts';
import { seededRandom } from './random.ts';

const widths: Readonly<Partial<Record<StoredDType, number>>> = { F32: 4, BF16: 2, I8: 1, I64: 8 };

/** Tensors of random bytes: `[name, dtype, number of elements]` each. */
export function randomTensors(
  specification: readonly (readonly [string, StoredDType, number])[],
  seed = 1,
): Map<string, StoredTensor> {
  const random = seededRandom(seed);
  return new Map(
    specification.map(([name, dtype, length]) => {
      const bytes = Uint8Array.from({ length: length * widths[dtype]! }, () => random.integer(0, 255));
      return [name, { dtype, shape: [length], bytes }];
    }),
  );
}

/** A file of 300 kB in four tensors, so that no request of the loader's first 64 kB holds it all. */
export function exampleTensors(seed?: number): Map<string, StoredTensor> {
  return randomTensors(
    [
      ['embedding.weight', 'F32', 40_001],
      ['norm.bias', 'BF16', 333],
      ['ids', 'I64', 999],
      ['quantised', 'I8', 131_073],
    ],
    seed,
  );
}

export function fileOfTensors(tensors: ReadonlyMap<string, StoredTensor>): Uint8Array {
  return writeSafetensors(tensors, { metadata: { format: 'pt' } });
}

/** Streams a checkpoint and puts its tensors together. Fails where chunks break the contract. */
export async function collected(
  checkpoint: Checkpoint,
  options: StreamOptions = {},
): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  const filled = new Map<string, number>();
  await checkpoint.stream((name, offset, chunk) => {
    const { byteLength, dtype } = checkpoint.info(name)!;
    if (chunk.length > 1 << 20) throw new Error(`${name}: a chunk of ${chunk.length} bytes`);
    if (chunk.length === 0) throw new Error(`${name}: a chunk of no bytes`);
    const width = widths[dtype] ?? 1;
    if (offset % width !== 0 || chunk.length % width !== 0) throw new Error(`${name}: a part of an element`);
    if ((filled.get(name) ?? 0) !== offset) throw new Error(`${name}: a hole before ${offset}`);
    if (!found.has(name)) found.set(name, new Uint8Array(byteLength));
    found.get(name)!.set(chunk, offset);
    filled.set(name, offset + chunk.length);
  }, options);
  for (const [name, bytes] of found) {
    if (filled.get(name) !== bytes.length) throw new Error(`${name}: ends after ${filled.get(name)} bytes`);
  }
  return found;
}

/** The tensors' bytes, to compare with {@link collected}. */
export function bytesOf(tensors: ReadonlyMap<string, StoredTensor>): Map<string, Uint8Array> {
  return new Map(
    [...tensors].filter(([, { bytes }]) => bytes.length > 0).map(([name, { bytes }]) => [name, bytes]),
  );
}

/** Fails unless both hold the same bytes under the same names. `toEqual` takes a second for this. */
export function expectSame(
  found: ReadonlyMap<string, Uint8Array>,
  expected: ReadonlyMap<string, Uint8Array>,
): void {
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, bytes] of expected) {
    expect(Buffer.compare(bytes, found.get(name)!), name).toBe(0);
  }
}
