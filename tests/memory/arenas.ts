import { expect } from 'vitest';
import { OutOfMemoryError } from '../../src/errors.ts';
import { Arena, type Storage } from '../../src/memory/arena.ts';

/** Bytes of a page of linear memory. */
export const PAGE = 65_536;

/** An arena over a memory of its own. */
export function arenaOf({ base = 0, maxBytes, pages = 1, maximum }: Partial<ArenaShape> = {}): Arena {
  const memory = new WebAssembly.Memory(
    maximum === undefined ? { initial: pages } : { initial: pages, maximum },
  );
  return new Arena(memory, base, maxBytes);
}

interface ArenaShape {
  base: number;
  maxBytes: number;
  pages: number;
  maximum: number;
}

/** Allocates blocks of one size until the arena refuses. */
export function fill(arena: Arena, bytes: number): Storage[] {
  const blocks: Storage[] = [];
  try {
    for (;;) blocks.push(arena.allocate(bytes));
  } catch (error) {
    expect(error).toBeInstanceOf(OutOfMemoryError);
  }
  return blocks;
}

/** @throws Error naming the two blocks when any overlap */
export function expectDisjoint(blocks: Iterable<Storage>): void {
  const sorted = [...blocks].sort((a, b) => a.pointer - b.pointer);
  sorted.forEach((block, i) => {
    const next = sorted[i + 1];
    if (next && block.pointer + block.bytes > next.pointer) {
      throw new Error(`${block.pointer}+${block.bytes} reaches into ${next.pointer}`);
    }
  });
}
