import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { testSeed } from '../support/random.ts';
import { testRuntime } from './runtime.ts';

const runtime = testRuntime();
afterAll(() => runtime.dispose());

/** What a tensor should be: its elements' positions in the first tensor, and a shape. */
interface Model {
  readonly positions: readonly number[];
  readonly shape: Shape;
}

/** All ways to write a size as two or three factors, and flat. */
function shapesOf(size: number): number[][] {
  const shapes = [[size], [1, size], [size, 1]];
  for (let a = 2; a < size; a++) {
    if (size % a !== 0) continue;
    shapes.push([a, size / a]);
    if ((size / a) % 2 === 0) shapes.push([a, 2, size / a / 2]);
  }
  if (size === 1) shapes.push([]);
  if (size === 0) shapes.push([0, 7], [3, 0], [0, 0, 2]);
  return shapes;
}

/** Rows [from, to) of a row-major array. */
function rows({ positions, shape }: Model, from: number, to: number): Model {
  const rest = shape.slice(1);
  const size = rest.reduce((product, extent) => product * extent, 1);
  return { positions: positions.slice(from * size, to * size), shape: [to - from, ...rest] };
}

const extents = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 0, maxLength: 4 });
const choice = fc.record({ kind: fc.constantFrom('reshape', 'slice', 'at'), a: fc.nat(), b: fc.nat() });

it('any chain of reshape, slice and at shows the elements that plain arrays show', () => {
  const property = fc.property(
    extents,
    fc.array(choice, { maxLength: 12 }),
    fc.constantFrom('f32', 'i32'),
    (shape, steps, dtype) => {
      runtime.scope(() => {
        const size = sizeOf(shape);
        const values = Array.from({ length: size }, (_, i) => 3 * i - 100);
        const whole = Tensor.from(runtime, values, shape, dtype as 'f32' | 'i32');
        const { usedBytes } = runtime.memory;
        let tensor = whole;
        let model: Model = { positions: values.map((_, i) => i), shape };
        for (const { kind, a, b } of steps) {
          const extent = model.shape[0];
          if (kind === 'reshape') {
            const possible = shapesOf(model.positions.length);
            const next = possible[a % possible.length]!;
            tensor = tensor.reshape(next);
            model = { positions: model.positions, shape: next };
          } else if (extent === undefined || (kind === 'at' && extent === 0)) {
            const error = extent === undefined ? 'ShapeError' : 'ArgumentError';
            expect(() => tensor.at(0)).toThrow(expect.objectContaining({ name: error }));
          } else if (kind === 'slice') {
            const [from, to] = [a % (extent + 1), b % (extent + 1)].sort((x, y) => x - y) as [number, number];
            tensor = tensor.slice(from, to);
            model = rows(model, from, to);
          } else {
            tensor = tensor.at(a % extent);
            const row = rows(model, a % extent, (a % extent) + 1);
            model = { positions: row.positions, shape: row.shape.slice(1) };
          }
          expect(tensor.shape).toEqual(model.shape);
          expect(tensor.size).toBe(model.positions.length);
          expect([...tensor.toArray()]).toEqual(model.positions.map((position) => values[position]));
        }
        expect(runtime.memory.usedBytes).toBe(usedBytes);
        tensor.set(new Array(tensor.size).fill(7));
        for (const position of model.positions) values[position] = 7;
        expect([...whole.toArray()]).toEqual(values);
      });
    },
  );
  fc.assert(property, { seed: testSeed(), numRuns: 300 });
  expect(runtime.memory.usedBytes).toBe(0);
});

it('reshape there and back, and slices side by side, are the tensor', () => {
  const property = fc.property(
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 0, max: 5 }),
    fc.nat(),
    (count, width, cut) => {
      runtime.scope(() => {
        const values = Float32Array.from({ length: count * width }, (_, i) => Math.sin(i));
        const tensor = Tensor.from(runtime, values, [count, width]);
        expect(tensor.reshape([width, count]).reshape([count, width]).toArray()).toEqual(values);
        const at = cut % (count + 1);
        const parts = [tensor.slice(0, at), tensor.slice(at, count)].flatMap((part) => [...part.toArray()]);
        expect(Float32Array.from(parts)).toEqual(values);
        for (let i = 0; i < count; i++) {
          expect(tensor.at(i).toArray()).toEqual(
            tensor
              .slice(i, i + 1)
              .reshape([width])
              .toArray(),
          );
        }
      });
    },
  );
  fc.assert(property, { seed: testSeed(), numRuns: 200 });
});
