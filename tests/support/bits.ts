import { expect } from 'vitest';

type Words = Float32Array | Int32Array;

/** Fails where a bit differs (vitest's own comparison of long arrays takes seconds). */
export function expectSameBits(actual: Words, expected: Words, what = ''): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  const [a, b] = [actual, expected].map(
    ({ buffer, byteOffset, length }) => new Int32Array(buffer, byteOffset, length),
  ) as [Int32Array, Int32Array];
  const different = a.findIndex((bits, i) => bits !== b[i]);
  if (different >= 0) {
    expect.fail(`${what}: [${different}] is ${actual[different]}, expected ${expected[different]}`);
  }
}
