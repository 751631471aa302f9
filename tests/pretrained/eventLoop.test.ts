import { afterEach, expect, it, vi } from 'vitest';
import { nextTurn } from '../../src/pretrained/eventLoop.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

it.each([
  ['Node', []],
  ['browsers', ['setImmediate']],
  ['old workers', ['setImmediate', 'MessageChannel']],
])('a timer that is due gets its turn: in %s', async (_, missing) => {
  for (const name of missing) vi.stubGlobal(name, undefined);
  let fired = false;
  setTimeout(() => {
    fired = true;
  });
  const started = performance.now();
  while (performance.now() - started < 3);
  for (let turn = 0; turn < 3 && !fired; turn++) await nextTurn();
  expect(fired).toBe(true);
});
