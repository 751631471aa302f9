import { afterAll, describe, expect, it } from 'vitest';
import { ArgumentError, DisposedError, ShapeError } from '../../src/errors.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
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

describe('views', () => {
  test('reshape, slice and at share the block of the tensor', () => {
    const tensor = Tensor.from(runtime, range(12), [3, 4]);
    const before = used();
    const views = [
      tensor.reshape([2, 6]),
      tensor.slice(1, 3),
      tensor.at(2),
      tensor.reshape([12]).slice(5, 7),
    ];
    expect(used()).toBe(before);
    expect(views.map(({ shape }) => shape)).toEqual([[2, 6], [2, 4], [4], [2]]);
    expect(views.map(({ storage }) => storage === tensor.storage)).toEqual([true, true, true, true]);
    expect(views.map(({ offset }) => offset)).toEqual([0, 16, 32, 20]);
    tensor.set(range(12).map((value) => -value));
    expect(views.map((view) => view.toArray()[0])).toEqual([-0, -4, -8, -5]);
  });

  test('keep the element type', () => {
    const tensor = Tensor.from(runtime, [1, 2, 3, 4], [2, 2], 'i32');
    expect(tensor.at(1).reshape([2, 1]).toArray()).toEqual(Int32Array.of(3, 4));
  });

  test('reshape refuses another size', () => {
    expect(() => Tensor.zeros(runtime, [2, 3]).reshape([4, 2])).toThrow(
      new ShapeError('reshape: [2, 3] has 6 elements, [4, 2] has 8'),
    );
    expect(() => Tensor.zeros(runtime, [0]).reshape([])).toThrow(
      new ShapeError('reshape: [0] has 0 elements, [] has 1'),
    );
  });

  test('slice refuses rows outside the axis', () => {
    const tensor = Tensor.zeros(runtime, [3, 2]);
    const outside = [
      [-1, 2],
      [0, 4],
      [2, 1],
      [0.5, 2],
      [0, Number.NaN],
      [Number.POSITIVE_INFINITY, 3],
    ] as const;
    for (const [from, to] of outside) {
      expect(() => tensor.slice(from, to)).toThrow(
        new ArgumentError(`slice: need 0 <= from <= to <= 3, got from ${from} to ${to}`),
      );
    }
    expect(tensor.slice(3, 3).shape).toEqual([0, 2]);
  });

  test('at refuses indices outside the axis', () => {
    const tensor = Tensor.zeros(runtime, [3]);
    for (const index of [-1, 3, 0.5, Number.NaN]) expect(() => tensor.at(index)).toThrow(ArgumentError);
    expect(() => Tensor.zeros(runtime, [0, 3]).at(0)).toThrow(ArgumentError);
  });

  test('a scalar has no axis to slice', () => {
    const scalar = Tensor.from(runtime, [1], []);
    const none = new ShapeError('slice: a scalar has no axis to slice');
    expect(() => scalar.slice(0, 0)).toThrow(none);
    expect(() => scalar.at(0)).toThrow(none);
  });
});

describe('dispose', () => {
  test('frees the block once, for all views', () => {
    const before = used();
    const tensor = Tensor.from(runtime, range(4), [2, 2]);
    const view = tensor.at(1);
    view.dispose();
    tensor.dispose();
    expect([tensor.disposed, view.disposed, used()]).toEqual([true, true, before]);
  });

  test('makes every use of the elements a DisposedError', () => {
    const tensor = Tensor.from(runtime, [1]);
    const view = tensor.reshape([]);
    tensor.dispose();
    const gone = new DisposedError('tensor: used after its dispose(), or after the scope it was made in');
    for (const each of [tensor, view]) {
      for (const use of [() => each.pointer, () => each.toArray(), () => each.item(), () => each.set([2])]) {
        expect(use).toThrow(gone);
      }
    }
  });

  test('leaves the next owner of the block alone', () => {
    const tensor = Tensor.from(runtime, [1]);
    tensor.dispose();
    const next = Tensor.from(runtime, [2]);
    tensor.dispose();
    expect(next.item()).toBe(2);
  });

  test('is what `using` does', () => {
    const before = used();
    {
      using tensor = Tensor.zeros(runtime, [4]);
      expect(tensor.disposed).toBe(false);
    }
    expect(used()).toBe(before);
  });
});
