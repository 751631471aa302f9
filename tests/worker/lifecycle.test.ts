/** How workers begin and end, well and otherwise. */
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ArgumentError, DisposedError, UnsupportedError, WorkerError } from '../../src/errors.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { serve } from '../../src/worker/serve.ts';
import { startWorker } from '../../src/worker/startWorker.ts';
import { buffersOf } from '../../src/worker/transfer.ts';
import { tinyLlama } from '../support/tinyLlama.mjs';
import { tinyWeights } from '../support/tinyPronouncer.ts';
import { atPort, buildScript, inThread } from './workers.ts';

const llama = tinyLlama(writeSafetensors);
const words = Array.from({ length: 640 }, (_, i) => 'ab'.repeat(1 + (i % 9)));
let build: Awaited<ReturnType<typeof buildScript>>;
let weights: Uint8Array;

beforeAll(async () => {
  build = await buildScript();
  weights = await tinyWeights();
});
afterAll(() => build.remove());
afterEach(() => vi.restoreAllMocks());

describe('starting a worker', () => {
  it('says what is wrong where its script is not there', async () => {
    // The sources have none there: the build makes it.
    await expect(startWorker()).rejects.toThrow(WorkerError);
    await expect(startWorker()).rejects.toThrow(/^startWorker: worker: .*worker\/script\.js/);
  });

  it('says that there are no workers', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
    await expect(startWorker()).rejects.toThrow(UnsupportedError);
    expect(() => serve()).toThrow(UnsupportedError);
  });

  it('takes what is no worker for what it is', async () => {
    await expect(startWorker({ worker: {} as never })).rejects.toThrow(ArgumentError);
    await expect(startWorker({ worker: null as never })).rejects.toThrow(
      'a Worker or a MessagePort, got null',
    );
  });

  it('can be given up', async () => {
    const silent = new Worker('setInterval(() => 0, 1000)', { eval: true });
    const stop = new AbortController();
    const reason = new Error('too slow');
    const started = startWorker({ worker: silent, signal: stop.signal });
    stop.abort(reason);
    await expect(started).rejects.toBe(reason);
    await expect(startWorker({ worker: silent, signal: stop.signal })).rejects.toBe(reason);
    expect(silent.listenerCount('message')).toBe(0);
    await silent.terminate();
  });

  it('fails with a worker whose script does', async () => {
    const broken = new Worker('throw new SyntaxError("not a script")', { eval: true });
    const error = await startWorker({ worker: broken }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(WorkerError);
    expect(error).toMatchObject({ message: 'worker: not a script', cause: expect.any(SyntaxError) });
    await broken.terminate();
  });

  it('refuses a script of another release', async () => {
    const { port1, port2 } = new MessageChannel();
    serve(port1);
    port2.postMessage({ heed: 0, call: 1, method: 'start', args: [] });
    const [{ error }] = (await once(port2, 'message')) as [{ error: { name: string; message: string } }];
    expect(error).toMatchObject({
      name: 'UnsupportedError',
      message: expect.stringContaining('two releases'),
    });
    port2.close();
  });

  it('shares a channel with other messages', async () => {
    const { port1, port2 } = new MessageChannel();
    serve(port1);
    port2.postMessage('hello');
    using worker = await startWorker({ worker: port2 });
    port1.postMessage({ of: 'somebody else' });
    using pronouncer = await worker.createPronouncer({ weights });
    expect((await pronouncer.pronounce('a')).word).toBe('a');
  });

  it('sends only what can be sent', async () => {
    using started = await atPort();
    const model = started.worker.loadModel(llama, { fetch: () => 0 } as never);
    await expect(model).rejects.toThrow(ArgumentError);
    await expect(model).rejects.toThrow('loadModel: an argument cannot be sent to a worker');
  });
});

describe('the end of a worker', () => {
  it('ends what is under way, and whatever is asked for later', async () => {
    await using started = await inThread(build.script);
    const pronouncer = await started.worker.createPronouncer({ weights });
    const pending = [pronouncer.pronounceAll(words), started.worker.loadModel(llama)];
    started.worker.dispose();
    started.worker.dispose();
    for (const each of pending) await expect(each).rejects.toThrow(DisposedError);
    await expect(pronouncer.pronounce('a')).rejects.toThrow('worker: has been disposed');
    await expect(started.worker.createPronouncer()).rejects.toThrow(DisposedError);
    pronouncer.dispose();
  });

  it('is an error where it dies', async () => {
    await using started = await inThread(build.script);
    const { worker, thread } = started;
    const pronouncer = await worker.createPronouncer({ weights });
    const model = await worker.loadModel(llama);
    const story = model.generate('Once', { maxTokens: 100 });
    await story.next();
    const pending = [pronouncer.pronounceAll(words), model.json('config.json'), worker.createPronouncer()];
    const failed = Promise.allSettled(pending);
    await thread.terminate();
    for (const each of await failed) {
      expect(each).toMatchObject({
        status: 'rejected',
        reason: { message: 'worker: it ended with exit code 1' },
      });
    }
    await expect(model.embed(['x'])).rejects.toThrow(WorkerError);
    await expect(story.result()).rejects.toThrow(WorkerError);
    expect((await story.result()).ids.length).toBeGreaterThan(0);
    model.dispose();
    pronouncer.dispose();
  });

  it('leaves a worker of one’s own alone, but frees what it held', async () => {
    const { port1, port2 } = new MessageChannel();
    serve(port1);
    const worker = await startWorker({ worker: port2 });
    await worker.createPronouncer({ weights });
    await worker.loadModel(llama);
    const disposed = vi.spyOn(Runtime.prototype, 'dispose');
    const closed = once(port1, 'close');
    worker.dispose();
    await closed;
    expect(disposed).toHaveBeenCalledTimes(2);

    const thread = new Worker(build.script, { execArgv: [] });
    for (let round = 0; round < 2; round++) {
      const stop = new AbortController();
      const given = startWorker({ worker: thread, signal: stop.signal });
      stop.abort();
      await expect(given).rejects.toThrow('This operation was aborted');
      using again = await startWorker({ worker: thread });
      using pronouncer = await again.createPronouncer({ weights });
      await expect(startWorker({ worker: thread })).rejects.toThrow('somebody else uses this worker');
      expect((await pronouncer.pronounce('a')).word).toBe('a');
    }
    expect(thread.listenerCount('message')).toBe(0);
    await thread.terminate();
  });

  it('does not touch another one', async () => {
    await using one = await inThread(build.script);
    await using other = await inThread(build.script);
    const pronouncers = await Promise.all(
      [one, other].map(({ worker }) => worker.createPronouncer({ weights })),
    );
    const list = pronouncers[1]!.pronounceAll(words);
    const ended = expect(pronouncers[0]!.pronounceAll(words)).rejects.toThrow(DisposedError);
    one.worker.dispose();
    expect(await list).toHaveLength(words.length);
    await ended;
  });
});

describe('what was made for somebody who left', () => {
  it('is freed, however far it had come', async () => {
    using started = await atPort();
    const { worker, port } = started;
    const disposed = vi.spyOn(Runtime.prototype, 'dispose');
    const reason = new Error('left');

    const loading = new AbortController();
    const model = worker.loadModel(llama, {
      signal: loading.signal,
      onProgress: () => loading.abort(reason),
    });
    await expect(model).rejects.toBe(reason);
    await vi.waitFor(() => expect(disposed).toHaveBeenCalledTimes(1));

    const post = port.postMessage.bind(port);
    // The page leaves between the worker's answer and its arrival.
    for (const make of [
      (signal: AbortSignal) => worker.loadModel(llama, { signal }),
      (signal: AbortSignal) => worker.createPronouncer({ weights, signal }),
    ]) {
      disposed.mockClear();
      const late = new AbortController();
      vi.spyOn(port, 'postMessage').mockImplementation((answer: object, transfer) => {
        post(answer, transfer);
        if ('value' in answer) late.abort(reason);
      });
      await expect(make(late.signal)).rejects.toBe(reason);
      await vi.waitFor(() => expect(disposed).toHaveBeenCalledTimes(1));
    }

    vi.mocked(port.postMessage).mockRestore();
    const leaving = await atPort();
    disposed.mockClear();
    const pending = [leaving.worker.createPronouncer({ weights }), leaving.worker.loadModel(llama)];
    leaving.worker.dispose();
    for (const each of pending) await expect(each).rejects.toThrow(DisposedError);
    await vi.waitFor(() => expect(disposed).toHaveBeenCalledTimes(2));

    disposed.mockClear();
    const early = new AbortController();
    const made = worker.createPronouncer({ weights, signal: early.signal });
    early.abort(reason);
    await expect(made).rejects.toBe(reason);
    await vi.waitFor(() => expect(disposed).toHaveBeenCalledTimes(1));
  });
});

describe('the buffers of a result', () => {
  it('are handed over where they are large, and are its own', () => {
    const large = new Float32Array(4096);
    const shared = new Float32Array(new SharedArrayBuffer(16384));
    const part = large.subarray(1);
    const result = { one: [large, new Float32Array(4)], two: { same: large, part, shared }, three: null };
    expect(buffersOf(result)).toEqual([large.buffer]);
    expect(buffersOf(part)).toEqual([]);
    expect(buffersOf('text')).toEqual([]);
  });
});
