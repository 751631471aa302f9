/**
 * Compares an op with its reference in double precision: its outputs, and its gradients with central differences of
 * the reference.
 */
import { expect } from 'vitest';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { TrainingRuntime } from '../../src/train/trainingRuntime.ts';
import { seededRandom, testSeed } from './random.ts';
import { weightedLoss } from './weightedLoss.ts';

/** Float32 rounds to within 2^-24. */
const EPSILON = 2 ** -24;
/** Half the distance of the two points of a difference: its error is about STEP^2 and 2^-53 / STEP. */
const STEP = 1e-4;

/** Values of one input of an op. */
export interface Input {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

type Own = <Thing extends { dispose(): void }>(thing: Thing) => Thing;

export interface OpCheck<Names extends string> {
  readonly inputs: Readonly<Record<Names, Input>>;
  /** Inputs that are not differentiated. */
  readonly constant?: readonly NoInfer<Names>[];
  /** `own` sees to the disposal of what would outlive the op's scope. */
  readonly op: (tensors: Readonly<Record<Names, Tensor>>, own: Own) => Tensor | readonly Tensor[];
  /** The same in double precision, over the flat values. */
  readonly reference: (
    values: Readonly<Record<Names, Float64Array>>,
  ) => ArrayLike<number> | ArrayLike<number>[];
  /** Most terms that are added up for one number; 32 by default. Sets the tolerance. */
  readonly terms?: number;
}

/**
 * Largest difference allowed on numbers of magnitude `size`: `terms` roundings, and 5e-7 (8 roundings) for each of the
 * two approximations, exp and tanh, that a number may pass through.
 */
export function tolerance(size: number, terms = 32): number {
  return (terms + 16) * EPSILON * Math.max(1, size);
}

/** Fails where |actual - expected| exceeds `tolerance` of the largest expected magnitude, or shapes or NaN differ. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  terms?: number,
): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i])) largest = Math.max(largest, Math.abs(expected[i]!));
  }
  const bound = tolerance(largest, terms);
  for (let i = 0; i < expected.length; i++) {
    const same = Object.is(actual[i], expected[i]) || Math.abs(actual[i]! - expected[i]!) <= bound;
    if (!same) expect.fail(`${what}: [${i}] is ${actual[i]}, expected ${expected[i]} within ${bound}`);
  }
}

const listed = <Item>(one: Item | readonly Item[]): readonly Item[] =>
  Array.isArray(one) ? one : [one as Item];

/**
 * Checks outputs and gradients, with each input a tensor of its own and with each a view into a larger block, around
 * which the gradient must be zero. Leaves the runtime's memory as it was.
 */
export function checkOp<Names extends string>(runtime: TrainingRuntime, check: OpCheck<Names>): void {
  const { inputs, constant = [], op, reference, terms } = check;
  const names = Object.keys(inputs) as Names[];
  const before = runtime.memory.usedBytes;
  const random = seededRandom(testSeed());
  const exact = fromNames(names, (name) => Float64Array.from(inputs[name].values));
  const outputs = outputsOf(reference(exact));
  const cotangents = outputs.map(({ length }) => random.normals(length));
  const loss = (values: Record<Names, Float64Array>): number =>
    outputsOf(reference(values)).reduce((total, output, i) => total + dot(output, cotangents[i]!), 0);
  const differentiated = names.filter((name) => !constant.includes(name));
  const expected = fromNames(differentiated, (name) => centralDifferences(exact, name, loss));

  const owned: { dispose(): void }[] = [];
  const own: Own = (thing) => {
    owned.push(thing);
    return thing;
  };
  for (const asViews of [false, true]) {
    const kind = `${asViews ? 'as views' : 'own blocks'}, seed ${testSeed()}`;
    runtime.scope(() => {
      const blocks = fromNames(names, (name) => blockOf(runtime, inputs[name], asViews));
      const views = () =>
        fromNames(names, (name) => {
          const block = blocks[name];
          return asViews ? block.at(1).reshape(inputs[name].shape) : block;
        });
      runtime.scope(() => {
        listed(op(views(), own)).forEach((output, i) => {
          expectClose(output.toArray(), outputs[i]!, `output ${i} (${kind})`, terms);
        });
      });
      const parameters = new Map(differentiated.map((name) => [name, blocks[name]]));
      const result = runtime.gradients(() => weightedLoss(listed(op(views(), own)), cotangents), parameters);
      expect(result.gradients.size).toBe(parameters.size);
      for (const name of differentiated) {
        const gradient = result.gradients.get(name)!;
        expect(gradient.shape).toEqual(blocks[name].shape);
        const inner = asViews ? gradient.at(1) : gradient;
        expectClose(inner.toArray(), expected[name], `gradient of ${name} (${kind})`, terms);
        if (!asViews) continue;
        for (const side of [0, 2])
          expect(
            gradient
              .at(side)
              .toArray()
              .every((value) => value === 0),
          ).toBe(true);
      }
    });
  }
  for (const thing of owned) thing.dispose();
  expect(runtime.memory.usedBytes, 'memory after the check').toBe(before);
}

/** Normal values of a shape. */
export function normal(random: ReturnType<typeof seededRandom>, shape: readonly number[], scale = 1): Input {
  return {
    shape,
    values: random.normals(
      shape.reduce((a, b) => a * b, 1),
      scale,
    ),
  };
}

/** The input itself, or the middle row of a block of three. */
function blockOf(runtime: TrainingRuntime, { shape, values }: Input, asView: boolean): Tensor {
  if (!asView) return Tensor.from(runtime, values, shape);
  const block = new Float32Array(3 * values.length).fill(7);
  block.set(values, values.length);
  return Tensor.from(runtime, block, [3, values.length]);
}

function centralDifferences<Names extends string>(
  values: Record<Names, Float64Array>,
  name: Names,
  loss: (values: Record<Names, Float64Array>) => number,
): Float64Array {
  return values[name].map((_, i) => {
    const at = (offset: number): number => {
      const moved = values[name].slice();
      moved[i]! += offset;
      return loss({ ...values, [name]: moved });
    };
    return (at(STEP) - at(-STEP)) / (2 * STEP);
  });
}

function outputsOf(result: ArrayLike<number> | ArrayLike<number>[]): ArrayLike<number>[] {
  return Array.isArray(result) && typeof result[0] !== 'number' ? result : [result as ArrayLike<number>];
}

/** Sum of the products. */
function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

function fromNames<Names extends string, Value>(
  names: readonly Names[],
  value: (name: Names) => Value,
): Record<Names, Value> {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Names, Value>;
}
