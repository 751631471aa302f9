// What the engine is found to be, and how a runtime is made on it.
import { expectEqual, expectRejects, expectThrows, expectTrue } from './expectations.js';

export const needs = ['heed'];

export const free = {
  'finds the variant': async ({ createRuntime, host }) => {
    const runtime = await createRuntime();
    // A given module's variant only the caller knows.
    if (!host.runtimeOptions?.module) expectEqual('variant', runtime.variant, host.variant);
    expectEqual('threads', runtime.threads, 1);
    runtime.dispose();
  },

  'takes each variant by name': async ({ createRuntime, heed, host }) => {
    const simd = await createRuntime({ variant: 'simd' });
    expectEqual('variant', simd.variant, 'simd');
    expectTrue('is a Runtime', simd instanceof heed.Runtime);
    simd.dispose();
    if (host.variant === 'relaxed') {
      const relaxed = await createRuntime({ variant: 'relaxed' });
      expectEqual('variant', relaxed.variant, 'relaxed');
      relaxed.dispose();
    } else if (!host.runtimeOptions?.module) {
      await expectRejects('relaxed', 'UnsupportedError', /relaxed/, createRuntime({ variant: 'relaxed' }));
    }
  },

  'refuses options that are none': async ({ heed: { createRuntime, createRuntimeSync } }) => {
    await expectRejects(
      'variant',
      'ArgumentError',
      /variant must be one of/,
      createRuntime({ variant: 'mmx' }),
    );
    await expectRejects('threads', 'ArgumentError', /threads must be/, createRuntime({ threads: 0 }));
    await expectRejects('module', 'ArgumentError', /module/, createRuntime({ module: {} }));
    await expectRejects('kernel', 'ArgumentError', /microKernel/, createRuntime({ microKernel: 'none' }));
    expectThrows('sync', 'ArgumentError', /module/, () => createRuntimeSync({}));
  },

  'lives beside another runtime': async ({ createRuntime, heed: { add, Tensor } }) => {
    const [one, other] = [await createRuntime(), await createRuntime()];
    const x = Tensor.from(one, [1, 2, 3]);
    const y = Tensor.from(other, [4, 5, 6]);
    expectThrows('a stranger', 'ArgumentError', /another runtime/, () => add(x, y));
    other.dispose();
    expectEqual('the one that is left', add(x, x).toArray(), [2, 4, 6]);
    expectThrows('the one that is gone', 'DisposedError', /./, () => y.toArray());
    expectThrows('a new tensor', 'DisposedError', /./, () => Tensor.from(other, [1]));
    one.dispose();
    one.dispose();
  },

  'has errors that are what they say': ({ heed }) => {
    const { ArgumentError, DisposedError, DivergenceError, DTypeError, FormatError } = heed;
    const { NetworkError, OutOfMemoryError, ShapeError, UnsupportedError, WorkerError } = heed;
    const kinds = { ArgumentError, DisposedError, DivergenceError, DTypeError };
    Object.assign(kinds, { OutOfMemoryError, ShapeError, UnsupportedError, WorkerError });
    for (const [name, Kind] of Object.entries(kinds)) {
      const error = new Kind('message');
      expectEqual(name, [error.name, error.message, error instanceof Error], [name, 'message', true]);
    }
    expectEqual('problems', new FormatError(['one', 'two']).problems, ['one', 'two']);
    const network = new NetworkError('gone', { url: 'https://example.org', status: 503, attempts: 2 });
    expectEqual('about', [network.url, network.status, network.attempts], ['https://example.org', 503, 2]);
  },
};
