// Scopes, dispose, and what happens at the limit.
import { expectEqual, expectThrows, expectTrue } from './expectations.js';

export const needs = ['heed'];

export const free = {
  'runs out, and serves what is smaller': async ({
    createRuntime,
    heed: { Linear, matmul, Random, Tensor },
  }) => {
    const runtime = await createRuntime({ maxMemoryBytes: 2 ** 21 });
    const { usedBytes } = runtime.memory;
    const large = () => Tensor.zeros(runtime, [1024, 1024]);
    expectThrows('a tensor', 'OutOfMemoryError', /./, large);
    const layer = () => Linear.create(runtime, { inputs: 1024, outputs: 1024 }, new Random(1));
    expectThrows('a layer', 'OutOfMemoryError', /./, layer);
    const wide = Tensor.zeros(runtime, [700, 1]);
    expectThrows('a product', 'OutOfMemoryError', /./, () => matmul(wide, wide.reshape([1, 700])));
    wide.dispose();
    expectEqual('bytes left behind', runtime.memory.usedBytes - usedBytes, 0);
    const small = matmul(Tensor.from(runtime, [1, 2], [1, 2]), Tensor.from(runtime, [3, 4], [2, 1]));
    expectEqual('a smaller one', small.item(), 11);
    expectTrue('the limit is kept', runtime.memory.capacityBytes <= 2 ** 21);
    runtime.dispose();
  },
};

export const scoped = {
  'a scope keeps what it returns, and frees the rest': ({ runtime, heed: { add, Tensor } }) => {
    const { usedBytes } = runtime.memory;
    let lost;
    const { sums } = runtime.scope(() => {
      lost = Tensor.from(runtime, [1, 2]);
      return { sums: [add(lost, lost), add(lost, lost)] };
    });
    expectEqual(
      'kept',
      sums.map((sum) => Array.from(sum.toArray())),
      [
        [2, 4],
        [2, 4],
      ],
    );
    expectThrows('freed', 'DisposedError', /./, () => lost.toArray());
    for (const sum of sums) sum.dispose();
    expectEqual('bytes', runtime.memory.usedBytes, usedBytes);
  },

  'a scope frees when it throws': ({ runtime, heed: { Tensor } }) => {
    const { usedBytes } = runtime.memory;
    const body = () => {
      Tensor.zeros(runtime, [100]);
      throw new RangeError('own');
    };
    expectThrows('the error', 'RangeError', /own/, () => runtime.scope(body));
    expectEqual('bytes', runtime.memory.usedBytes, usedBytes);
  },

  'a scope is synchronous': ({ runtime }) => {
    expectThrows('async', 'ArgumentError', /synchronous/, () => runtime.scope(async () => {}));
  },

  'views share a block': ({ runtime, heed: { Tensor } }) => {
    const x = Tensor.from(runtime, [1, 2, 3, 4, 5, 6], [3, 2]);
    const views = [x.reshape([6]), x.slice(1, 3), x.at(2)];
    x.set([6, 5, 4, 3, 2, 1]);
    expectEqual(
      'views',
      views.map((view) => Array.from(view.toArray())),
      [
        [6, 5, 4, 3, 2, 1],
        [4, 3, 2, 1],
        [2, 1],
      ],
    );
    views[0].dispose();
    expectThrows('gone', 'DisposedError', /./, () => x.toArray());
  },

  'what persists outlives its scope': ({ runtime, heed: { Tensor } }) => {
    const kept = [];
    runtime.scope(() => void kept.push(Tensor.persistent(runtime, [3])));
    expectEqual('zeros', kept[0].toArray(), [0, 0, 0]);
    kept[0].dispose();
  },

  'a thousand rounds take what one takes': ({ runtime, heed: { softmax, Tensor } }) => {
    const round = () => runtime.scope(() => void softmax(Tensor.zeros(runtime, [64, 64])));
    round();
    const { capacityBytes } = runtime.memory;
    for (let i = 0; i < 1000; i++) round();
    expectEqual('capacity', runtime.memory.capacityBytes, capacityBytes);
  },
};
