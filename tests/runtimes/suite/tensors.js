// Tensors: what goes in comes out, and what does not fit is refused.
import { expectEqual, expectThrows, expectTrue } from './expectations.js';

export const needs = ['heed'];

export const scoped = {
  'hold floats and integers': ({ runtime, heed: { Tensor } }) => {
    const floats = Tensor.from(runtime, [0.5, -0, 1e-40, Infinity], [2, 2]);
    expectEqual('shape', [floats.shape, floats.size, floats.dtype], [[2, 2], 4, 'f32']);
    const values = floats.toFloat32Array();
    expectTrue('minus zero stays', Object.is(values[1], -0));
    expectTrue('subnormals stay', values[2] === Math.fround(1e-40));
    const integers = Tensor.from(runtime, [2 ** 31 - 1, -(2 ** 31)], [2], 'i32');
    expectEqual('integers', integers.toArray(), [2 ** 31 - 1, -(2 ** 31)]);
    expectEqual('a scalar', Tensor.from(runtime, [7], []).item(), 7);
    expectEqual('zeros', Tensor.zeros(runtime, [3]).toArray(), [0, 0, 0]);
    expectEqual('empty', Tensor.empty(runtime, [0, 5]).toArray(), []);
  },

  'refuse what does not fit': ({ runtime, heed: { Tensor } }) => {
    const x = Tensor.zeros(runtime, [2, 3]);
    expectThrows('values', 'ShapeError', /needs 6 values, got 5/, () =>
      Tensor.from(runtime, [1, 2, 3, 4, 5], [2, 3]),
    );
    expectThrows('set', 'ShapeError', /needs 6/, () => x.set([1]));
    expectThrows('axis', 'ShapeError', /./, () => Tensor.zeros(runtime, [2, -1]));
    expectThrows('fraction', 'DTypeError', /whole numbers/, () => Tensor.from(runtime, [0.5], [1], 'i32'));
    expectThrows('reshape', 'ShapeError', /6 elements/, () => x.reshape([4]));
    expectThrows('slice', 'ArgumentError', /from <= to/, () => x.slice(1, 4));
    expectThrows('item', 'ShapeError', /one element/, () => x.item());
    expectThrows('dtype', 'DTypeError', /./, () => Tensor.zeros(runtime, [1], 'i32').toFloat32Array());
  },

  'random numbers are the same everywhere': ({ heed: { Random } }) => {
    const random = new Random(1);
    expectEqual('bits', [random.bits(), random.bits(), random.bits()], RANDOM_BITS);
    expectEqual('shuffled', new Random(5).shuffle([1, 2, 3, 4, 5, 6]), SHUFFLED);
    const again = new Random(random.state);
    expectEqual('resumed', again.uniform(), random.uniform());
    expectThrows('below', 'ArgumentError', /below/, () => random.integer(0));
  },
};

/** By the constants of splitmix32, in Node. */
const RANDOM_BITS = [1580013426, 350525680, 3524174333];
const SHUFFLED = [4, 2, 3, 1, 6, 5];
