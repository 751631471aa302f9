import { logSoftmax, softmax } from '../../../src/ops/softmax.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Comparison } from '../compare.ts';
import { evaluate } from '../evaluate.ts';
import type { Fixture } from '../fixture.ts';
import { NotRun } from '../options.ts';
import type { Runner, Runners } from '../runner.ts';

/** A row of which nothing may be seen is NaN in torch; in heed, as documented, it has this value. */
function overLastAxis(op: (x: Tensor) => Tensor, unseen: number): Runner {
  return (fixture) => {
    const { options } = fixture;
    const x = fixture.tensor('in.x');
    const axes = x.shape.length;
    const axis = options.number('dim');
    if (axis !== -1 && axis !== axes - 1)
      throw new NotRun(`heed has softmax over the last axis, not ${axis}`);
    const comparisons = evaluate(fixture, new Map([['in.x', x]]), () => ({ y: op(x) }));
    const columns = x.shape[axes - 1]!;
    const changed = comparisons.map((each) => withTorchsUnseen(fixture, each, columns, unseen));
    const note = changed.some((each, i) => each !== comparisons[i])
      ? `rows of -inf are NaN in torch and ${unseen} in heed, as documented; the others are compared`
      : undefined;
    return { comparisons: changed, arithmetic: { approximations: 2 }, note };
  };
}

/** Torch's NaN in rows of -inf, where heed has what it documents. */
function withTorchsUnseen(
  fixture: Fixture,
  comparison: Comparison,
  columns: number,
  unseen: number,
): Comparison {
  const x = fixture.floats('in.x');
  const isUnseen = (row: number): boolean =>
    x.subarray(row * columns, (row + 1) * columns).every((value) => value === Number.NEGATIVE_INFINITY);
  if (comparison.name !== 'out.y') return comparison;
  const actual = Float64Array.from(comparison.actual);
  const found = Array.from({ length: x.length / columns }, (_, row) => row).filter(isUnseen);
  for (const row of found) {
    const values = actual.subarray(row * columns, (row + 1) * columns);
    if (values.every((value) => value === unseen)) values.fill(Number.NaN);
  }
  return found.length > 0 ? { ...comparison, actual } : comparison;
}

export const softmaxRunners: Runners = {
  softmax: overLastAxis(softmax, 0),
  log_softmax: overLastAxis(logSoftmax, Number.NEGATIVE_INFINITY),
};
