/** Every entry in every form that the package has: the same names, and all of them compute. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importsOf } from '../architecture/imports.ts';
import { installPacked, type Project, root } from './project.ts';

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly require?: unknown }>>;
}
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
/** `['.', './models', ...]`: what there is in every form. Workers have but two: worker.test.ts. */
const entries = Object.entries(exports).flatMap(([entry, target]) =>
  typeof target === 'object' && target.require && !entry.startsWith('./worker') ? [entry] : [],
);

/** What each form computes; `each` is a source text: a function from an entry to a promise of its namespace. */
const program = (each: string): string => `
  const load = ${each};
  const results = async () => {
    const entries = ${JSON.stringify(entries)};
    const loaded = Object.fromEntries(await Promise.all(entries.map(async (entry) => [entry, await load(entry)])));
    const names = Object.fromEntries(entries.map((entry) => [entry, Object.keys(loaded[entry]).sort()]));
    const { createRuntime, matmul, multiply, sum, Tensor } = loaded['.'];

    const runtime = await createRuntime({ variant: 'simd', threads: 2 });
    const a = Tensor.from(runtime, [1, 2, 3, 4], [2, 2]);
    const product = Array.from(matmul(a, a).toArray());
    const threads = runtime.threads;
    runtime.dispose();

    const training = await loaded['./train'].trainingRuntime({ variant: 'simd' });
    const x = Tensor.from(training, [3], [1]);
    const { gradients } = training.gradients(() => sum(multiply(x, x)), new Map([['x', x]]));
    const gradient = Array.from(gradients.get('x').toArray());

    const pronouncer = await loaded['./pronounce'].createPronouncer({ variant: 'simd' });
    const { phonemes, attention } = pronouncer.pronounce('attention');
    const { letters: columns, weights } = attention;
    const map = loaded['./plot'].attentionMap({ rows: phonemes, columns, weights }).toSVG().slice(0, 4);
    const refused = await loaded['./pipeline'].pipeline('no task').catch((error) => error instanceof loaded['.'].ArgumentError);
    console.log(JSON.stringify({ names, product, threads, gradient, phonemes: phonemes.join(' '), map, refused }));
  };
  results();
`;

let project: Project;
/** What the ES modules export, by entry. */
let names: Record<string, string[]>;

beforeAll(async () => {
  project = installPacked();
  const modules = entries.map(async (entry) => {
    const path = join(project.folder, 'node_modules/heed/dist', `${entry === '.' ? 'index' : entry}.js`);
    return [entry, Object.keys(await import(/* @vite-ignore */ path)).sort()];
  });
  names = Object.fromEntries(await Promise.all(modules));
}, 120_000);

afterAll(() => project?.remove());

describe.each([
  ['ES modules', 'program.js', "(entry) => import('heed' + entry.slice(1))"],
  ['CommonJS', 'program.cjs', "(entry) => require('heed' + entry.slice(1))"],
  ['ES modules with assets', 'program.js', "(entry) => import('heed/assets' + entry.slice(1))"],
])('%s', (_, file, load) => {
  it('have every entry, and each computes in Node, threads too', () => {
    expect(entries).toContain('./pipeline');
    expect(JSON.parse(project.run(program(load), file))).toEqual({
      names,
      product: [7, 10, 15, 22],
      threads: 2,
      gradient: [6],
      phonemes: 'AH0 T EH1 N SH AH0 N',
      map: '<svg',
      refused: true,
    });
  });
});

describe('CommonJS', () => {
  it("imports nothing but the pronouncer's weights and optional packages: Jest has no import()", () => {
    const files = project.files.filter((path) => path.endsWith('.cjs'));
    const imports = files.flatMap((path) => importsOf(path, readFileSync(join(root, path), 'utf8')));
    const modules = imports.flatMap(({ specifier }) => (specifier?.endsWith('.cjs') ? [] : [specifier]));
    expect([...new Set(modules)].sort()).toEqual([
      '../data/pronounce.js',
      '@huggingface/jinja',
      '@huggingface/tokenizers',
      // Node's own: where this file lies, for the worker's script.
      'url',
    ]);
  });
});

describe('heed/single', () => {
  it('is one module with the names of heed, and needs no other file', () => {
    const text = readFileSync(join(project.folder, 'node_modules/heed/dist/heed.single.js'), 'utf8');
    expect(importsOf('heed.single.ts', text)).toEqual([]);
    const output = project.run(`
      import * as heed from 'heed/single';
      const results = [];
      // Both binaries, where the engine has both.
      for (const options of [{ variant: 'simd' }, {}, { threads: 2 }]) {
        const runtime = await heed.createRuntime(options);
        const a = heed.Tensor.from(runtime, [1, 2, 3, 4], [2, 2]);
        results.push([runtime.threads, ...heed.matmul(a, a).toArray()].join(' '));
        runtime.dispose();
      }
      console.log(JSON.stringify({ results, names: Object.keys(heed).sort() }));
    `);
    const results = ['1 7 10 15 22', '1 7 10 15 22', '2 7 10 15 22'];
    expect(JSON.parse(output)).toEqual({ results, names: names['.'] });
  });
});

describe.each([
  ['heed.iife.js', false],
  ['heed.pronounce.iife.js', true],
])('%s', (file, pronounces) => {
  const text = (): string => readFileSync(join(project.folder, 'node_modules/heed/dist', file), 'utf8');

  it('is ASCII, so that it is the same in a page of any encoding', () => {
    expect(/[^\t\n\x20-\x7e]/.exec(text())?.[0]).toBeUndefined();
  });

  it('makes a global with all names, and computes with what a page has', async () => {
    const page = createContext({
      atob,
      performance,
      setTimeout,
      clearTimeout,
      URL,
      Blob,
      TextDecoder,
      TextEncoder,
    });
    runInContext(text(), page);
    const own = pronounces ? ['pronounce'] : [];
    const expected = new Set([...names['.']!, ...names['./models']!, ...names['./plot']!, ...own]);
    expect(runInContext('Object.keys(heed).sort()', page)).toEqual([...expected].sort());
    const results = await runInContext(
      `(async () => {
        const runtime = await heed.createRuntime({ variant: 'simd', threads: 2 });
        const a = heed.Tensor.from(runtime, [1, 2, 3, 4], [2, 2]);
        const product = [...heed.matmul(a, a).toArray()].join();
        const pronouncer = await heed.pronounce?.createPronouncer();
        return [runtime.threads, product, pronouncer?.pronounce('attention').phonemes.join(' ')].join('; ');
      })()`,
      page,
    );
    expect(results).toBe(`1; 7,10,15,22; ${pronounces ? 'AH0 T EH1 N SH AH0 N' : ''}`);
  });
});

describe('heed/assets', () => {
  const read = (setUp: string): string =>
    project.run(`
      ${setUp}
      import { createRuntime, NetworkError } from 'heed/assets';
      // As in a page: no file system, and modules that came over the network.
      const getBuiltinModule = process.getBuiltinModule;
      process.getBuiltinModule = undefined;
      const fetched = [];
      globalThis.fetch = async (url) => {
        fetched.push(url.href.split('/').pop());
        return answer(url);
      };
      try {
        const { variant } = await createRuntime({ variant: 'simd' });
        console.log(variant, fetched.join());
      } catch (error) {
        console.log(error instanceof NetworkError, error.status, error.message.replace(/ at .*simd/, ' at simd'));
      }
    `);

  it('fetch the binary where there is no file system', () => {
    const output = read(`
      import { readFile } from 'node:fs/promises';
      const answer = async (url) => new Response(await readFile(url), { headers: { 'content-type': 'application/wasm' } });
    `);
    expect(output).toBe('simd simd.wasm');
  });

  it.each([
    ["new Response('', { status: 404 })", '404', ' (status 404)'],
    [
      "new Response('<p>', { headers: { 'content-type': 'text/html; charset=utf-8' } })",
      '200',
      ' (status 200)',
    ],
    ["Promise.reject(new TypeError('refused'))", 'undefined', ''],
  ])('say what to do when a server answers %s', (response, status, told) => {
    expect(read(`const answer = () => ${response};`)).toBe(
      `true ${status} heed/assets: no file at simd.wasm${told}; serve dist/wasm and dist/weights beside dist/assets, or import the entry without /assets, which embeds them`,
    );
  });
});
