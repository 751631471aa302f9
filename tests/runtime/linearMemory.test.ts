import { describe, expect, it } from 'vitest';
import { createMemory, importingSharedMemory } from '../../src/runtime/linearMemory.ts';
import { variants as allVariants } from '../../src/runtime/variant.ts';
import { variants } from '../support/runtimes.ts';
import { binary } from './binaries.ts';
import { assemble, ourImports } from './wasmBytes.ts';

const PAGE = 65_536;

describe.each(allVariants)('importingSharedMemory, %s', (variant) => {
  it.each(['', '.train'])('changes one byte of %s, in a copy', (suffix) => {
    const bytes = binary(variant + suffix);
    const shared = importingSharedMemory(bytes);
    const changed = [...bytes.keys()].filter((i) => bytes[i] !== shared[i]);
    expect(changed.map((i) => [bytes[i], shared[i]])).toEqual([[1, 3]]);
    expect(shared.length).toBe(bytes.length);
    expect(bytes).toEqual(binary(variant + suffix));
  });
});

describe.each(variants)('importingSharedMemory, %s, compiled', (variant) => {
  it.each(['', '.train'])('%s takes shared memory, and no other', (suffix) => {
    const module = new WebAssembly.Module(importingSharedMemory(binary(variant + suffix)));
    const instance = (shared: boolean): WebAssembly.Instance =>
      new WebAssembly.Instance(module, { env: { memory: createMemory(undefined, shared), microKernel: 0 } });
    expect(instance(true).exports.memory).toBeInstanceOf(WebAssembly.Memory);
    expect(() => instance(false)).toThrow(WebAssembly.LinkError);
  });
});

describe('importingSharedMemory of other modules', () => {
  it('finds the memory in either order of imports', () => {
    for (const imports of [ourImports, [...ourImports].reverse()]) {
      const bytes = importingSharedMemory(assemble({ imports }));
      const [memory] = WebAssembly.Module.imports(new WebAssembly.Module(bytes)).filter(
        ({ kind }) => kind === 'memory',
      );
      expect(memory?.name).toBe('memory');
      expect(
        () =>
          new WebAssembly.Instance(new WebAssembly.Module(bytes), {
            env: { memory: createMemory(undefined, true), microKernel: 1 },
          }),
      ).not.toThrow();
    }
  });

  it.each([
    ['without imports', assemble({ constants: { one: 1 } })],
    ['without a memory among them', assemble({ imports: ourImports.slice(0, 1) })],
    ['cut off', assemble({ imports: ourImports }).slice(0, 20)],
    ['empty', new Uint8Array()],
  ])('%s: RangeError, not a search without end', (_, bytes) => {
    expect(() => importingSharedMemory(bytes)).toThrow(
      new RangeError('runtime: the binary imports no memory'),
    );
  });
});

describe('createMemory', () => {
  it.each([
    [undefined, 65_536],
    [Number.POSITIVE_INFINITY, 65_536],
    [10 * PAGE, 10],
    [10 * PAGE + 65_535, 10],
    [1, 4],
  ])('of %j bytes grows to %i pages', (maxBytes, pages) => {
    for (const shared of [false, true]) {
      const memory = createMemory(maxBytes, shared);
      expect(memory.buffer instanceof SharedArrayBuffer).toBe(shared);
      expect(memory.buffer.byteLength).toBe(4 * PAGE);
      expect(() => memory.grow(pages - 3)).toThrow(RangeError);
      if (pages <= 10) expect(memory.grow(pages - 4)).toBe(4);
    }
  });
});
