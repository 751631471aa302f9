/** Files that came over the network and stay: in a folder, or in a browser's Cache API. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FormatError, UnsupportedError } from '../../src/errors.ts';
import { browserCache } from '../../src/io/browserCache.ts';
import { cacheFolder } from '../../src/io/cacheFolder.ts';
import type { FileCache } from '../../src/io/fileCache.ts';
import { hostCache } from '../../src/io/hostCache.ts';
import { type ModelFolder, openModelFolder } from '../../src/io/modelFolder.ts';
import type { ModelFolderOptions } from '../../src/io/modelSource.ts';
import { bytesOf, collected, exampleTensors, expectSame, fileOfTensors } from '../support/checkpoints.ts';
import { FakeCaches } from '../support/fakeCaches.ts';
import { FileServer } from '../support/fileServer.ts';

const tensors = exampleTensors();
const file = fileOfTensors(tensors);
const expected = bytesOf(tensors);
const otherTensors = exampleTensors(2);
const config = new TextEncoder().encode('{"model_type":"gpt2"}');
const commit = '0123456789abcdef0123456789abcdef01234567';

let server: FileServer;
let folder: string;
let caches: FakeCaches;
beforeAll(async () => {
  server = await FileServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heed-cache-'));
  caches = new FakeCaches();
  vi.stubGlobal('caches', caches);
  server.forget();
  for (const revision of ['main', commit]) {
    server.files.set(`/org/name/resolve/${revision}/model.safetensors`, { content: file, etag: '"m1"' });
    server.files.set(`/org/name/resolve/${revision}/config.json`, { content: config, etag: 'W/"c1"' });
  }
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const MODEL = '/org/name/resolve/main/model.safetensors';

function open(cache: FileCache, options: ModelFolderOptions = {}): Promise<ModelFolder> {
  return openModelFolder('org/name', {
    hub: server.url,
    cache,
    retries: 1,
    retryDelayMilliseconds: 1,
    ...options,
  });
}

async function expectModel(
  cache: FileCache,
  options: ModelFolderOptions = {},
  right = expected,
): Promise<void> {
  const opened = await open(cache, options);
  expect(await opened.json('config.json')).toEqual({ model_type: 'gpt2' });
  expect(await opened.json('generation_config.json')).toBeUndefined();
  expectSame(await collected(await opened.checkpoint()), right);
}

describe.each([
  ['folder', () => cacheFolder(folder)],
  ['browser', () => browserCache()],
] as const)('a cache: %s', (kind, make) => {
  const count = (): number => (kind === 'folder' ? readdirSync(folder).length : caches.stored.size);

  it('is filled while the caller reads, each byte sent once', async () => {
    await expectModel(make());
    expect(server.bytesSent).toBe(file.length + config.length);
    expect(count()).toBe(2);
  });

  it('is used after one byte of each file told that it is right', async () => {
    await expectModel(make());
    server.asked.length = 0;
    server.bytesSent = 0;
    await expectModel(make());
    expect(server.askedFor('/config.json').map(({ range }) => range)).toEqual(['bytes=0-0']);
    expect(server.askedFor('model.safetensors').map(({ range }) => range)).toEqual(['bytes=0-0']);
    expect(server.bytesSent).toBe(2);
    expect(caches.reading).toBe(0);
  });

  it('of a commit is used without asking', async () => {
    await expectModel(make(), { revision: commit });
    server.asked.length = 0;
    await expectModel(make(), { revision: commit });
    expect(server.asked.map(({ path }) => path.split('/').at(-1))).toEqual(['generation_config.json']);
  });

  it('holds each revision by itself', async () => {
    await expectModel(make());
    server.files.set(MODEL.replace('main', 'v2'), { content: fileOfTensors(otherTensors), etag: '"m2"' });
    server.files.set('/org/name/resolve/v2/config.json', { content: config, etag: '"c2"' });
    await expectModel(make(), { revision: 'v2' }, bytesOf(otherTensors));
    await expectModel(make(), { offline: true });
    await expectModel(make(), { offline: true, revision: 'v2' }, bytesOf(otherTensors));
  });

  it('takes the place of an older version, once it is whole', async () => {
    await expectModel(make());
    server.files.set(MODEL, { content: fileOfTensors(otherTensors), etag: '"m2"' });
    server.fault = ({ path, range }) =>
      path === MODEL && range === `bytes=65536-${file.length - 1}` ? { cutAfter: 9 } : undefined;
    const checkpoint = await (await open(make())).checkpoint();
    await expect(
      checkpoint.stream(() => {
        throw new Error('enough');
      }),
    ).rejects.toThrow('enough');
    await expectModel(make(), { offline: true });
    await expectModel(make(), {}, bytesOf(otherTensors));
    await expectModel(make(), { offline: true }, bytesOf(otherTensors));
    expect(count()).toBe(2);
  });

  it('serves without asking where it is told to be offline; what it lacks is not there', async () => {
    const empty = await open(make(), { offline: true });
    expect(await empty.json('config.json')).toBeUndefined();
    await expect(empty.checkpoint()).rejects.toThrow(/offline/);
    await expectModel(make());
    server.asked.length = 0;
    await expectModel(make(), { offline: true });
    expect(server.asked).toEqual([]);
  });

  it.each([
    ['no network', undefined],
    ['a server that fails', 503],
    ['a server that is overrun', 429],
  ])('serves where there is %s', async (_, status) => {
    await expectModel(make());
    server.asked.length = 0;
    server.fault = () => (status ? { status } : { cutAfter: 0 });
    await expectModel(make());
    // Once with a retry; then nobody is asked any more.
    expect(server.asked).toHaveLength(2);
  });

  it('does not hide that access is denied', async () => {
    await expectModel(make());
    server.fault = () => ({ status: 403 });
    await expect((await open(make())).json('config.json')).rejects.toMatchObject({
      name: 'NetworkError',
      status: 403,
    });
  });

  it('does not hide that a file was removed', async () => {
    await expectModel(make());
    server.files.delete('/org/name/resolve/main/config.json');
    expect(await (await open(make())).json('config.json')).toBeUndefined();
  });

  it('is filled over a connection that breaks, with the right bytes', async () => {
    server.fault = () => ({ cutAfter: 50_000 });
    await expectModel(make());
    server.fault = () => ({ status: 500 });
    await expectModel(make());
  });

  it('keeps nothing of a stream that is aborted', async () => {
    const checkpoint = await (await open(make())).checkpoint();
    const controller = new AbortController();
    const reason = new Error('enough');
    const stream = checkpoint.stream((_, offset) => offset > 100_000 && controller.abort(reason), {
      signal: controller.signal,
    });
    await expect(stream).rejects.toBe(reason);
    expect(count()).toBe(0);
  });

  it('keeps the whole file even where some tensors are asked for', async () => {
    const checkpoint = await (await open(make())).checkpoint();
    const names = new Set(['norm.bias']);
    const progress: number[][] = [];
    const found = await collected(checkpoint, { names, onProgress: (...step) => progress.push(step) });
    expect([...found.keys()]).toEqual([...names]);
    expect(progress.at(-1)).toEqual([file.length, file.length]);
    expect(count()).toBe(1);
    // The same checkpoint, read again, and the one from the cache.
    expectSame(await collected(checkpoint), expected);
    server.fault = () => ({ status: 500 });
    expectSame(await collected(await (await open(make())).checkpoint()), expected);
    expectSame(
      await collected(await (await open(make())).checkpoint(), { names }),
      new Map([['norm.bias', expected.get('norm.bias')!]]),
    );
    expect(caches.reading).toBe(0);
  });

  it('of a server without ETag and date is for offline use only', async () => {
    for (const [path, { content }] of server.files) server.files.set(path, { content });
    await expectModel(make());
    server.bytesSent = 0;
    await expectModel(make());
    expect(server.bytesSent).toBeGreaterThan(file.length);
    server.fault = () => ({ cutAfter: 0 });
    await expectModel(make());
  });

  it('may be filled twice at once', async () => {
    await Promise.all([expectModel(make()), expectModel(make()), expectModel(make())]);
    expect(count()).toBe(2);
    await expectModel(make(), { offline: true });
  });

  it('with broken content is fetched anew', async () => {
    const cache = make();
    const url = `${server.url}${MODEL}`;
    for (const broken of [new Uint8Array(file.length), file.slice(0, 100)]) {
      const writer = await cache.put(url.replace('main', commit), '"m1"', broken.length);
      await writer.write(broken);
      await writer.keep();
      await expectModel(cache, { revision: commit });
    }
    await expectModel(cache, { revision: commit, offline: true });
  });

  it('does not keep JSON that is broken online', async () => {
    server.files.set(`/org/name/resolve/${commit}/config.json`, { content: config.slice(1), etag: '"x"' });
    await expect((await open(make(), { revision: commit })).json('config.json')).rejects.toBeInstanceOf(
      FormatError,
    );
    expect(count()).toBe(0);
  });
});

describe('a cache folder', () => {
  const entries = (): string[] => readdirSync(folder).sort();

  it('is named by XDG_CACHE_HOME, LOCALAPPDATA on Windows, or lies in the home folder', async () => {
    const made: string[] = [];
    const { getBuiltinModule } = process;
    const real = getBuiltinModule('node:fs/promises');
    const files = {
      ...real,
      stat(path: string) {
        made.push(path);
        return real.stat(path);
      },
    };
    const modules = (name: string): unknown =>
      name === 'node:fs/promises' ? files : getBuiltinModule(name as 'node:os');
    const folderOf = async (platform: string, env: Record<string, string>): Promise<string> => {
      vi.stubGlobal('process', { platform, env, getBuiltinModule: modules });
      try {
        await cacheFolder().get('https://x.example/a?secret');
        return made.pop()!;
      } finally {
        vi.unstubAllGlobals();
      }
    };
    const local = { LOCALAPPDATA: '/local' };
    expect(await folderOf('linux', { XDG_CACHE_HOME: '/x', ...local })).toMatch(
      /^\/x\/heed\/https-x\.example-a-[\da-f]{32}$/,
    );
    expect(await folderOf('linux', local)).toContain(join(homedir(), '.cache', 'heed'));
    expect(await folderOf('win32', local)).toContain('/local/heed/');
  });

  it.each([
    ['cut short', (path: string) => truncateSync(path, statSync(path).size - 1)],
    ['cut to nothing', (path: string) => truncateSync(path, 0)],
    ['cut shorter than its end', (path: string) => truncateSync(path, 5)],
    ['grown', (path: string) => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('x')]))],
    ['without its beginning', (path: string) => writeFileSync(path, readFileSync(path).subarray(7))],
    ['zeros', (path: string) => writeFileSync(path, new Uint8Array(statSync(path).size))],
    [
      'of another description',
      (path: string) => {
        const bytes = readFileSync(path);
        writeFileSync(path, Buffer.concat([bytes.subarray(0, -14), Buffer.from('??'), bytes.subarray(-12)]));
      },
    ],
  ])('with an entry that is %s does without it, and replaces it', async (_, damage) => {
    await expectModel(cacheFolder(folder));
    for (const name of entries()) damage(join(folder, name));
    expect(await (await open(cacheFolder(folder), { offline: true })).json('config.json')).toBeUndefined();
    await expectModel(cacheFolder(folder));
    await expectModel(cacheFolder(folder), { offline: true });
  });

  it('drops unfinished files after a day', async () => {
    for (const [name, hours] of [
      ['old.part', 25],
      ['new.part', 23],
      ['other', 25],
    ] as const) {
      writeFileSync(join(folder, name), 'x');
      const time = Date.now() / 1000 - 3600 * hours;
      utimesSync(join(folder, name), time, time);
    }
    await expectModel(cacheFolder(folder));
    expect(entries()).toHaveLength(4);
    expect(existsSync(join(folder, 'old.part'))).toBe(false);
  });

  it('that cannot be made or written is done without', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expectModel(cacheFolder(join(folder, 'file')));
    await expectModel(cacheFolder(join(folder, 'file', 'x')));
    expect(entries()).toEqual(['file']);
  });

  it('whose place may not be asked for is done without', async () => {
    const { getBuiltinModule } = process;
    const env = new Proxy(
      {},
      {
        get(_, name) {
          throw Object.assign(new Error(`Requires env access to "${String(name)}"`), { name: 'NotCapable' });
        },
      },
    );
    vi.stubGlobal('process', { platform: 'linux', env, getBuiltinModule });
    try {
      await expectModel(cacheFolder());
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('may be in the way of writing, in the midst of a file', async () => {
    const cache = cacheFolder(folder);
    let writes = 0;
    const failing: FileCache = {
      ...cache,
      async put(...about) {
        const writer = await cache.put(...about);
        return {
          write: (chunk) =>
            ++writes % 3 === 0 ? Promise.reject(new Error('no space')) : writer.write(chunk),
          keep: () => writer.keep(),
          drop: () => writer.drop(),
        };
      },
    };
    await expectModel(failing);
    expect(entries().filter((name) => name.includes('safetensors'))).toEqual([]);
    expect(entries().filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('refuses to keep a file of another length than was announced', async () => {
    const writer = await cacheFolder(folder).put('https://x.example/a', '', 3);
    await writer.write(new Uint8Array(2));
    await expect(writer.keep()).rejects.toBeInstanceOf(FormatError);
    await writer.drop();
    expect(entries()).toEqual([]);
  });

  it('has no half file under a right name when the process is killed', async () => {
    server.fault = ({ range }) => (range?.startsWith('bytes=65536') ? { stallAfter: 100_000 } : undefined);
    const program = `
      const { openModelFolder } = await import('${new URL('../../src/io/modelFolder.ts', import.meta.url).href}');
      const { cacheFolder } = await import('${new URL('../../src/io/cacheFolder.ts', import.meta.url).href}');
      const cache = cacheFolder(${JSON.stringify(folder)});
      const folder = await openModelFolder('org/name', { hub: ${JSON.stringify(server.url)}, cache });
      let bytes = 0;
      await (await folder.checkpoint()).stream((name, offset, { length }) => {
        bytes += length;
        if (bytes > 120_000) console.log('under way');
      });`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('exit', () => reject(new Error('ended too early')));
    });
    child.kill('SIGKILL');
    await ended;
    expect(entries()).toEqual([expect.stringMatching(/\.part$/)]);
    await expect((await open(cacheFolder(folder), { offline: true })).checkpoint()).rejects.toBeInstanceOf(
      FormatError,
    );
    server.fault = () => undefined;
    await expectModel(cacheFolder(folder));
  });

  it('is unsupported without a file system', () => {
    vi.stubGlobal('process', undefined);
    expect(() => cacheFolder()).toThrow(UnsupportedError);
  });
});

describe('a browser’s cache', () => {
  it('that has no room is done without', async () => {
    caches.room = 1000;
    await expectModel(browserCache());
    expect(caches.stored.size).toBe(1);
  });

  it('keeps what was written, whatever becomes of the chunk', async () => {
    const writer = await browserCache().put('https://x.example/a', '"1"', 4);
    const chunk = Uint8Array.of(1, 2, 3, 4);
    await writer.write(chunk);
    chunk.fill(0);
    await writer.keep();
    expect([...caches.stored.values()][0]!.bytes).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  it('that is forbidden is done without', async () => {
    caches.open = () => Promise.reject(new DOMException('insecure', 'SecurityError'));
    await expectModel(browserCache());
  });
});

describe('without being told, the cache', () => {
  it('is a folder in Node', async () => {
    vi.stubEnv('XDG_CACHE_HOME', folder);
    await expectModel(hostCache()!);
    expect(readdirSync(join(folder, 'heed'))).toHaveLength(2);
    await openModelFolder('org/name', { hub: server.url, offline: true }).then((opened) =>
      opened.checkpoint(),
    );
  });

  it('is the Cache API in pages and their workers, and none elsewhere', async () => {
    vi.stubGlobal('process', undefined);
    expect(hostCache()).toBeUndefined();
    vi.stubGlobal('WorkerGlobalScope', class {});
    const inWorker = hostCache();
    vi.stubGlobal('WorkerGlobalScope', undefined);
    vi.stubGlobal('document', {});
    const inPage = hostCache();
    vi.stubGlobal('caches', undefined);
    expect(hostCache()).toBeUndefined();
    vi.unstubAllGlobals();
    vi.stubGlobal('caches', caches);
    await expectModel(inWorker!);
    expect(caches.stored.size).toBe(2);
    await expectModel(inPage!, { offline: true });
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' });
    expect(hostCache()).toBeUndefined();
  });

  it('is not there when it is refused', async () => {
    vi.stubEnv('XDG_CACHE_HOME', folder);
    const opened = await openModelFolder('org/name', { hub: server.url, cache: false });
    await opened.checkpoint();
    expect(readdirSync(folder)).toEqual([]);
  });
});
