import { afterAll, describe, expect, it } from 'vitest';
import { DTypeError, OutOfMemoryError, ShapeError } from '../../src/errors.ts';
import { expectDType, Tensor } from '../../src/tensor/tensor.ts';
import { testRuntime } from './runtime.ts';

const runtime = testRuntime();
const used = (): number => runtime.memory.usedBytes;

afterAll(() => runtime.dispose());

/** Every test body runs in a scope, so that it leaves nothing behind. */
function test(name: string, body: () => void): void {
  it(name, () => {
    runtime.scope(body);
    expect(used()).toBe(0);
  });
}

const range = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => i);

describe('from', () => {
  test('without a shape makes one axis of f32', () => {
    const tensor = Tensor.from(runtime, [1, 2.5, -3]);
    expect([tensor.shape, tensor.dtype, tensor.size, tensor.offset]).toEqual([[3], 'f32', 3, 0]);
    expect(tensor.toArray()).toEqual(Float32Array.of(1, 2.5, -3));
  });

  test('takes any array-like, and rounds to float32', () => {
    for (const values of [[0.1, 1e300], Float64Array.of(0.1, 1e300), { length: 2, 0: 0.1, 1: 1e300 }]) {
      expect(Tensor.from(runtime, values).toArray()).toEqual(Float32Array.of(0.1, Number.POSITIVE_INFINITY));
    }
  });

  test('keeps NaN, infinities and the sign of zero', () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0];
    expect([...Tensor.from(runtime, values).toArray()]).toEqual(values);
  });

  test('takes scalars, empty tensors and many axes', () => {
    expect(Tensor.from(runtime, [7], []).item()).toBe(7);
    expect(Tensor.from(runtime, [], [3, 0, 2]).toArray()).toEqual(new Float32Array(0));
    expect(Tensor.from(runtime, []).shape).toEqual([0]);
    expect(Tensor.from(runtime, range(24), [1, 2, 3, 4, 1]).size).toBe(24);
  });

  test('copies: neither the values nor the shape stay connected', () => {
    const values = [1, 2];
    const shape = [2, 1];
    const tensor = Tensor.from(runtime, values, shape);
    values[0] = 9;
    shape[0] = 9;
    expect([tensor.shape, ...tensor.toArray()]).toEqual([[2, 1], 1, 2]);
  });

  test('refuses a number of values that does not fit', () => {
    const before = used();
    expect(() => Tensor.from(runtime, [1, 2, 3], [2, 2])).toThrow(
      new ShapeError('tensor: shape [2, 2] needs 4 values, got 3'),
    );
    expect(() => Tensor.from(runtime, [1, 2], [])).toThrow(
      new ShapeError('tensor: shape [] needs 1 values, got 2'),
    );
    expect(used()).toBe(before);
  });

  test('i32 takes the whole range of 32 bits, exactly', () => {
    const values = [0, -1, 2 ** 31 - 1, -(2 ** 31), 16_777_217];
    const tensor = Tensor.from(runtime, values, [5], 'i32');
    expect(tensor.toArray()).toEqual(Int32Array.from(values));
    expect(tensor.dtype).toBe('i32');
  });

  test('i32 refuses everything else, names it, and keeps no block', () => {
    for (const value of [0.5, 2 ** 31, -(2 ** 31) - 1, Number.NaN, Number.POSITIVE_INFINITY, 1e-9]) {
      const before = used();
      expect(() => Tensor.from(runtime, [1, value], [2], 'i32')).toThrow(
        new DTypeError(`tensor: an i32 tensor takes whole numbers of 32 bits, got ${value} at index 1`),
      );
      expect(used()).toBe(before);
    }
  });
});

describe('zeros and empty', () => {
  test('zeros has zeros where another tensor was', () => {
    Tensor.from(runtime, range(100)).dispose();
    for (const dtype of ['f32', 'i32'] as const) {
      const tensor = Tensor.zeros(runtime, [10, 10], dtype);
      expect([tensor.dtype, ...tensor.toArray()]).toEqual([dtype, ...new Array(100).fill(0)]);
      Tensor.from(runtime, range(100)).dispose();
    }
  });

  test('zeros of nothing and of a scalar', () => {
    expect(Tensor.zeros(runtime, [0, 5]).toArray()).toHaveLength(0);
    expect(Tensor.zeros(runtime, []).item()).toBe(0);
  });

  test('empty has its shape and four bytes an element', () => {
    const before = used();
    const tensor = Tensor.empty(runtime, [4, 8], 'i32');
    expect([tensor.shape, tensor.dtype, used() - before]).toEqual([[4, 8], 'i32', 128]);
  });
});

describe('shapes', () => {
  const refused = [
    [-1],
    [2, -3],
    [1.5],
    [Number.NaN],
    [2, Number.POSITIVE_INFINITY],
    [0, Number.POSITIVE_INFINITY],
    [2 ** 31 + 1],
    [2 ** 16, 2 ** 16],
    [2 ** 53, 2 ** 53],
    [2 ** 1023, 2 ** 1023],
    ['2' as unknown as number],
  ];

  for (const shape of refused) {
    test(`[${shape.join(', ')}] is refused everywhere, and nothing is allocated`, () => {
      const { usedBytes, capacityBytes } = runtime.memory;
      const message = (where: string): ShapeError =>
        new ShapeError(
          `${where}: extents must be non-negative integers with a product of at most 2^31, got [${shape.join(', ')}]`,
        );
      expect(() => Tensor.empty(runtime, shape)).toThrow(message('tensor'));
      expect(() => Tensor.zeros(runtime, shape)).toThrow(message('tensor'));
      expect(() => Tensor.from(runtime, [], shape)).toThrow(message('tensor'));
      const scalar = Tensor.from(runtime, [1]);
      expect(() => scalar.reshape(shape)).toThrow(message('reshape'));
      scalar.dispose();
      expect([runtime.memory.usedBytes, runtime.memory.capacityBytes]).toEqual([usedBytes, capacityBytes]);
    });
  }

  it('a product that overflows to NaN is refused, and the runtime stays whole', () => {
    using own = testRuntime();
    expect(() => Tensor.zeros(own, [2 ** 1023, 2 ** 1023, 0])).toThrow(ShapeError);
    expect([own.memory.usedBytes, Tensor.from(own, [5]).item()]).toEqual([0, 5]);
  });

  test('a legal shape beyond the memory is an OutOfMemoryError, and nothing grows', () => {
    const { usedBytes, capacityBytes } = runtime.memory;
    expect(() => Tensor.zeros(runtime, [2 ** 31])).toThrow(OutOfMemoryError);
    expect(() => Tensor.zeros(runtime, [2 ** 15, 2 ** 15])).toThrow(OutOfMemoryError);
    expect([runtime.memory.usedBytes, runtime.memory.capacityBytes]).toEqual([usedBytes, capacityBytes]);
  });
});

describe('set', () => {
  test('overwrites all elements, of a view only those it shows', () => {
    const tensor = Tensor.from(runtime, range(6), [3, 2]);
    tensor.at(1).set([20, 30]);
    expect([...tensor.toArray()]).toEqual([0, 1, 20, 30, 4, 5]);
    tensor.set([6, 5, 4, 3, 2, 1]);
    expect([...tensor.at(1).toArray()]).toEqual([4, 3]);
  });

  test('refuses another number of values, and changes nothing', () => {
    const tensor = Tensor.from(runtime, [1, 2], [2, 1]);
    for (const values of [[], [9], [9, 9, 9]]) {
      expect(() => tensor.set(values)).toThrow(
        new ShapeError(`tensor.set: shape [2, 1] needs 2 values, got ${values.length}`),
      );
    }
    expect([...tensor.toArray()]).toEqual([1, 2]);
  });

  test('refuses a fraction in an i32 tensor, and changes nothing', () => {
    const tensor = Tensor.from(runtime, [1, 2], [2], 'i32');
    expect(() => tensor.set([9, 0.5])).toThrow(
      new DTypeError('tensor: an i32 tensor takes whole numbers of 32 bits, got 0.5 at index 1'),
    );
    expect([...tensor.toArray()]).toEqual([1, 2]);
  });

  test('raises the version of the block, so that packed copies are renewed', () => {
    const tensor = Tensor.zeros(runtime, [2]);
    const { version } = tensor.storage;
    tensor.at(0).set([1]);
    expect(tensor.storage.version).toBeGreaterThan(version);
  });
});

describe('reading', () => {
  test('toArray gives a copy of the element type', () => {
    const floats = Tensor.from(runtime, [1, 2]);
    const integers = Tensor.from(runtime, [1, 2], [2], 'i32');
    expect([floats.toArray().constructor, integers.toArray().constructor]).toEqual([
      Float32Array,
      Int32Array,
    ]);
    floats.toArray()[0] = 9;
    expect(floats.toArray()[0]).toBe(1);
  });

  test('toFloat32Array refuses i32', () => {
    expect(Tensor.from(runtime, [1]).toFloat32Array()).toEqual(Float32Array.of(1));
    expect(() => Tensor.from(runtime, [1], [1], 'i32').toFloat32Array()).toThrow(
      new DTypeError('tensor.toFloat32Array: expected f32, got i32'),
    );
  });

  test('item gives the only element, whatever the axes', () => {
    expect(Tensor.from(runtime, [3.5], [1, 1]).item()).toBe(3.5);
    expect(Tensor.from(runtime, [-7], [], 'i32').item()).toBe(-7);
    for (const shape of [[2], [0], [1, 3]]) {
      expect(() => Tensor.zeros(runtime, shape).item()).toThrow(
        new ShapeError(`tensor.item: needs one element, shape is [${shape.join(', ')}]`),
      );
    }
  });

  test('copies outlive growth and disposal', () => {
    const tensor = Tensor.from(runtime, [1, 2, 3]);
    const copy = tensor.toArray();
    Tensor.zeros(runtime, [2 ** 18]);
    expect(tensor.toArray()).toEqual(copy);
    tensor.dispose();
    expect([...copy]).toEqual([1, 2, 3]);
  });
});

test('expectDType names the operation, the argument and both types', () => {
  const tensor = Tensor.zeros(runtime, [1]);
  expect(() => expectDType('gather', 'ids', tensor, 'i32', runtime)).toThrow(
    new DTypeError('gather: ids must be i32, got f32'),
  );
  expect(() => expectDType('gather', 'ids', tensor, 'f32', runtime)).not.toThrow();
});
