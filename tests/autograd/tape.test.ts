import { describe, expect, it } from 'vitest';
import { gradients as gradientsOf, isRecording, record } from '../../src/autograd/tape.ts';
import { ArgumentError, OutOfMemoryError, ShapeError, UnsupportedError } from '../../src/errors.ts';
import { add, exp, multiply, scale, sum, tanh } from '../../src/ops/elementwise.ts';
import { linear } from '../../src/ops/linear.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import { createRuntime } from '../../src/runtime/load.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

describe.each(variants)('gradients, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const of = (values: readonly number[], shape: readonly number[] = [values.length]) =>
    Tensor.from(runtime, values, shape);
  const named = (entries: Record<string, Tensor>) => new Map(Object.entries(entries));

  it('returns the loss and one gradient of each parameter, in its shape', () => {
    runtime.scope(() => {
      const x = of([1, 2, 3, 4], [2, 2]);
      const unused = of([5], []);
      const { loss, gradients } = runtime.gradients(() => sum(multiply(x, x)), named({ x, unused }));
      expect(loss).toBe(30);
      expect([...gradients.keys()]).toEqual(['x', 'unused']);
      expect(gradients.get('x')!.shape).toEqual([2, 2]);
      expect([...gradients.get('x')!.toArray()]).toEqual([2, 4, 6, 8]);
      expect(gradients.get('unused')!.shape).toEqual([]);
      expect(gradients.get('unused')!.item()).toBe(0);
    });
  });

  it('a loss that is itself a parameter, or a part of one', () => {
    runtime.scope(() => {
      const x = of([3, 4, 5]);
      const whole = runtime.gradients(() => x.slice(1, 2), named({ x }));
      expect(whole.loss).toBe(4);
      expect([...whole.gradients.get('x')!.toArray()]).toEqual([0, 1, 0]);
    });
  });

  it('a loss that depends on no parameter', () => {
    runtime.scope(() => {
      const x = of([3]);
      const y = of([2]);
      const { loss, gradients } = runtime.gradients(() => sum(exp(y)), named({ x }));
      expect(loss).toBeCloseTo(Math.exp(2), 5);
      expect(gradients.get('x')!.item()).toBe(0);
    });
  });

  it('follows views of views to where they lie in their block', () => {
    runtime.scope(() => {
      const x = of([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]);
      const { gradients } = runtime.gradients(() => {
        const middle = x.slice(1, 4);
        const doubled = scale(middle.reshape([6]), 2);
        return add(sum(doubled.reshape([3, 2]).at(1)), sum(x.at(3)));
      }, named({ x }));
      expect([...gradients.get('x')!.toArray()]).toEqual([0, 0, 0, 0, 2, 2, 1, 1]);
    });
  });

  it('a parameter that is a view: its block is differentiated, the view returned', () => {
    runtime.scope(() => {
      const block = of([1, 2, 3, 4], [2, 2]);
      const { gradients } = runtime.gradients(() => sum(multiply(block, block)), named({ row: block.at(1) }));
      expect(gradients.get('row')!.shape).toEqual([2]);
      expect([...gradients.get('row')!.toArray()]).toEqual([6, 8]);
    });
  });

  it('scopes inside the body keep temporaries for the way back', () => {
    runtime.scope(() => {
      const x = of([0.5, -0.5]);
      const flat = runtime.gradients(() => sum(tanh(exp(tanh(x)))), named({ x }));
      const before = runtime.memory.usedBytes;
      const nested = runtime.scope(() =>
        runtime.gradients(
          () => runtime.scope(() => sum(runtime.scope(() => tanh(runtime.scope(() => exp(tanh(x))))))),
          named({ x }),
        ),
      );
      expect(nested.loss).toBe(flat.loss);
      expect(nested.gradients.get('x')!.toArray()).toEqual(flat.gradients.get('x')!.toArray());
      nested.gradients.get('x')!.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });

  it('outside any scope the gradients belong to the caller, and nothing else is left', () => {
    const x = of([1, 2, 3]);
    const before = runtime.memory.usedBytes;
    const { gradients } = runtime.gradients(() => sum(exp(tanh(x))), named({ x }));
    expect(runtime.memory.usedBytes).toBeGreaterThan(before);
    gradients.get('x')!.dispose();
    expect(runtime.memory.usedBytes).toBe(before);
    x.dispose();
  });

  describe('failing midway leaves the runtime usable and the memory as it was', () => {
    const cases: [string, (x: Tensor) => Tensor, unknown][] = [
      [
        'in the body',
        (x) => {
          exp(x);
          throw new Error('mine');
        },
        new Error('mine'),
      ],
      [
        'in an op',
        (x) => add(exp(x), x.slice(0, 1)),
        new ShapeError('add: shapes differ: a is [3], b is [1]'),
      ],
      [
        'by a loss that is no scalar',
        (x) => exp(x),
        new ArgumentError('gradients: the loss must have one element, its shape is [3]'),
      ],
      [
        'by nesting',
        (x) => runtime.gradients(() => sum(x), named({ x })).gradients.get('x')!,
        new ArgumentError('gradients: cannot be nested'),
      ],
      [
        'on the way back',
        (x) => {
          const y = sum(exp(x));
          record([y], [x], () => {
            throw new Error('backwards');
          });
          return y;
        },
        new Error('backwards'),
      ],
    ];

    it.each(cases)('%s', (_, body, error) => {
      const x = of([1, 2, 3]);
      const before = runtime.memory.usedBytes;
      for (const run of [(f: () => unknown) => f(), (f: () => unknown) => runtime.scope(f)]) {
        expect(() => run(() => runtime.gradients(() => body(x), named({ x })))).toThrow(error as Error);
        expect(isRecording(runtime)).toBe(false);
        expect(runtime.memory.usedBytes).toBe(before);
      }
      const { gradients } = runtime.gradients(() => sum(multiply(x, x)), named({ x }));
      expect([...gradients.get('x')!.toArray()]).toEqual([2, 4, 6]);
      gradients.get('x')!.dispose();
      x.dispose();
    });
  });

  it('running out of memory midway leaves the runtime usable', async () => {
    const small = await trainingRuntime({ variant, maxMemoryBytes: 2 ** 20 });
    const x = Tensor.zeros(small, [20_000]);
    const before = small.memory.usedBytes;
    const grow = () => {
      let y = x;
      for (let i = 0; i < 100; i++) y = exp(scale(y, 0.1));
      return sum(y);
    };
    expect(() => small.gradients(grow, named({ x }))).toThrow(OutOfMemoryError);
    expect(small.memory.usedBytes).toBe(before);
    const { gradients } = small.gradients(() => sum(exp(x)), named({ x }));
    expect(
      gradients
        .get('x')!
        .toArray()
        .every((value) => value === 1),
    ).toBe(true);
  });

  it('running out of memory on the way back, at any point, leaks nothing', async () => {
    const weights = 64 * 64;
    for (let limit = 100_000; limit < 420_000; limit += 16_384) {
      const small = await trainingRuntime({ variant, maxMemoryBytes: limit });
      const before = small.memory.usedBytes;
      let packed: PackedWeight | undefined;
      try {
        small.scope(() => {
          const w = Tensor.from(small, new Float32Array(weights).fill(0.01), [64, 64]);
          const x = Tensor.zeros(small, [64, 64]);
          const weight = new PackedWeight(w);
          packed = weight;
          small.gradients(() => sum(linear(linear(x, weight), weight)), named({ w, x }));
        });
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfMemoryError);
      }
      packed?.dispose();
      expect(small.memory.usedBytes, `limit ${limit}`).toBe(before);
    }
  });

  it('records nothing for inputs that need no gradient', () => {
    runtime.scope(() => {
      const x = of([1, 2]);
      const y = of([3, 4]);
      let replayed = 0;
      runtime.gradients(() => {
        const product = multiply(y, y);
        record([product], [y], () => {
          replayed++;
        });
        return sum(add(product, x));
      }, named({ x }));
      expect(replayed).toBe(0);
    });
  });

  it('needs the training binary', async () => {
    const inference = await createRuntime({ variant });
    const x = Tensor.zeros(inference, [2]);
    const before = inference.memory.usedBytes;
    expect(() => gradientsOf(inference, () => sum(x), named({ x }))).toThrow(UnsupportedError);
    expect(inference.memory.usedBytes).toBe(before);
    expect(isRecording(inference)).toBe(false);
  });
});
