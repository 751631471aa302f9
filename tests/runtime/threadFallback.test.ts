/** Where there can be no threads, one does the work, and nothing is thrown, rejected or printed. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArgumentError, OutOfMemoryError } from '../../src/errors.ts';
import { linear } from '../../src/ops/linear.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import { createRuntime, type RuntimeOptions } from '../../src/runtime/load.ts';
import { ThreadPool } from '../../src/runtime/threads.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { simdModule } from './binaries.ts';

const unhandled: unknown[] = [];
const listen = (reason: unknown): void => {
  unhandled.push(reason);
};
let others: NodeJS.UnhandledRejectionListener[];

beforeEach(() => {
  others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', listen);
});

afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off('unhandledRejection', listen);
  for (const other of others) process.on('unhandledRejection', other);
  expect(unhandled.splice(0)).toEqual([]);
});

/** Makes a runtime that must come out with one thread, and computes with it. */
async function expectOneThread(options: RuntimeOptions): Promise<void> {
  const printed = (['log', 'warn', 'error'] as const).map((each) => vi.spyOn(console, each));
  using runtime = await createRuntime({ microKernel: 'loads', ...options });
  expect(runtime.threads).toBe(1);
  const x = Tensor.from(runtime, new Float32Array(97 * 65).fill(1), [97, 65]);
  const weight = new PackedWeight(Tensor.from(runtime, new Float32Array(130 * 65).fill(2), [130, 65]));
  expect(
    linear(x, weight)
      .toArray()
      .every((value) => value === 130),
  ).toBe(true);
  for (const print of printed) expect(print).not.toHaveBeenCalled();
}

/** A host with this Worker, and none of Node's. */
function stubWorker(Worker: unknown): void {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  vi.stubGlobal('Worker', Worker);
}

/** A browser's Worker, as the pool uses it. */
abstract class FakeWorker {
  static ended = 0;
  onmessage: (() => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  abstract postMessage(message: unknown): void;
  terminate(): void {
    FakeWorker.ended++;
  }
}

describe('threads: 2 gives one thread', () => {
  it('to a given module', async () => {
    const start = vi.spyOn(ThreadPool, 'start');
    await expectOneThread({ threads: 2, module: simdModule() });
    expect(start).not.toHaveBeenCalled();
  });

  it('to a page that is not isolated, without trying', async () => {
    vi.stubGlobal('crossOriginIsolated', false);
    const start = vi.spyOn(ThreadPool, 'start');
    await expectOneThread({ threads: 2 });
    expect(start).not.toHaveBeenCalled();
  });

  it('without SharedArrayBuffer', async () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    await expectOneThread({ threads: 2 });
  });

  it('where the engine refuses shared memory', async () => {
    const { Memory } = WebAssembly;
    vi.stubGlobal('WebAssembly', {
      ...Object.fromEntries(
        Object.getOwnPropertyNames(WebAssembly).map((name) => [name, Reflect.get(WebAssembly, name)]),
      ),
      Memory: class {
        constructor(descriptor: WebAssembly.MemoryDescriptor) {
          if (descriptor.shared) throw new RangeError('could not allocate memory');
          // biome-ignore lint/correctness/noConstructorReturn: a proxy of the engine's
          return new Memory(descriptor);
        }
      },
    });
    await expectOneThread({ threads: 2 });
  });

  it('without any kind of worker', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
    await expectOneThread({ threads: 2 });
  });

  it('in a Node that is too old to say where its workers are', async () => {
    vi.stubGlobal('process', { ...process, versions: process.versions, getBuiltinModule: undefined });
    await expectOneThread({ threads: 2 });
  });

  it('where workers are refused', async () => {
    stubWorker(
      class {
        constructor() {
          throw new DOMException('refused by the content security policy', 'SecurityError');
        }
      },
    );
    await expectOneThread({ threads: 3 });
  });

  it('where the second worker is refused: the first is ended', async () => {
    let made = 0;
    FakeWorker.ended = 0;
    stubWorker(
      class extends FakeWorker {
        constructor() {
          super();
          if (++made === 2) throw new Error('too many');
        }
        postMessage(): void {
          setTimeout(() => this.onerror?.(new Error('late')), 1);
        }
      },
    );
    await expectOneThread({ threads: 3 });
    expect(FakeWorker.ended).toBe(1);
  });

  it('where workers start and fail', async () => {
    FakeWorker.ended = 0;
    stubWorker(
      class extends FakeWorker {
        postMessage(): void {
          queueMicrotask(() => this.onerror?.(new Event('error')));
        }
      },
    );
    await expectOneThread({ threads: 4 });
    expect(FakeWorker.ended).toBe(3);
  });

  it('where memory cannot be sent', async () => {
    FakeWorker.ended = 0;
    stubWorker(
      class extends FakeWorker {
        postMessage(): void {
          throw new DOMException('SharedArrayBuffer transfer requires isolation', 'DataCloneError');
        }
      },
    );
    await expectOneThread({ threads: 3 });
    expect(FakeWorker.ended).toBe(1);
  });

  it('where workers never answer, after ten seconds', async () => {
    FakeWorker.ended = 0;
    stubWorker(
      class extends FakeWorker {
        postMessage(): void {}
      },
    );
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let made = false;
    const making = expectOneThread({ threads: 3 }).then(() => {
      made = true;
    });
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1), { interval: 1 });
    await vi.advanceTimersByTimeAsync(9_990);
    expect([made, FakeWorker.ended]).toEqual([false, 0]);
    await vi.advanceTimersByTimeAsync(20);
    vi.useRealTimers();
    await making;
    expect(FakeWorker.ended).toBe(2);
  });
});

describe('the number of threads', () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2', null, true, {}])(
    '%j is refused',
    async (threads) => {
      const start = vi.spyOn(ThreadPool, 'start');
      const refused = new ArgumentError(`createRuntime: threads must be a positive integer, got ${threads}`);
      await expect(createRuntime({ threads: threads as number })).rejects.toThrow(refused);
      await expect(createRuntime({ threads: threads as number, module: simdModule() })).rejects.toThrow(
        refused,
      );
      expect(start).not.toHaveBeenCalled();
    },
  );

  it('1 starts none', async () => {
    const start = vi.spyOn(ThreadPool, 'start');
    await expectOneThread({ threads: 1 });
    expect(start).not.toHaveBeenCalled();
  });
});

describe('maxMemoryBytes with threads', () => {
  it.each([0, -1, Number.NaN])('%d is refused before a thread is started', async (maxMemoryBytes) => {
    const start = vi.spyOn(ThreadPool, 'start');
    await expect(createRuntime({ threads: 2, maxMemoryBytes })).rejects.toThrow(ArgumentError);
    expect(start).not.toHaveBeenCalled();
  });

  it.each([1, 2 ** 16, 2 ** 18, 2 ** 20 + 1])('%d is kept to', async (maxMemoryBytes) => {
    using runtime = await createRuntime({ threads: 2, maxMemoryBytes });
    expect(runtime.threads).toBe(2);
    expect(() => Tensor.zeros(runtime, [2 ** 18])).toThrow(OutOfMemoryError);
    expect(runtime.memory.capacityBytes).toBeLessThanOrEqual(Math.max(2 ** 18, maxMemoryBytes));
    if (maxMemoryBytes < 2 ** 20) return;
    expect(
      Tensor.zeros(runtime, [2 ** 16])
        .at(2 ** 16 - 1)
        .item(),
    ).toBe(0);
  });
});
