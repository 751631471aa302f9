import { describe, expect, it } from 'vitest';
import { ArgumentError, DisposedError, DTypeError, ShapeError } from '../../src/errors.ts';
import { type MatmulOptions, matmul } from '../../src/ops/matmul.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import * as reference from '../reference/matmul.ts';
import { expectSameBits } from '../support/bits.ts';
import { checkOp, expectClose, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

type Size = readonly [leading: readonly number[], M: number, N: number, K: number];

const transposes: readonly Required<MatmulOptions>[] = [
  { transposeA: false, transposeB: false },
  { transposeA: false, transposeB: true },
  { transposeA: true, transposeB: false },
  { transposeA: true, transposeB: true },
];

const shapesOf = ([leading, M, N, K]: Size, { transposeA, transposeB }: MatmulOptions) => ({
  a: transposeA ? [...leading, K, M] : [...leading, M, K],
  b: transposeB ? [...leading, N, K] : [...leading, K, N],
});

/** The products of all matrices, in double precision. */
function products(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  [leading, M, N, K]: Size,
  { transposeA, transposeB }: MatmulOptions,
): Float64Array {
  const batch = leading.reduce((x, y) => x * y, 1);
  const result = new Float64Array(batch * M * N);
  for (let i = 0; i < batch; i++) {
    const left = Float64Array.from(a).subarray(i * M * K, (i + 1) * M * K);
    const right = Float64Array.from(b).subarray(i * K * N, (i + 1) * K * N);
    const A = transposeA ? reference.transpose(left, K, M) : left;
    const B = transposeB ? reference.transpose(right, N, K) : right;
    result.set(reference.matmul(A, B, null, null, M, N, K), i * M * N);
  }
  return result;
}

describe.each(variants)('matmul, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  const differentiated: readonly Size[] = [
    [[], 1, 1, 1],
    [[], 3, 5, 7],
    [[], 5, 9, 4],
    [[], 1, 9, 5],
    [[], 9, 1, 5],
    [[3], 4, 5, 2],
    [[2, 1, 2], 2, 3, 5],
    [[], 0, 3, 5],
    [[], 3, 0, 5],
    [[], 3, 5, 0],
    [[0], 3, 4, 5],
    [[2, 0, 3], 2, 2, 2],
    [[3], 2, 2, 0],
  ];

  describe.each(transposes)('transposeA $transposeA, transposeB $transposeB', (options) => {
    it.each(differentiated)('leading %j, %i x %i of depth %i, and its gradients', (...size) => {
      const shapes = shapesOf(size, options);
      const inputs = { a: normal(random, shapes.a), b: normal(random, shapes.b) };
      for (const constant of [[], ['a'], ['b']] as const) {
        checkOp(runtime, {
          inputs,
          constant,
          op: (t) => matmul(t.a, t.b, options),
          reference: (t) => products(t.a, t.b, size, options),
        });
      }
    });

    it.each<Size>([
      [[], 97, 65, 129],
      [[3], 25, 33, 31],
      [[], 6, 40, 1600],
    ])('larger: leading %j, %i x %i of depth %i', (...size) => {
      const shapes = shapesOf(size, options);
      const [a, b] = [normal(random, shapes.a), normal(random, shapes.b)];
      runtime.scope(() => {
        const c = matmul(
          Tensor.from(runtime, a.values, a.shape),
          Tensor.from(runtime, b.values, b.shape),
          options,
        );
        expect(c.shape).toEqual([...size[0], size[1], size[2]]);
        expectClose(c.toArray(), products(a.values, b.values, size, options), 'product', size[3]);
      });
    });

    it('each matrix of a batch has the bits of its own product', () => {
      const size = [[5], 7, 11, 13] as const;
      const shapes = shapesOf(size, options);
      runtime.scope(() => {
        const a = Tensor.from(runtime, normal(random, shapes.a).values, shapes.a);
        const b = Tensor.from(runtime, normal(random, shapes.b).values, shapes.b);
        const all = matmul(a, b, options);
        for (let i = 0; i < 5; i++) {
          expectSameBits(all.at(i).toArray(), matmul(a.at(i), b.at(i), options).toArray(), `matrix ${i}`);
        }
      });
    });
  });

  it('one tensor on both sides collects both gradients', () => {
    const x = normal(random, [2, 4, 4]);
    for (const options of transposes) {
      checkOp(runtime, {
        inputs: { x },
        op: (t) => matmul(t.x, t.x, options),
        reference: (t) => products(t.x, t.x, [[2], 4, 4, 4], options),
      });
    }
  });

  it('products of products, gradients through both', () => {
    const [a, b, c] = [normal(random, [3, 4]), normal(random, [5, 4]), normal(random, [5, 2])];
    checkOp(runtime, {
      inputs: { a, b, c },
      op: (t) => matmul(matmul(t.a, t.b, { transposeB: true }), t.c),
      reference: (t) => {
        const first = products(t.a, t.b, [[], 3, 5, 4], { transposeB: true });
        return products(first, t.c, [[], 3, 2, 5], {});
      },
    });
  });

  it('depth 0 gives zeros where the memory held something else', () => {
    runtime.scope(() => {
      Tensor.from(runtime, new Float32Array(12).fill(Number.NaN)).dispose();
      for (const options of transposes) {
        const shapes = shapesOf([[], 3, 4, 0], options);
        const c = matmul(Tensor.zeros(runtime, shapes.a), Tensor.zeros(runtime, shapes.b), options);
        expect(c.toArray()).toEqual(new Float32Array(12));
      }
    });
  });

  it('NaN and infinity stay in their row and column', () => {
    runtime.scope(() => {
      const a = Tensor.from(runtime, [1, Number.NaN, 1, 1, 1, 1], [3, 2]);
      const b = Tensor.from(runtime, [1, 1, Number.POSITIVE_INFINITY, 1, 1, 1], [2, 3]);
      const [n, i] = [Number.NaN, Number.POSITIVE_INFINITY];
      expect(Array.from(matmul(a, b).toArray())).toEqual([n, n, n, 2, 2, i, 2, 2, i]);
    });
  });

  it('refuses shapes that do not fit, in words, and integers', async () => {
    using other = await trainingRuntime({ variant });
    const before = runtime.memory.usedBytes;
    const refused = (a: number[], b: number[], options: MatmulOptions, message: string): void => {
      runtime.scope(() => {
        const [left, right] = [Tensor.zeros(runtime, a), Tensor.zeros(runtime, b)];
        expect(() => matmul(left, right, options)).toThrow(new ShapeError(message));
      });
    };
    refused([2, 3], [4, 5], {}, 'matmul: inner dimensions differ, 3 and 4: a is [2, 3], b is [4, 5]');
    refused(
      [2, 3],
      [4, 5],
      { transposeB: true },
      'matmul: inner dimensions differ, 3 and 5: a is [2, 3], b is [4, 5] transposed',
    );
    refused(
      [2, 3],
      [4, 5],
      { transposeA: true, transposeB: true },
      'matmul: inner dimensions differ, 2 and 5: a is [2, 3] transposed, b is [4, 5] transposed',
    );
    refused([3, 2], [3, 2], {}, 'matmul: inner dimensions differ, 2 and 3: a is [3, 2], b is [3, 2]');
    const leading = 'matmul: a and b must be matrices with the same leading axes: ';
    refused([3], [3, 2], {}, `${leading}a is [3], b is [3, 2]`);
    refused([2, 3], [3], {}, `${leading}a is [2, 3], b is [3]`);
    refused([], [], {}, `${leading}a is [], b is []`);
    refused([2, 2, 3], [3, 4], {}, `${leading}a is [2, 2, 3], b is [3, 4]`);
    refused([2, 2, 3], [1, 3, 4], {}, `${leading}a is [2, 2, 3], b is [1, 3, 4]`);
    refused([2, 3, 2, 2], [3, 2, 2, 2], {}, `${leading}a is [2, 3, 2, 2], b is [3, 2, 2, 2]`);
    runtime.scope(() => {
      const [floats, integers] = [Tensor.zeros(runtime, [2, 2]), Tensor.zeros(runtime, [2, 2], 'i32')];
      expect(() => matmul(integers, floats)).toThrow(new DTypeError('matmul: a must be f32, got i32'));
      expect(() => matmul(floats, integers)).toThrow(new DTypeError('matmul: b must be f32, got i32'));
      expect(() => matmul(floats, Tensor.zeros(other, [2, 2]))).toThrow(
        new ArgumentError('matmul: b belongs to another runtime than the other operands'),
      );
    });
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('leaks nothing: neither packed copies, nor gradients, nor the result of a disposed operand', () => {
    const before = runtime.memory.usedBytes;
    const [a, b] = [Tensor.zeros(runtime, [4, 5]), Tensor.zeros(runtime, [5, 6])];
    const held = runtime.memory.usedBytes;
    for (let i = 0; i < 100; i++) matmul(a, b).dispose();
    expect(runtime.memory.usedBytes).toBe(held);
    b.dispose();
    const left = runtime.memory.usedBytes;
    expect(() => matmul(a, b)).toThrow(DisposedError);
    expect(() => matmul(b, a, { transposeA: true, transposeB: true })).toThrow(DisposedError);
    expect(runtime.memory.usedBytes).toBe(left);
    a.dispose();
    expect(runtime.memory.usedBytes).toBe(before);
  });
});
