/** Models from URLs, over connections that break and servers that lie. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArgumentError, FormatError, NetworkError } from '../../src/errors.ts';
import { type ModelFolder, openModelFolder } from '../../src/io/modelFolder.ts';
import type { ModelFolderOptions } from '../../src/io/modelSource.ts';
import { bytesOf, collected, exampleTensors, expectSame, fileOfTensors } from '../support/checkpoints.ts';
import { type Asked, type Fault, FileServer } from '../support/fileServer.ts';

const tensors = exampleTensors();
const file = fileOfTensors(tensors);
const expected = bytesOf(tensors);
const MODEL = '/model.safetensors';
const json = new TextEncoder().encode('{"model_type":"gpt2"}');

let server: FileServer;
beforeAll(async () => {
  server = await FileServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.forget();
  server.files.set(MODEL, { content: file, etag: '"1"' });
  server.files.set('/config.json', { content: json });
});

function open(options: ModelFolderOptions = {}): Promise<ModelFolder> {
  return openModelFolder(server.url, { cache: false, retryDelayMilliseconds: 1, ...options });
}

async function load(options: ModelFolderOptions = {}): Promise<Map<string, Uint8Array>> {
  return collected(await (await open(options)).checkpoint());
}

/** The faults of the first answers for the model's file; the rest are well. */
function faults(...list: (Fault | undefined)[]): void {
  server.fault = ({ path }, count) => (path === MODEL ? list[count - 1] : undefined);
}

/** A fault of every answer for the model's file. */
function always(fault: Fault | ((asked: Asked) => Fault)): void {
  server.fault = (asked) =>
    asked.path !== MODEL ? undefined : typeof fault === 'function' ? fault(asked) : fault;
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a failure');
}

describe('a server that works', () => {
  it('gives a JSON file, a small file, and undefined for one that is missing', async () => {
    const folder = await open();
    expect(folder.name).toBe(`${server.url}/`);
    expect(await folder.json('config.json')).toEqual({ model_type: 'gpt2' });
    expect(await folder.bytes('config.json')).toEqual(json);
    expect(await folder.json('missing.json')).toBeUndefined();
    expect(await folder.bytes('missing.json')).toBeUndefined();
    expect(server.askedFor('/missing.json')).toHaveLength(2);
  });

  it('gives a checkpoint in two requests, its first 64 kB and the rest, none twice', async () => {
    const checkpoint = await (await open()).checkpoint();
    expect(checkpoint.metadata).toEqual({ format: 'pt' });
    expect([...checkpoint.names()].sort()).toEqual([...tensors.keys()].sort());
    expect(checkpoint.info('ids')).toEqual({ dtype: 'I64', shape: [999], byteLength: 7992 });
    expect(checkpoint.info('id')).toBeUndefined();
    expect(checkpoint.byteLength).toBe([...expected.values()].reduce((sum, { length }) => sum + length, 0));
    expect(server.bytesSent).toBe(1 << 16);
    const progress: [number, number][] = [];
    const found = await collected(checkpoint, { onProgress: (...step) => progress.push(step) });
    expectSame(found, expected);
    expect(server.asked.map(({ range }) => range)).toEqual([
      'bytes=0-65535',
      `bytes=65536-${file.length - 1}`,
    ]);
    expect(server.bytesSent).toBe(file.length);
    expect(progress[0]).toEqual([0, checkpoint.byteLength]);
    expect(progress.at(-1)).toEqual([checkpoint.byteLength, checkpoint.byteLength]);
    expect(progress.every(([done], i) => i === 0 || done >= progress[i - 1]![0])).toBe(true);
  });

  it('may have its files below a path with a query, which every request bears', async () => {
    server.files.set('/a%20b/c/config.json', { content: json });
    const folder = await openModelFolder(`${server.url}/a b/c/?key=1#x`, { cache: false });
    expect(await folder.json('config.json')).toEqual({ model_type: 'gpt2' });
    expect(server.asked[0]!.path).toBe('/a%20b/c/config.json?key=1');
    expect(folder.name).not.toContain('key');
  });

  it('may redirect', async () => {
    server.files.set('/elsewhere', { content: file, etag: '"1"' });
    always({ status: 302, headers: { Location: '/elsewhere' } });
    expectSame(await load(), expected);
  });

  it('may have an empty file', async () => {
    server.files.set('/empty.txt', { content: new Uint8Array(0) });
    expect(await (await open()).bytes('empty.txt')).toEqual(new Uint8Array(0));
  });
});

describe('a connection that breaks', () => {
  it('is resumed behind the last byte, however often, as long as bytes come', async () => {
    always({ cutAfter: 10_000 });
    expectSame(await load({ retries: 1 }), expected);
    const starts = server.askedFor(MODEL).map(({ range }) => Number(/\d+/.exec(range!)![0]));
    expect(starts.length).toBeGreaterThanOrEqual(Math.ceil(file.length / 10_000));
    expect(starts.every((start, i) => i === 0 || start > starts[i - 1]!)).toBe(true);
    // Bytes that were on their way when the connection broke may be sent once more.
    expect(server.bytesSent).toBeLessThan(file.length * 1.2);
  });

  it('is given up when nothing comes so many times in a row', async () => {
    always({ cutAfter: 0 });
    const error = await failure(load({ retries: 3 }));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ url: server.url + MODEL, attempts: 4, status: undefined });
    expect(error.message).toContain('4 times in a row');
    expect(server.askedFor(MODEL)).toHaveLength(4);
  });

  it('never was: the error says why', async () => {
    const error = await failure(
      openModelFolder('http://127.0.0.1:1/', { cache: false, retries: 1, retryDelayMilliseconds: 1 }).then(
        (folder) => folder.json('config.json'),
      ),
    );
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  it('that is silent counts as broken', async () => {
    faults(undefined, { stallAfter: 50_000 }, { stallAfter: 0 });
    const start = performance.now();
    expectSame(await load({ timeoutMilliseconds: 100 }), expected);
    expect(performance.now() - start).toBeGreaterThan(200);
    expect(server.askedFor(MODEL)).toHaveLength(4);
  });

  it('that is slow does not', async () => {
    server.files.set(MODEL, { content: fileOfTensors(new Map([['ids', tensors.get('ids')!]])) });
    always({ slow: { bytes: 800, pause: 20 } });
    const start = performance.now();
    await load({ timeoutMilliseconds: 150, retries: 0 });
    expect(performance.now() - start).toBeGreaterThan(190);
    expect(server.askedFor(MODEL)).toHaveLength(1);
  });

  it('while the caller takes its time is not silent', async () => {
    const checkpoint = await (await open({ timeoutMilliseconds: 100, retries: 0 })).checkpoint();
    let waited = false;
    await checkpoint.stream(() => {
      if (waited) return;
      waited = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    });
    expect(waited).toBe(true);
  });
});

describe('a status', () => {
  it.each([408, 429, 500, 503])('%d is tried again', async (status) => {
    faults({ status }, undefined, { status }, { status });
    expectSame(await load(), expected);
    expect(server.askedFor(MODEL)).toHaveLength(5);
  });

  it.each([400, 401, 403])('%d is not, and is an error with the URL', async (status) => {
    always({ status });
    const error = await failure(load());
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ url: server.url + MODEL, status, attempts: 1 });
    expect(error.message).toMatch(new RegExp(`^${server.url}${MODEL}: answered ${status}`));
    expect(error.message.includes('token')).toBe(status !== 400);
    expect(server.askedFor(MODEL)).toHaveLength(1);
  });

  it('500 for ever is an error after the retries', async () => {
    always({ status: 500 });
    expect(await failure(load({ retries: 2 }))).toMatchObject({
      name: 'NetworkError',
      status: 500,
      attempts: 3,
    });
    expect(server.askedFor(MODEL)).toHaveLength(3);
  });

  it('404 of what must be there is a FormatError that says what was looked for, and where', async () => {
    server.files.clear();
    const error = await failure(load());
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toBe(
      `${server.url}/: expected model.safetensors or model.safetensors.index.json, found neither`,
    );
    server.files.set('/pytorch_model.bin', { content: json });
    expect(await failure(load())).toMatchObject({ name: 'UnsupportedError' });
  });

  it('404 in the midst of a file is a NetworkError', async () => {
    faults(undefined, { status: 404 });
    expect(await failure(load())).toMatchObject({ name: 'NetworkError', status: 404 });
  });

  it('429 with Retry-After, in seconds or as a date, is waited for', async () => {
    const until = Math.ceil(Date.now() / 1000 + 2) * 1000;
    faults(
      { status: 429, headers: { 'Retry-After': '1' } },
      { status: 429, headers: { 'Retry-After': new Date(until).toUTCString() } },
    );
    const start = performance.now();
    await load();
    expect(performance.now() - start).toBeGreaterThan(990);
    // The timers' clock and the calendar's may differ by some milliseconds.
    expect(Date.now()).toBeGreaterThan(until - 20);
  });
});

describe('a server that ignores ranges', () => {
  it('sends the file anew each time, and what was had is skipped', async () => {
    always({ ignoreRange: true, cutAfter: 250_000 });
    const first = await failure(load({ retries: 2 }));
    expect(first).toBeInstanceOf(NetworkError);
    faults({ ignoreRange: true }, { ignoreRange: true, cutAfter: 250_000 }, { ignoreRange: true });
    server.asked.length = 0;
    expectSame(await load(), expected);
    expect(server.asked).toHaveLength(3);
  });

  it('is not asked for each tensor', async () => {
    const names = new Set(['norm.bias', 'ids']);
    always({ ignoreRange: true });
    const checkpoint = await (await open()).checkpoint();
    const found = await collected(checkpoint, { names });
    expectSame(found, new Map([...expected].filter(([name]) => names.has(name))));
    expect(server.asked).toHaveLength(2);
  });

  it('may not say how long the file is', async () => {
    always({ ignoreRange: true, contentLength: 'absent' });
    expectSame(await load(), expected);
    const names = new Set(['ids']);
    expectSame(
      await collected(await (await open()).checkpoint(), { names }),
      new Map([['ids', expected.get('ids')!]]),
    );
  });
});

describe('a lie', () => {
  it('of a Content-Length that is too short is a FormatError', async () => {
    const content = file.slice(0, file.length - 5);
    always({ ignoreRange: true, file: { content } });
    expect(await failure(load())).toMatchObject({ name: 'FormatError' });
  });

  it('of a Content-Length that is too long is a NetworkError, for nothing more comes', async () => {
    // The file of the Content-Length's size would be too long for its header, which is seen first.
    always({ ignoreRange: true, contentLength: file.length + 5, endAfter: file.length });
    expect(await failure(load({ retries: 1 }))).toBeInstanceOf(FormatError);
    server.fault = ({ path }) =>
      path === '/config.json'
        ? { contentLength: json.length + 5, ignoreRange: true, cutAfter: json.length }
        : undefined;
    server.files.set('/config.json', { content: json });
    expect(await failure((await open({ retries: 1 })).json('config.json'))).toBeInstanceOf(NetworkError);
  });

  it.each([
    ['shorter', -5],
    ['longer', 5],
  ])('of a body that is %s than its header, of unknown length, is a FormatError', async (_, difference) => {
    const content = new Uint8Array(file.length + difference);
    content.set(file.subarray(0, content.length));
    always({ ignoreRange: true, contentLength: 'absent', file: { content } });
    expect((await failure(load())).message).toMatch(difference < 0 ? /ends after/ : /longer than its header/);
  });

  it('of another Content-Range is done without', async () => {
    always(({ range }) => (range ? { headers: { 'Content-Range': `bytes 1-2/${file.length}` } } : {}));
    expectSame(await load(), expected);
    expect(server.asked.filter(({ range }) => range)).toHaveLength(1);
    expect(server.asked).toHaveLength(3);
  });

  it('of a range to a request for none is an error', async () => {
    always({ status: 206, headers: { 'Content-Range': `bytes 3-4/${file.length}` } });
    expect(await failure(load({ retries: 2 }))).toBeInstanceOf(NetworkError);
  });

  it('of more bytes than the range announced is a FormatError', async () => {
    const head = new Response(file.slice(0, 100), {
      status: 206,
      headers: { 'Content-Range': `bytes 0-49/${file.length}` },
    });
    expect((await failure(load({ fetch: async () => head }))).message).toContain('more than the 50 bytes');
  });
});

describe('a fetch of the caller’s', () => {
  it('keeps the chunks that it hands out', async () => {
    const chunks = [file.slice(0, 100_000), file.slice(100_000)];
    const shared = async (): Promise<Response> =>
      new Response(
        new ReadableStream({
          start(controller) {
            for (const chunk of chunks) controller.enqueue(chunk);
            controller.close();
          },
        }),
      );
    expectSame(await load({ fetch: shared }), expected);
    expectSame(await load({ fetch: shared }), expected);
  });
});

describe('a file that changes', () => {
  const other = fileOfTensors(exampleTensors(2));

  it.each([
    ['ETag', { etag: '"1"' }, { etag: '"2"' }],
    [
      'Last-Modified',
      { modified: 'Mon, 01 Jan 2024 00:00:00 GMT' },
      { modified: 'Mon, 01 Jan 2024 00:00:01 GMT' },
    ],
    ['length', {}, {}],
  ])('by its %s is a FormatError, not a mix', async (what, before, after) => {
    const content = what === 'length' ? other.slice(0, -1) : other;
    always({ cutAfter: 100_000 });
    server.files.set(MODEL, { content: file, ...before });
    const checkpoint = await (await open()).checkpoint();
    let stale = 0;
    const error = await failure(
      checkpoint.stream((name, offset, chunk) => {
        const right = expected.get(name)!.subarray(offset, offset + chunk.length);
        if (Buffer.compare(chunk, right) !== 0) stale++;
        server.files.set(MODEL, { content, ...after });
      }),
    );
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toMatch(/changed while it was read|bytes, first it had/);
    expect(stale).toBe(0);
  });

  it('to a shorter one is found where the range has gone', async () => {
    server.files.set(MODEL, { content: file });
    const checkpoint = await (await open()).checkpoint();
    server.files.set(MODEL, { content: file.slice(0, 60_000) });
    expect(await failure(checkpoint.stream(() => {}))).toBeInstanceOf(FormatError);
  });
});

describe('tensors that nobody asks for', () => {
  it('are skipped where they are many bytes, and read through where they are few', async () => {
    const large = exampleTensors();
    const bytes = new Uint8Array(3 << 20).fill(7);
    large.set('embedding.weight', { dtype: 'F32', shape: [bytes.length / 4], bytes });
    const content = fileOfTensors(large);
    server.files.set(MODEL, { content, etag: '"1"' });
    const checkpoint = await (await open()).checkpoint();
    server.asked.length = 0;
    const wanted = bytesOf(large);
    wanted.delete('embedding.weight');
    expectSame(await collected(checkpoint, { names: new Set(wanted.keys()) }), wanted);
    expect(server.bytesSent).toBeLessThan(content.length - (2 << 20));

    wanted.delete('norm.bias');
    wanted.delete('ids');
    server.asked.length = 0;
    expectSame(await collected(checkpoint, { names: new Set(wanted.keys()) }), wanted);
    expect(server.asked.length).toBeLessThanOrEqual(1);
  });

  it('may be all; one that is not there is an ArgumentError before anything is read', async () => {
    const checkpoint = await (await open()).checkpoint();
    server.asked.length = 0;
    expect((await collected(checkpoint, { names: new Set() })).size).toBe(0);
    const error = await failure(checkpoint.stream(() => {}, { names: new Set(['ids', 'nothing']) }));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toContain('nothing');
    expect(server.asked).toHaveLength(0);
  });
});

describe('a token', () => {
  it('goes to the host of the source, not to one that it redirects to', async () => {
    const other = await FileServer.start();
    try {
      other.files.set('/x', { content: file, etag: '"1"' });
      always({ status: 302, headers: { Location: `${server.url}/again` } });
      server.files.set('/again', { content: file });
      const usual = server.fault;
      server.fault = (asked, count) =>
        asked.path === '/again'
          ? { status: 307, headers: { Location: `${other.url}/x` } }
          : usual(asked, count);
      expectSame(await load({ token: 'secret' }), expected);
      const sent = ({ headers }: Asked) => headers.authorization;
      expect(server.asked.map(sent)).toEqual(Array(4).fill('Bearer secret'));
      expect(other.asked.map(sent)).toEqual([undefined, undefined]);
    } finally {
      await other.stop();
    }
  });

  it('goes nowhere for ever', async () => {
    always({ status: 302, headers: { Location: MODEL } });
    expect(await failure(load({ token: 'secret', retries: 0 }))).toMatchObject({ name: 'NetworkError' });
  });

  it('in a browser, which shows no redirects, is left to the browser', async () => {
    const asked: (string | undefined)[] = [];
    const fetchLikeBrowser = (async (url, init) => {
      asked.push(init?.redirect);
      if (init?.redirect === 'manual') return { type: 'opaqueredirect', status: 0 } as Response;
      return fetch(url, init);
    }) as typeof fetch;
    expectSame(await load({ token: 'secret', fetch: fetchLikeBrowser }), expected);
    expect(asked).toEqual(['manual', undefined, 'manual', undefined]);
  });
});

describe('an abort', () => {
  const reason = new Error('enough');

  /** A server all of whose answers stall, but the first. Afterwards all must have been closed. */
  async function withStalling(use: (stalling: FileServer) => Promise<void>): Promise<void> {
    const stalling = await FileServer.start();
    try {
      stalling.files.set(MODEL, { content: file });
      stalling.fault = (_, count) => (count === 1 ? undefined : { stallAfter: 100_000 });
      await use(stalling);
      await vi.waitFor(() => expect(stalling.answering).toBe(0), 2000);
    } finally {
      await stalling.stop();
    }
  }

  it('in the midst of a stream rejects with the reason at once, and closes the socket', () =>
    withStalling(async ({ url }) => {
      const controller = new AbortController();
      const checkpoint = await (await openModelFolder(url, { cache: false })).checkpoint();
      setTimeout(() => controller.abort(reason), 50);
      const start = performance.now();
      expect(await failure(checkpoint.stream(() => {}, { signal: controller.signal }))).toBe(reason);
      expect(performance.now() - start).toBeLessThan(1000);
    }));

  it('while it waits to try again, before the first request, and before the start', async () => {
    for (const milliseconds of [30, 0]) {
      const controller = new AbortController();
      always({ status: 500 });
      setTimeout(() => controller.abort(reason), milliseconds);
      const folder = await open({ signal: controller.signal, retryDelayMilliseconds: 100_000 });
      expect(await failure(folder.checkpoint())).toBe(reason);
      expect(await failure(folder.json('config.json'))).toBe(reason);
    }
    expect(await failure(open({ signal: AbortSignal.abort(reason) }))).toBe(reason);
  });

  it('of what a refusing server still has to say', async () => {
    always({ status: 403, stallAfter: 2 });
    await failure(load());
    always({ status: 302, headers: { Location: '/elsewhere' }, stallAfter: 2 });
    server.files.set('/elsewhere', { content: file });
    expectSame(await load({ token: 'secret' }), expected);
    await vi.waitFor(() => expect(server.answering).toBe(0), 2000);
  });

  it.each(['a URL', 'a Blob'])(
    'leaves no listener on the signal, and so does a stream that ends: %s',
    async (kind) => {
      const { signal } = new AbortController();
      let listeners = 0;
      const add = signal.addEventListener.bind(signal);
      const remove = signal.removeEventListener.bind(signal);
      signal.addEventListener = (...args: Parameters<typeof add>) => {
        listeners++;
        add(...args);
      };
      signal.removeEventListener = (...args: Parameters<typeof remove>) => {
        listeners--;
        remove(...args);
      };
      faults(undefined, { cutAfter: 10 }, { status: 500 });
      const files = { 'model.safetensors': new Blob([file as Uint8Array<ArrayBuffer>]) };
      const folder = kind === 'a Blob' ? await openModelFolder(files, { signal }) : await open({ signal });
      expectSame(await collected(await folder.checkpoint()), expected);
      expect(listeners).toBe(0);
    },
  );

  it('is also what happens when take throws', () =>
    withStalling(async (stalling) => {
      const checkpoint = await (await openModelFolder(stalling.url, { cache: false })).checkpoint();
      const error = await failure(
        checkpoint.stream((_name, offset) => {
          if (offset > 1000) throw reason;
        }),
      );
      expect(error).toBe(reason);
      expect(stalling.asked).toHaveLength(2);
    }));
});
