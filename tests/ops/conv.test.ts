import { describe, expect, it } from 'vitest';
import { ArgumentError, DisposedError, DTypeError, ShapeError } from '../../src/errors.ts';
import { activations } from '../../src/ops/activation.ts';
import { type ConvOptions, conv1d, conv2d } from '../../src/ops/conv.ts';
import { matmul } from '../../src/ops/matmul.ts';
import type { Extent2d } from '../../src/ops/window.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import * as reference from '../reference/conv.ts';
import { checkOp, expectClose, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

type Four = readonly [number, number, number, number];

const both = (value: Extent2d): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

/** x, weight and options of a convolution. */
interface Case {
  readonly x: Four;
  readonly weight: Four;
  readonly options: ConvOptions;
}

const cases: readonly Case[] = [
  { x: [1, 1, 1, 1], weight: [1, 1, 1, 1], options: {} },
  { x: [0, 2, 3, 3], weight: [3, 2, 2, 2], options: {} },
  { x: [2, 3, 5, 7], weight: [4, 3, 3, 3], options: { padding: 1 } },
  { x: [2, 2, 6, 9], weight: [5, 2, 3, 2], options: { stride: [1, 2], padding: [1, 0] } },
  { x: [1, 2, 9, 12], weight: [2, 2, 3, 3], options: { dilation: 2, padding: 2 } },
  { x: [2, 4, 5, 5], weight: [6, 2, 3, 3], options: { groups: 2, padding: 1, stride: 2 } },
  { x: [1, 3, 4, 11], weight: [3, 1, 2, 5], options: { groups: 3, padding: [0, 2] } },
  { x: [1, 2, 8, 8], weight: [3, 2, 4, 4], options: { stride: 4 } },
  { x: [2, 2, 3, 3], weight: [2, 2, 7, 7], options: { padding: 3 } },
];

describe.each(variants)('convolution ops, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  const expected = (
    { x, weight, options }: Case,
    t: { x: ArrayLike<number>; w: ArrayLike<number>; b?: ArrayLike<number> },
  ) =>
    reference.conv(t.x, t.w, t.b ?? null, x, weight[0], options.groups ?? 1, {
      kernel: [weight[2], weight[3]],
      stride: both(options.stride ?? 1),
      padding: both(options.padding ?? 0),
      dilation: both(options.dilation ?? 1),
    });

  it.each(cases)('conv2d and its gradients: $x by $weight, $options', (shapes) => {
    const { x: xShape, weight, options } = shapes;
    const [x, w, b] = [normal(random, xShape), normal(random, weight), normal(random, [weight[0]])];
    checkOp(runtime, {
      inputs: { x, w, b },
      op: (t) => conv2d(t.x, t.w, t.b, options),
      reference: (t) => expected(shapes, t),
      terms: 256,
    });
    checkOp(runtime, {
      inputs: { x, w },
      op: (t) => conv2d(t.x, t.w, undefined, options),
      reference: (t) => expected(shapes, t),
      terms: 256,
    });
  });

  it.each([1, 3, 16, 33])('conv1d and its gradients, %i long', (length) => {
    const [x, w, b] = [normal(random, [2, 3, length]), normal(random, [4, 3, 3]), normal(random, [4])];
    const options = { padding: 2, stride: 1, dilation: 2 };
    checkOp(runtime, {
      inputs: { x, w, b },
      op: (t) => conv1d(t.x, t.w, t.b, options),
      reference: (t) =>
        expected(
          {
            x: [2, 3, 1, length],
            weight: [4, 3, 1, 3],
            options: { padding: [0, 2], dilation: [1, 2] },
          },
          t,
        ),
    });
  });

  it('applies the activation, whether gradients are recorded or not', () => {
    const [x, w, b] = [normal(random, [2, 2, 5, 6]), normal(random, [3, 2, 3, 3]), normal(random, [3])];
    for (const activation of ['relu', 'tanh', 'gelu'] as const) {
      runtime.scope(() => {
        const [tx, tw, tb] = [x, w, b].map(({ values, shape }) => Tensor.from(runtime, values, shape)) as [
          Tensor,
          Tensor,
          Tensor,
        ];
        const fused = conv2d(tx, tw, tb, { activation });
        const apart = activations[activation](conv2d(tx, tw, tb));
        expect(fused.toArray()).toEqual(apart.toArray());
        const losses = [false, true].map((together) =>
          runtime.gradients(
            () => {
              const y = together
                ? conv2d(tx, tw, tb, { activation })
                : activations[activation](conv2d(tx, tw, tb));
              const flat = y.reshape([1, y.size]);
              return matmul(flat, flat, { transposeB: true }).reshape([]);
            },
            new Map([['w', tw]]),
          ),
        );
        expect(losses[1]!.gradients.get('w')!.toArray()).toEqual(losses[0]!.gradients.get('w')!.toArray());
      });
    }
  });

  it('takes more positions than a block of patches holds', () => {
    const shapes: Case = { x: [1, 40, 30, 31], weight: [3, 40, 3, 3], options: { padding: 1 } };
    const [x, w] = [normal(random, shapes.x), normal(random, shapes.weight)];
    runtime.scope(() => {
      const tensors = [x, w].map(({ values, shape }) => Tensor.from(runtime, values, shape)) as [
        Tensor,
        Tensor,
      ];
      const y = conv2d(tensors[0], tensors[1], undefined, shapes.options);
      expectClose(y.toArray(), expected(shapes, { x: x.values, w: w.values }), 'y', 360);
      // The gradient towards x of the sum of y * c is the convolution of c with the kernel turned round.
      const c = normal(random, y.shape);
      const { gradients } = runtime.gradients(
        () => {
          const out = conv2d(tensors[0], tensors[1], undefined, shapes.options);
          const weights = Tensor.from(runtime, c.values, [c.values.length, 1]);
          return matmul(out.reshape([1, c.values.length]), weights).reshape([]);
        },
        new Map([
          ['x', tensors[0]],
          ['w', tensors[1]],
        ]),
      );
      const turned = new Float64Array(w.values.length);
      w.values.forEach((value, i) => {
        const [o, inner, k] = [Math.floor(i / 360), Math.floor(i / 9) % 40, i % 9];
        turned[(inner * 3 + o) * 9 + 8 - k] = value;
      });
      const gradX = reference.conv(c.values, turned, null, [1, 3, 30, 31], 40, 1, {
        kernel: [3, 3],
        stride: [1, 1],
        padding: [1, 1],
        dilation: [1, 1],
      });
      expectClose(gradients.get('x')!.toArray(), gradX, 'gradient of x', 27);
      const window = { kernel: [3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1] } as const;
      const indices = reference.patchIndices(40, 30, 31, window, 31, 0, 930);
      const patches = reference.im2col(x.values, indices, 930, 930);
      const gradW = Float64Array.from({ length: 3 * 360 }, (_, at) => {
        let sum = 0;
        for (let p = 0; p < 930; p++) {
          sum += c.values[Math.floor(at / 360) * 930 + p]! * patches[(at % 360) * 930 + p]!;
        }
        return sum;
      });
      expectClose(gradients.get('w')!.toArray(), gradW, 'gradient of w', 930);
    });
  });

  it('does not depend on what else is in the batch', () => {
    const [x, w] = [normal(random, [3, 2, 7, 9]), normal(random, [5, 2, 3, 3])];
    runtime.scope(() => {
      const weight = Tensor.from(runtime, w.values, w.shape);
      const whole = Tensor.from(runtime, x.values, x.shape);
      const all = conv2d(whole, weight, undefined, { padding: 1 });
      for (let i = 0; i < 3; i++) {
        const one = conv2d(whole.slice(i, i + 1), weight, undefined, { padding: 1 });
        expect(one.toArray()).toEqual(all.slice(i, i + 1).toArray());
      }
    });
  });

  it('refuses what does not fit, and leaks nothing', () => {
    const before = runtime.memory.usedBytes;
    runtime.scope(() => {
      const x = Tensor.zeros(runtime, [1, 4, 5, 5]);
      const w = Tensor.zeros(runtime, [6, 4, 3, 3]);
      const used = runtime.memory.usedBytes;
      const calls: [() => unknown, Error][] = [
        [
          () => conv2d(x.reshape([4, 5, 5]), w),
          new ShapeError('conv2d: x must be [*, *, *, *], got [4, 5, 5]'),
        ],
        [
          () => conv2d(x, w.reshape([6, 2, 6, 3])),
          new ShapeError('conv2d: x has 4 channels, so weight must be [6, 4, ...kernel], got [6, 2, 6, 3]'),
        ],
        [
          () => conv2d(x, w, undefined, { groups: 3 }),
          new ArgumentError('conv2d: groups must divide the 4 channels of x and the 6 of the weight, got 3'),
        ],
        [
          () => conv2d(x, w, undefined, { stride: 0 }),
          new ArgumentError('conv2d: stride must be integers of at least 1, got 0'),
        ],
        [
          () => conv2d(x, w, undefined, { padding: [1, -1] }),
          new ArgumentError('conv2d: padding must be integers of at least 0, got 1,-1'),
        ],
        [
          () => conv2d(x, w, undefined, { dilation: 1.5 }),
          new ArgumentError('conv2d: dilation must be integers of at least 1, got 1.5'),
        ],
        [
          () => conv2d(x, w, undefined, { dilation: 3 }),
          new ShapeError('conv2d: a window of 7 does not fit in 5 with a padding of 0'),
        ],
        [
          () => conv2d(x, w, undefined, { activation: 'x' as 'relu' }),
          new ArgumentError(
            'conv2d: activation must be one of none, relu, gelu, silu, tanh, sigmoid, geluTanh, got x',
          ),
        ],
        [() => conv2d(x, w, x.reshape([100])), new ShapeError('conv2d: bias must be [6], got [100]')],
        [() => conv1d(x, w), new ShapeError('conv1d: x must be [*, *, *], got [1, 4, 5, 5]')],
      ];
      for (const [call, error] of calls) expect(call).toThrow(error);
      expect(runtime.memory.usedBytes).toBe(used);
      expect(() => conv2d(Tensor.zeros(runtime, [1, 4, 5, 5], 'i32'), w)).toThrow(DTypeError);
      const gone = Tensor.zeros(runtime, [6]);
      const { usedBytes } = runtime.memory;
      gone.dispose();
      expect(() => conv2d(x, w, gone)).toThrow(DisposedError);
      expect(runtime.memory.usedBytes).toBe(usedBytes - 32);
    });
    expect(runtime.memory.usedBytes).toBe(before);
  });
});
