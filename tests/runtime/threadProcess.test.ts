/** What threads do to the process: each case in one of its own. */
import { describe, expect, it, vi } from 'vitest';
import { linear } from '../../src/ops/linear.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import { createRuntime } from '../../src/runtime/load.ts';
import { ThreadPool } from '../../src/runtime/threads.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { runChild } from '../support/child.ts';

/** Makes a runtime with three threads; `work()` runs a product that is split and returns whether it is right. */
const PREPARED = `
  import { createRuntime } from '/src/runtime/load.ts';
  import { linear } from '/src/ops/linear.ts';
  import { PackedWeight } from '/src/ops/packedWeight.ts';
  import { Tensor } from '/src/tensor/tensor.ts';
  const runtime = await createRuntime({ threads: 3, microKernel: 'loads' });
  if (runtime.threads !== 3) throw new Error('no threads');
  const work = () => runtime.scope(() => {
    const x = Tensor.from(runtime, new Float32Array(97 * 65).fill(1), [97, 65]);
    const weight = new PackedWeight(Tensor.from(runtime, new Float32Array(130 * 65).fill(2), [130, 65]));
    const right = linear(x, weight).toArray().every((value) => value === 130);
    weight.dispose();
    return right;
  });
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
`;

describe.concurrent('a process with threads', () => {
  it('ends by itself, the runtime not disposed of', async () => {
    const program = `${PREPARED}
      const ended = Date.now();
      process.on('exit', () => console.log(work(), Date.now() - ended < 2000));`;
    expect(await runChild(program)).toEqual({ code: 0, stdout: 'true true\n', stderr: '' });
  });

  it('ends at once after dispose', async () => {
    const program = `${PREPARED}
      console.log(work());
      runtime.dispose();
      runtime.dispose();
      const disposed = Date.now();
      process.on('exit', () => console.log(Date.now() - disposed < 1000));`;
    expect(await runChild(program)).toEqual({ code: 0, stdout: 'true\ntrue\n', stderr: '' });
  });

  it('does not compute while it is idle', async () => {
    const program = `${PREPARED}
      console.log(work());
      await pause(50);
      const [cpu, wall] = [process.cpuUsage(), performance.now()];
      await pause(500);
      const { user, system } = process.cpuUsage(cpu);
      console.log((user + system) / 1000 / (performance.now() - wall));`;
    const { stdout } = await runChild(program);
    const [right, share] = stdout.split('\n');
    console.log(`idle threads take ${(100 * Number(share)).toFixed(1)} % of a core`);
    expect(right).toBe('true');
    expect(Number(share)).toBeLessThan(0.2);
  });

  it('has its memory grow in all threads where every access is checked', async () => {
    const program = `${PREPARED}
      const results = [work()];
      for (let i = 0; i < 20; i++) {
        Tensor.empty(runtime, [runtime.memory.capacityBytes / 32]);
        results.push(work());
      }
      console.log(results.every(Boolean), runtime.memory.capacityBytes > 2 ** 20);`;
    const ended = await runChild(program, ['--disable-wasm-trap-handler']);
    expect(ended).toEqual({ code: 0, stdout: 'true true\n', stderr: '' });
  });

  it('has one where it has no SharedArrayBuffer, silently', async () => {
    const program = `
      import { createRuntime } from '/src/runtime/load.ts';
      const threads = async () => {
        const runtime = await createRuntime({ threads: 2 });
        const { threads } = runtime;
        runtime.dispose();
        return threads;
      };
      // The first one loads all modules: what loads them wants the constructor too.
      console.log(await threads());
      delete globalThis.SharedArrayBuffer;
      console.log(await threads());`;
    expect(await runChild(program)).toEqual({ code: 0, stdout: '2\n1\n', stderr: '' });
  });
});

/** Watches the workers that are made while `body` runs. */
async function watched<Result>(
  body: () => Promise<Result>,
): Promise<{ result: Result; workers: InstanceType<typeof import('node:worker_threads').Worker>[] }> {
  const workers: InstanceType<typeof import('node:worker_threads').Worker>[] = [];
  const original = process.getBuiltinModule;
  const spy = vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) => {
    const module = original(name) as unknown as typeof import('node:worker_threads');
    if (name !== 'node:worker_threads') return module;
    class Watched extends module.Worker {
      constructor(...values: ConstructorParameters<typeof module.Worker>) {
        super(...values);
        workers.push(this);
      }
    }
    return { ...module, Worker: Watched };
  }) as typeof process.getBuiltinModule);
  try {
    return { result: await body(), workers };
  } finally {
    spy.mockRestore();
  }
}

it('dispose ends the threads', async () => {
  const { result: runtime, workers } = await watched(() => createRuntime({ threads: 4 }));
  expect([runtime.threads, workers.length]).toEqual([4, 3]);
  const ends = Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))));
  const alive = await Promise.race([ends, new Promise((resolve) => setTimeout(resolve, 50, 'alive'))]);
  expect(alive).toBe('alive');
  runtime.dispose();
  await ends;
});

it('a hundred runtimes with threads, one after the other, leave no thread behind', async () => {
  let ended = 0;
  for (let i = 0; i < 100; i++) {
    const { result: runtime, workers } = await watched(() => createRuntime({ threads: 2 }));
    workers[0]!.once('exit', () => ended++);
    expect(runtime.threads).toBe(2);
    runtime.dispose();
  }
  await vi.waitFor(() => expect(ended).toBe(100), { timeout: 10_000 });
});

it('threads that died in their sleep are not missed', async () => {
  const { result: runtime, workers } = await watched(() =>
    createRuntime({ threads: 3, microKernel: 'loads' }),
  );
  expect([runtime.threads, workers.length]).toEqual([3, 2]);
  const x = Tensor.from(runtime, new Float32Array(97 * 65).fill(1), [97, 65]);
  const weight = new PackedWeight(Tensor.from(runtime, new Float32Array(130 * 65).fill(2), [130, 65]));
  const runs = vi.spyOn(ThreadPool.prototype, 'run');
  for (const worker of [undefined, ...workers]) {
    await worker?.terminate();
    for (let i = 0; i < 20; i++) {
      const right = runtime.scope(() =>
        linear(x, weight)
          .toArray()
          .every((value) => value === 130),
      );
      expect(right).toBe(true);
    }
  }
  expect(runs).toHaveBeenCalledTimes(60);
  runs.mockRestore();
  runtime.dispose();
});
