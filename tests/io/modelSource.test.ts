/** Where models lie: folders, URLs, hubs, picked files, maps; and what a string is taken for. */
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ArgumentError, FormatError, UnsupportedError } from '../../src/errors.ts';
import { openModelFolder } from '../../src/io/modelFolder.ts';
import type { ModelFolderOptions, ModelSource } from '../../src/io/modelSource.ts';
import { bytesOf, collected, exampleTensors, expectSame, fileOfTensors } from '../support/checkpoints.ts';

const tensors = exampleTensors();
const file = fileOfTensors(tensors) as Uint8Array<ArrayBuffer>;
const config = '{"model_type":"bert"}';

let parent: string;
let folder: string;
beforeAll(() => {
  parent = realpathSync(mkdtempSync(join(tmpdir(), 'heed-source-')));
  folder = join(parent, 'a model');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  writeFileSync(join(folder, 'config.json'), config);
  writeFileSync(join(folder, 'model.safetensors'), file);
  writeFileSync(join(folder, 'sub', 'x.json'), '[1]');
});
afterAll(() => rmSync(parent, { recursive: true }));

async function expectModel(source: ModelSource): Promise<void> {
  const opened = await openModelFolder(source, { cache: false });
  expect(await opened.json('config.json')).toEqual({ model_type: 'bert' });
  expect(await opened.json('missing.json')).toBeUndefined();
  expectSame(await collected(await opened.checkpoint()), bytesOf(tensors));
}

/** What is asked of the network for a source; every answer is 404. */
async function urlOf(source: ModelSource, options: ModelFolderOptions = {}): Promise<string> {
  const asked: string[] = [];
  const fetch = (async (url: string) => {
    asked.push(url);
    return new Response('', { status: 404 });
  }) as typeof globalThis.fetch;
  const opened = await openModelFolder(source, { cache: false, fetch, ...options });
  await opened.json('config.json');
  return asked.join();
}

describe('a folder', () => {
  it('by its path, its relative path and its file: URL', async () => {
    await expectModel(folder);
    await expectModel(pathToFileURL(folder));
    await expectModel(pathToFileURL(folder).href);
    await expectModel(relative(process.cwd(), folder));
  });

  it('has files in folders of its own, and none outside', async () => {
    const opened = await openModelFolder(folder);
    expect(await opened.json('sub/x.json')).toEqual([1]);
    expect(await opened.json('sub')).toBeUndefined();
    expect(await opened.json('config.json/x')).toBeUndefined();
    for (const path of ['../x', '/etc/passwd', 'a\\b', '', 'c:x']) {
      await expect(opened.bytes(path)).rejects.toBeInstanceOf(ArgumentError);
    }
  });

  it('that is not there, or is a file, is an ArgumentError', async () => {
    await expect(openModelFolder(join(folder, 'gone'))).rejects.toThrow(
      /expected the folder .*gone, there is nothing/,
    );
    await expect(openModelFolder(join(folder, 'config.json'))).rejects.toThrow(/it is a file/);
    await expect(openModelFolder('~/no such folder of heed')).rejects.toThrow(homedir());
  });

  it('with broken JSON is a FormatError with the path', async () => {
    writeFileSync(join(folder, 'broken.json'), '{"a":');
    const opened = await openModelFolder(folder);
    await expect(opened.json('broken.json')).rejects.toThrow(`${join(folder, 'broken.json')}: expected JSON`);
    writeFileSync(join(folder, 'broken.json'), Uint8Array.of(0x22, 0xff, 0x22));
    await expect(opened.json('broken.json')).rejects.toBeInstanceOf(FormatError);
  });

  it('whose file is cut short meanwhile is a FormatError; no handle stays open', async () => {
    const copy = join(parent, 'copy');
    cpSync(folder, copy, { recursive: true });
    const checkpoint = await (await openModelFolder(copy)).checkpoint();
    truncateSync(join(copy, 'model.safetensors'), 1000);
    await expect(checkpoint.stream(() => {})).rejects.toThrow(/ends after 1000 bytes/);
    writeFileSync(join(copy, 'model.safetensors'), file);
    const reason = new Error('enough');
    await expect(
      checkpoint.stream(() => {
        throw reason;
      }),
    ).rejects.toBe(reason);
    const controller = new AbortController();
    const stream = checkpoint.stream(() => controller.abort(reason), { signal: controller.signal });
    await expect(stream).rejects.toBe(reason);
    await expect(checkpoint.stream(() => {}, { signal: controller.signal })).rejects.toBe(reason);
    expect(process.getActiveResourcesInfo().filter((kind) => /^FS|FileHandle/.test(kind))).toEqual([]);
  });

  it('is unsupported where there is no file system', async () => {
    vi.stubGlobal('process', { ...process, getBuiltinModule: undefined });
    try {
      for (const source of [folder, './x', new URL('file:///x')]) {
        await expect(openModelFolder(source)).rejects.toBeInstanceOf(UnsupportedError);
      }
      expect(await urlOf('org/name')).toBe('https://huggingface.co/org/name/resolve/main/config.json');
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('a file system that may not be read', () => {
  const { getBuiltinModule } = process;

  afterEach(() => vi.unstubAllGlobals());

  /** Every look at it is refused. */
  function refuse(refusal: Error): void {
    const modules = (name: string): unknown =>
      name === 'node:fs/promises'
        ? { stat: () => Promise.reject(refusal) }
        : getBuiltinModule(name as 'node:os');
    vi.stubGlobal('process', { platform: 'linux', env: {}, getBuiltinModule: modules });
  }

  it.each([
    // As Deno and Node put it.
    Object.assign(new Error('Requires read access to "org/name"'), { name: 'NotCapable' }),
    Object.assign(new Error('Access to this API has been restricted.'), { code: 'ERR_ACCESS_DENIED' }),
  ])('has no folder by the name of a hub’s model: %s', async (refusal) => {
    refuse(refusal);
    expect(await urlOf('org/name')).toBe('https://huggingface.co/org/name/resolve/main/config.json');
    await expect(openModelFolder('./org/name')).rejects.toBe(refusal);
    await expect(openModelFolder('a/b/c')).rejects.toBe(refusal);
  });

  it('is not one that fails', async () => {
    const failure = Object.assign(new Error('i/o error'), { code: 'EIO' });
    refuse(failure);
    await expect(openModelFolder('org/name')).rejects.toBe(failure);
  });
});

describe('a string', () => {
  it.each([
    ['org/name', 'https://huggingface.co/org/name/resolve/main/config.json'],
    ['gpt2', 'https://huggingface.co/gpt2/resolve/main/config.json'],
    ['a-b/c_d.e-0.5B', 'https://huggingface.co/a-b/c_d.e-0.5B/resolve/main/config.json'],
    ['https://x.example/m', 'https://x.example/m/config.json'],
    ['http://x.example/m/?a=b', 'http://x.example/m/config.json?a=b'],
    ['HTTPS://x.example', 'https://x.example/config.json'],
  ])('%s is %s', async (source, url) => expect(await urlOf(source)).toBe(url));

  it.each([
    '/no-such',
    './no-such',
    '../no-such',
    '~/no-such',
    'C:\\no-such',
    'c:/no-such',
    '\\\\no-such',
    '.\\no-such',
  ])('%s is a path', async (path) => {
    await expect(openModelFolder(path)).rejects.toThrow(/expected the folder of a model at .*no-such/);
  });

  it.each([
    ['.', '.'],
    ['..', '..'],
    ['~', homedir()],
  ])('%s is a path too', async (path, name) => {
    expect(join((await openModelFolder(path)).name, '.')).toBe(join(name, '.'));
  });

  it('that names a folder is that folder, not a hub’s model', async () => {
    const opened = await openModelFolder('tests/io', { cache: false });
    expect(opened.name).toBe('tests/io');
    expect(await opened.bytes('modelSource.test.ts')).toBeInstanceOf(Uint8Array);
  });

  it.each(['', 'a/b/c', 'a b/c', '-a/b', 'a/', 'ä/b', 'a:b'])('%j is none of these', async (source) => {
    const error = await openModelFolder(source).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toMatch(/expected/);
  });

  it.each(['ftp://x/y', 'data:,x', 'blob:https://x/y', 'https://user:word@x.example/', 'https://'])(
    '%s is refused',
    async (source) => {
      const error = await openModelFolder(source).catch((thrown: Error) => thrown);
      expect(error).toBeInstanceOf(ArgumentError);
      expect((error as Error).message).not.toContain('word@');
    },
  );

  it.each([undefined, null, 7, true])('may not be %s', async (source) => {
    await expect(openModelFolder(source as never)).rejects.toBeInstanceOf(ArgumentError);
  });
});

describe('a hub', () => {
  it('has revisions and mirrors', async () => {
    expect(await urlOf('org/name', { revision: 'refs/pr/1', hub: 'https://mirror.example/hub/' })).toBe(
      'https://mirror.example/hub/org/name/resolve/refs%2Fpr%2F1/config.json',
    );
  });

  it.each([
    ['revision', { revision: '' }],
    ['hub', { hub: 'mirror.example' }],
    ['hub', { hub: 'file:///x' }],
    ['retries', { retries: -1 }],
    ['retries', { retries: 1.5 }],
    ['retryDelayMilliseconds', { retryDelayMilliseconds: 0 }],
    ['timeoutMilliseconds', { timeoutMilliseconds: Number.NaN }],
    ['timeoutMilliseconds', { timeoutMilliseconds: Infinity }],
    ['offline', { offline: true, cache: false }],
  ] as const)('refuses a bad %s', async (name, options) => {
    const error = await openModelFolder('org/name', options).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toContain(name);
  });

  it('needs fetch', async () => {
    vi.stubGlobal('fetch', undefined);
    await expect(openModelFolder('org/name', { cache: false })).rejects.toBeInstanceOf(UnsupportedError);
    vi.unstubAllGlobals();
  });
});

describe('files in memory', () => {
  const text = new TextEncoder().encode(config);

  it('are a record or a Map of Uint8Arrays, ArrayBuffers and Blobs', async () => {
    await expectModel({ 'config.json': text, 'model.safetensors': file });
    await expectModel(
      new Map<string, ArrayBuffer | Blob>([
        ['config.json', text.buffer],
        ['model.safetensors', new Blob([file])],
      ]),
    );
  });

  it('are a FileList or Files, of one folder or by themselves', async () => {
    const inFolder = (path: string, content: Uint8Array<ArrayBuffer>): File =>
      Object.assign(new File([content], path.split('/').at(-1)!), { webkitRelativePath: path });
    const files = [inFolder('model/config.json', text), inFolder('model/model.safetensors', file)];
    await expectModel(files);
    expect((await openModelFolder(files)).name).toBe('model');
    await expectModel([new File([text], 'config.json'), new File([file], 'model.safetensors')]);

    class FakeFileList {
      readonly length = files.length;
      readonly 0 = files[0]!;
      readonly 1 = files[1]!;
    }
    vi.stubGlobal('FileList', FakeFileList);
    await expectModel(new FakeFileList() as unknown as FileList);
    vi.unstubAllGlobals();

    const nested = await openModelFolder([inFolder('m/onnx/config.json', text), inFolder('m/x.json', text)]);
    expect(await nested.json('config.json')).toBeUndefined();
    expect(await nested.json('onnx/config.json')).toEqual({ model_type: 'bert' });
  });

  it.each([
    ['a value that is no bytes', { 'config.json': config }],
    ['a path that leaves the folder', { '../config.json': text }],
    ['two files of one name', [new File([], 'a'), new File([], 'a')]],
    ['a list of something else', ['config.json']],
  ])('are not %s', async (_, source) => {
    await expect(openModelFolder(source as never)).rejects.toBeInstanceOf(ArgumentError);
  });

  it('are aborted too', async () => {
    const reason = new Error('enough');
    for (const content of [file, new Blob([file])]) {
      const controller = new AbortController();
      const checkpoint = await (await openModelFolder({ 'model.safetensors': content })).checkpoint();
      let calls = 0;
      const stream = checkpoint.stream(
        () => {
          calls++;
          controller.abort(reason);
        },
        { signal: controller.signal },
      );
      await expect(stream).rejects.toBe(reason);
      expect(calls).toBeLessThan(5);
    }
  });
});
