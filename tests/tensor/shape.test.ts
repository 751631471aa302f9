import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/errors.ts';
import { checkShape, describe as describeShape, expectShape, sizeOf } from '../../src/tensor/shape.ts';

describe('sizeOf', () => {
  it.each([
    [[], 1],
    [[0], 0],
    [[5], 5],
    [[2, 3, 4], 24],
    [[7, 0, 9], 0],
    [[2 ** 15, 2 ** 16], 2 ** 31],
  ])('%j has %i elements', (shape, size) => expect(sizeOf(shape)).toBe(size));
});

it('shapes are written in brackets', () => {
  expect([[], [3], [2, 0, 5]].map(describeShape)).toEqual(['[]', '[3]', '[2, 0, 5]']);
});

describe('checkShape', () => {
  it.each([[[]], [[0]], [[1, 2, 3]], [[2 ** 31]], [[2 ** 16, 2 ** 15]], [[0, 2 ** 40]]])(
    'takes %j',
    (shape) => {
      expect(() => checkShape('here', shape)).not.toThrow();
    },
  );

  it.each([
    [[-1]],
    [[0.5, 2]],
    [[Number.NaN]],
    [[Number.POSITIVE_INFINITY, 0]],
    [[2 ** 31 + 1]],
    [[2 ** 1000, 2 ** 1000, 0]],
  ])('refuses [%s], and says where', (shape) => {
    expect(() => checkShape('here', shape)).toThrow(
      new ShapeError(
        `here: extents must be non-negative integers with a product of at most 2^31, got [${shape.join(', ')}]`,
      ),
    );
  });
});

describe('expectShape', () => {
  it('takes the same extents, and any where the pattern has null', () => {
    expect(() => expectShape('op', 'x', [2, 3], [2, 3])).not.toThrow();
    expect(() => expectShape('op', 'x', [2, 0], [null, null])).not.toThrow();
    expect(() => expectShape('op', 'x', [], [])).not.toThrow();
  });

  it.each([
    [[3, 4], [2, null], 'op: x must be [2, *], got [3, 4]'],
    [[2], [2, null], 'op: x must be [2, *], got [2]'],
    [[2, 3, 4], [2, 3], 'op: x must be [2, 3], got [2, 3, 4]'],
    [[0], [], 'op: x must be [], got [0]'],
    [[], [null], 'op: x must be [*], got []'],
  ])('%j is not %j', (shape, pattern, message) => {
    expect(() => expectShape('op', 'x', shape, pattern)).toThrow(new ShapeError(message));
  });
});
