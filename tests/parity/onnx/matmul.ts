import { add, scale } from '../../../src/ops/elementwise.ts';
import { embedding } from '../../../src/ops/embedding.ts';
import { matmul } from '../../../src/ops/matmul.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import type { Fixture } from '../fixture.ts';
import { broadcast, inverse, permuted } from '../layout.ts';
import { NotRun } from '../options.ts';
import type { Runner, Runners } from '../runner.ts';

const unsupported = (reason: string): Runner => {
  return () => {
    throw new NotRun(reason);
  };
};

/** The shape's leading axes repeated to another's: heed's operands have the same. */
function withLeading(
  fixture: Fixture,
  name: string,
  shape: readonly number[],
  leading: readonly number[],
): Tensor {
  const full = [...leading, ...shape.slice(-2)];
  return Tensor.from(fixture.runtime, broadcast(fixture.floats(name), shape, full), full);
}

/** Leading axes of both, where 1 or a missing one repeats. */
function commonLeading(a: readonly number[], b: readonly number[]): number[] {
  const axes = Math.max(a.length, b.length) - 2;
  const extent = (shape: readonly number[], axis: number): number => shape[shape.length - 3 - axis] ?? 1;
  return Array.from({ length: axes }, (_, i) => {
    const axis = axes - 1 - i;
    return Math.max(extent(a, axis), extent(b, axis));
  });
}

const INTEGER_REASON =
  "heed's 8-bit products take symmetric weights with a scale for each row, not tensors with zero points";

export const matmulRunners: Runners = {
  MatMul: (fixture) => {
    const [givenA, givenB] = [fixture.shape('in.a'), fixture.shape('in.b')];
    // A vector is a row on the left, a column on the right.
    const a = givenA.length === 1 ? [1, ...givenA] : givenA;
    const b = givenB.length === 1 ? [...givenB, 1] : givenB;
    const leading = commonLeading(a, b);
    const c = matmul(withLeading(fixture, 'in.a', a, leading), withLeading(fixture, 'in.b', b, leading));
    return { comparisons: [{ name: 'out.c', actual: c.toArray() }], arithmetic: { approximations: 0 } };
  },

  Gemm: (fixture) => {
    const { options, runtime } = fixture;
    const product = matmul(fixture.tensor('in.a'), fixture.tensor('in.b'), {
      transposeA: options.flag('transA', false),
      transposeB: options.flag('transB', false),
    });
    const scaled = scale(product, options.number('alpha', 1));
    const beta = options.number('beta', 1);
    const c = (): Tensor => {
      const values = broadcast(fixture.floats('in.c'), fixture.shape('in.c'), product.shape);
      return scale(Tensor.from(runtime, values, product.shape), beta);
    };
    const y = fixture.has('in.c') ? add(scaled, c()) : scaled;
    return { comparisons: [{ name: 'out.y', actual: y.toArray() }], arithmetic: { approximations: 0 } };
  },

  Gather: (fixture) => {
    const { runtime } = fixture;
    const shape = fixture.shape('in.data');
    const given = fixture.options.number('axis', 0);
    const axis = given < 0 ? given + shape.length : given;
    const count = shape[axis]!;
    const ids = fixture.integers('in.indices');
    const order = [axis, ...shape.map((_, i) => i).filter((i) => i !== axis)];
    const table = permuted(fixture.floats('in.data'), shape, order);
    const fromStart = ids.map((id) => (id < 0 ? id + count : id));
    const rows = embedding(
      Tensor.from(runtime, table, [count, table.length / count]),
      Tensor.from(runtime, fromStart, [ids.length], 'i32'),
    ).toFloat32Array();
    // [ids, other axes] with the ids back where the axis was.
    const others = shape.filter((_, i) => i !== axis);
    const back = inverse(order);
    const actual = permuted(rows, [ids.length, ...others], back);
    const notes = [
      axis !== 0 && 'transposed by the caller: heed gathers rows',
      ids.some((id) => id < 0) && 'ids that count from the end are made positive by the caller',
    ].filter((note) => note !== false);
    return {
      comparisons: [{ name: 'out.y', actual }],
      arithmetic: { approximations: 0 },
      ...(notes.length > 0 && { note: notes.join('; ') }),
    };
  },

  MatMulInteger: unsupported(INTEGER_REASON),
  QLinearMatMul: unsupported(INTEGER_REASON),
};
