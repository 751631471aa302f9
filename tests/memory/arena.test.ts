import { describe, expect, it } from 'vitest';
import { DisposedError, OutOfMemoryError } from '../../src/errors.ts';
import { Arena } from '../../src/memory/arena.ts';
import { arenaOf, expectDisjoint, fill, PAGE } from './arenas.ts';

describe('size classes', () => {
  it('are multiples of 16 up to 64 bytes', () => {
    const arena = arenaOf();
    const sizes = [1, 15, 16, 17, 32, 33, 48, 49, 64].map((bytes) => arena.allocate(bytes).bytes);
    expect(sizes).toEqual([16, 16, 16, 32, 32, 48, 48, 64, 64]);
  });

  it('come four to a doubling above', () => {
    const arena = arenaOf();
    const sizes = [65, 80, 81, 97, 113, 128, 129, 161, 193, 225, 256, 257].map((bytes) => {
      return arena.allocate(bytes).bytes;
    });
    expect(sizes).toEqual([80, 80, 96, 112, 128, 128, 160, 192, 224, 256, 256, 320]);
  });

  it('add at most a quarter to any request above 64 bytes, and keep a class as it is', () => {
    const arena = arenaOf();
    const check = (bytes: number): void => {
      const block = arena.allocate(bytes);
      expect(block.bytes).toBeGreaterThanOrEqual(bytes);
      expect(block.bytes).toBeLessThanOrEqual(bytes * 1.25);
      expect(block.bytes % 16).toBe(0);
      const size = block.bytes;
      block.dispose();
      const again = arena.allocate(size);
      expect(again.bytes).toBe(size);
      again.dispose();
    };
    for (let bytes = 65; bytes <= 1100; bytes++) check(bytes);
    for (let power = 11; power <= 22; power++) for (const by of [-1, 0, 1]) check(2 ** power + by);
  });

  it('zero bytes take a block of their own', () => {
    const arena = arenaOf();
    const [a, b] = [arena.allocate(0), arena.allocate(0)];
    expect([a.bytes, b.bytes, arena.usedBytes]).toEqual([16, 16, 32]);
    expectDisjoint([a, b]);
    a.dispose();
    b.dispose();
    expect(arena.usedBytes).toBe(0);
  });
});

describe('addresses', () => {
  it.each([0, 1, 8, 15, 16, 17, 1023])('base %i: the first block lies at the next multiple of 16', (base) => {
    expect(arenaOf({ base }).allocate(4).pointer).toBe(Math.ceil(base / 16) * 16);
  });

  it('are multiples of 16 whatever the sizes', () => {
    const arena = arenaOf({ base: 7 });
    for (let bytes = 0; bytes < 700; bytes += 13) expect(arena.allocate(bytes).pointer % 16).toBe(0);
  });
});

describe('release', () => {
  it('gives the block to the next request of its class', () => {
    const arena = arenaOf();
    const first = arena.allocate(100);
    const { pointer } = first;
    arena.allocate(100);
    first.dispose();
    expect(arena.allocate(112).pointer).toBe(pointer);
  });

  it('counts once, however often it is called, and never takes the block from its next owner', () => {
    const arena = arenaOf();
    const first = arena.allocate(100);
    first.dispose();
    const second = arena.allocate(100);
    first.dispose();
    expect(arena.usedBytes).toBe(112);
    expect(second.disposed).toBe(false);
    expect(arena.allocate(100).pointer).not.toBe(second.pointer);
  });

  it('makes every later use of the block a DisposedError', () => {
    const block = arenaOf().allocate(4);
    expect(block.disposed).toBe(false);
    block.dispose();
    expect(block.disposed).toBe(true);
    expect(() => block.pointer).toThrow(
      new DisposedError('tensor: used after its dispose(), or after the scope it was made in'),
    );
  });

  it('a loop over the same sizes stays in the memory of its first round', () => {
    const arena = arenaOf();
    const round = (): void => {
      const blocks = [12, 4096, 70_000, 4096, 300_000, 1].map((bytes) => arena.allocate(bytes));
      for (const block of blocks) block.dispose();
    };
    round();
    const { capacityBytes } = arena;
    for (let i = 0; i < 2000; i++) round();
    expect(arena.capacityBytes).toBe(capacityBytes);
    expect(arena.usedBytes).toBe(0);
  });
});

describe('growth', () => {
  it('replaces the views and keeps the contents', () => {
    const arena = arenaOf();
    const block = arena.allocate(16);
    const { floats, integers } = arena;
    floats[block.pointer / 4] = 1.5;
    arena.allocate(3 * PAGE);
    expect([floats.length, integers.length]).toEqual([0, 0]);
    expect(arena.floats.length).toBe(arena.capacityBytes / 4);
    expect(arena.integers.length).toBe(arena.capacityBytes / 4);
    expect(arena.floats[block.pointer / 4]).toBe(1.5);
    expect(arena.integers.buffer).toBe(arena.floats.buffer);
  });

  it('is noticed when something else grows the memory', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const arena = new Arena(memory, 0);
    const { floats } = arena;
    memory.grow(1);
    expect(floats.length).toBe(0);
    expect(arena.floats.length).toBe((2 * PAGE) / 4);
    expect(arena.capacityBytes).toBe(2 * PAGE);
  });

  it('keeps the same views while the memory stays', () => {
    const arena = arenaOf();
    const { floats } = arena;
    arena.allocate(64);
    expect(arena.floats).toBe(floats);
  });

  it('asks for an eighth in advance', () => {
    const arena = arenaOf({ pages: 64 });
    arena.allocate(64 * PAGE);
    arena.allocate(16);
    expect(arena.capacityBytes).toBe(72 * PAGE);
  });

  it('falls back to the least that is needed where the engine refuses the advance', () => {
    const arena = arenaOf({ pages: 64, maximum: 65 });
    arena.allocate(64 * PAGE);
    expect(arena.allocate(PAGE).pointer).toBe(64 * PAGE);
    expect(arena.capacityBytes).toBe(65 * PAGE);
  });
});

describe('the limit', () => {
  it('names the request, what is in use and the limit', () => {
    const arena = arenaOf({ maxBytes: 2 * PAGE });
    arena.allocate(1000);
    expect(() => arena.allocate(3 * PAGE)).toThrow(
      new OutOfMemoryError('memory: cannot allocate 196608 bytes: 1024 in use, the limit is 131072 bytes'),
    );
  });

  it('a refusal changes nothing, and smaller requests are still served', () => {
    const arena = arenaOf({ maxBytes: 2 * PAGE });
    const block = arena.allocate(PAGE);
    const { usedBytes, capacityBytes } = arena;
    expect(() => arena.allocate(PAGE + 1)).toThrow(OutOfMemoryError);
    expect([arena.usedBytes, arena.capacityBytes, block.disposed]).toEqual([usedBytes, capacityBytes, false]);
    expectDisjoint([block, arena.allocate(PAGE / 2)]);
  });

  it('requests beyond 32-bit addresses are refused without growing', () => {
    const arena = arenaOf();
    for (const bytes of [2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
      expect(() => arena.allocate(bytes)).toThrow(OutOfMemoryError);
    }
    expect(arena.capacityBytes).toBe(PAGE);
    expect(arena.allocate(4).pointer).toBe(0);
  });

  it.each([100, PAGE - 1, PAGE + 16, 3 * PAGE + 1])('of %i bytes is never passed', (maxBytes) => {
    const arena = arenaOf({ maxBytes, pages: 0 });
    const blocks = fill(arena, 16);
    for (const block of blocks) expect(block.pointer + block.bytes).toBeLessThanOrEqual(maxBytes);
    expect(arena.capacityBytes).toBeLessThanOrEqual(maxBytes);
  });

  it('the engine refusing to grow is an OutOfMemoryError too', () => {
    const arena = arenaOf({ pages: 1, maximum: 2 });
    const block = arena.allocate(PAGE);
    expect(() => arena.allocate(2 * PAGE)).toThrow(OutOfMemoryError);
    expect(arena.allocate(PAGE).pointer).toBe(PAGE);
    expect(() => arena.allocate(1)).toThrow(OutOfMemoryError);
    block.dispose();
    expect(arena.allocate(1).pointer).toBe(0);
  });

  it('splits a larger free block, and all of the rest stays of use', () => {
    const arena = arenaOf({ maxBytes: PAGE });
    const whole = arena.allocate(PAGE);
    expect(() => arena.allocate(16)).toThrow(OutOfMemoryError);
    whole.dispose();
    const pieces = fill(arena, 16);
    expect(pieces).toHaveLength(PAGE / 16);
    expectDisjoint(pieces);
    expect(arena.usedBytes).toBe(PAGE);
  });

  it('takes the smallest of the larger free blocks', () => {
    const arena = arenaOf({ maxBytes: PAGE });
    const large = arena.allocate(PAGE / 2);
    const small = arena.allocate(PAGE / 4);
    arena.allocate(PAGE / 4);
    const { pointer } = small;
    large.dispose();
    small.dispose();
    expect(arena.allocate(1000).pointer).toBe(pointer);
    expect(arena.allocate(PAGE / 2).bytes).toBe(PAGE / 2);
  });
});

describe('dispose', () => {
  it('makes every later use of the arena and its blocks a DisposedError', () => {
    const arena = arenaOf();
    const block = arena.allocate(100);
    arena.dispose();
    const used = new DisposedError('runtime: used after its dispose()');
    expect(() => arena.allocate(1)).toThrow(used);
    expect(() => arena.floats).toThrow(used);
    expect(() => arena.integers).toThrow(used);
    expect(() => block.pointer).toThrow(new DisposedError('tensor: its runtime has been disposed'));
    expect([arena.disposed, block.disposed, arena.usedBytes, arena.capacityBytes]).toEqual([
      true,
      true,
      0,
      0,
    ]);
  });

  it('may be called again, and blocks may be disposed after it', () => {
    const arena = arenaOf();
    const block = arena.allocate(100);
    arena.dispose();
    arena.dispose();
    block.dispose();
    expect(arena.usedBytes).toBe(0);
  });
});
