/**
 * The plan of the house, enforced: who imports whom, what kernels may not contain, no state at module level. Each checker is tested on made-up files first.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cycles, type Files, importsOf } from './architecture/imports.ts';
import { checkKernelDocs, checkKernels } from './architecture/kernels.ts';
import { checkAssemblyRooms, checkRooms, checkSite } from './architecture/rooms.ts';
import { checkState } from './architecture/state.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The TypeScript files under a folder, or under some of its subfolders. */
function read(folder: string, under = ''): Files {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts') && path.startsWith(`${folder}/${under}`));
  return new Map(files.sort().map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

const files = (entries: Record<string, string>): Files => new Map(Object.entries(entries));
const src = read('src');
const assembly = read('assembly');

describe('imports', () => {
  it('every form is found, comments and strings are not', () => {
    const text = `
      import a from './a.ts';
      import type { B } from './b.ts';
      import { type C } from './c.ts';
      import './d.ts';
      export { e } from './e.ts';
      export * from './f.ts';
      export type { G } from './g.ts';
      const h = () => import('./h.ts');
      type I = import('./i.ts').I;
      import j = require('./j.ts');
      const k = require('./k.ts');
      const l = import(\`./l.ts\`);
      const m = (name: string) => import(name);
      // import './comment.ts';
      /* export * from './comment.ts'; */
      const text = "import './string.ts'";
      export const exported = 1;
    `;
    const found = importsOf('src/io/x.ts', text);
    const expected = [...'abcdefghijkl'].map((name) => `./${name}.ts`);
    expect(found.map(({ specifier }) => specifier)).toEqual([...expected, undefined]);
    expect(found[0]!.line).toBe(2);
    expect(found.filter(({ reexport }) => reexport)).toHaveLength(3);
  });

  it('cycles are found, of types and of one file too', () => {
    const ring = files({
      'src/io/a.ts': "import './b.ts';",
      'src/io/b.ts': "import type { C } from '../ops/c.ts';",
      'src/ops/c.ts': "const a = () => import('../io/a.ts');",
      'src/ops/d.ts': "import './d.ts'; import './c.ts';",
    });
    expect(cycles(ring)).toEqual([
      'src/io/a.ts -> src/io/b.ts -> src/ops/c.ts -> src/io/a.ts',
      'src/ops/d.ts -> src/ops/d.ts',
    ]);
    expect(
      cycles(files({ 'src/a.ts': "import './b.ts'; import './c.ts';", 'src/b.ts': "import './c.ts';" })),
    ).toEqual([]);
    expect(cycles(files({ 'assembly/math/a.ts': "import { x } from './a';" }))).toHaveLength(1);
  });

  it('src and assembly have no cycles', () => {
    expect(src.size).toBeGreaterThan(40);
    expect(assembly.size).toBeGreaterThan(20);
    expect(cycles(src)).toEqual([]);
    expect(cycles(assembly)).toEqual([]);
  });
});

describe('the rooms of src', () => {
  const names =
    'errors memory/m runtime/r tensor/t io/i autograd/a ops/o layers/l decode/d models/m train/t pronounce/p cli/c ' +
    'plot/p index train plot pronounce cli';
  const base = Object.fromEntries(names.split(' ').map((name) => [`src/${name}.ts`, '']));
  const problems = (path: string, text: string): string[] => checkRooms(files({ ...base, [path]: text }));

  it.each([
    ['src/memory/x.ts', "import '../errors.ts';"],
    ['src/models/x.ts', "import type { S } from '../decode/d.ts';"],
    ['src/io/x.ts', "import type { W } from '../tensor/t.ts'; import '../errors.ts'; import './i.ts';"],
    ['src/plot/x.ts', "import '../errors.ts'; import { rgb } from 'd3-color';"],
    [
      'src/cli/x.ts',
      "import { readFileSync } from 'node:fs'; import '../plot/p.ts'; import '../pronounce/p.ts';",
    ],
    ['src/runtime/binaries.ts', "const binary = () => import('../../build/wasm/simd.js');"],
    ['src/index.ts', "export * from './errors.ts'; export * from './layers/l.ts';"],
    ['src/models.ts', "export * from './models/m.ts'; export * from './decode/d.ts';"],
    ['src/cli.ts', "import './cli/c.ts'; import 'node:process';"],
    ['src/cli/x.ts', "import { toIPA } from '../pronounce.ts';"],
  ])('%s may say %s', (path, text) => expect(problems(path, text)).toEqual([]));

  it.each([
    ['src/errors.ts', "import './memory/m.ts';", 'errors may not see memory'],
    ['src/memory/x.ts', "import type { T } from '../tensor/t.ts';", 'memory may not see tensor'],
    ['src/runtime/x.ts', "type T = import('../tensor/t.ts').T;", 'runtime may not see tensor'],
    ['src/tensor/x.ts', "const i = () => import('../io/i.ts');", 'tensor may not see io'],
    ['src/io/x.ts', "import '../runtime/r.ts';", 'io may not see runtime'],
    ['src/autograd/x.ts', "import '../ops/o.ts';", 'autograd may not see ops'],
    ['src/ops/x.ts', "import '../layers/l.ts';", 'ops may not see layers'],
    ['src/decode/x.ts', "import type { M } from '../models/m.ts';", 'decode may not see models'],
    ['src/models/x.ts', "import '../train/t.ts';", 'models may not see train'],
    ['src/train/x.ts', "import '../pronounce/p.ts';", 'train may not see pronounce'],
    ['src/pronounce/x.ts', "import '../cli/c.ts';", 'pronounce may not see cli'],
    ['src/plot/x.ts', "import '../tensor/t.ts';", 'plot may not see tensor'],
    ['src/pronounce/x.ts', "import '../plot/p.ts';", 'pronounce may not see plot'],
    ['src/index.ts', "export * from './train/t.ts';", 'index may not see train'],
    ['src/index.ts', "export * from './plot/p.ts';", 'index may not see plot'],
    ['src/index.ts', "export * from './pronounce/p.ts';", 'index may not see pronounce'],
    ['src/index.ts', "export * from './cli/c.ts';", 'index may not see cli'],
    ['src/index.ts', "export * from './train.ts';", 'an entry is for the outside'],
    ['src/ops/x.ts', "import '../index.ts';", 'an entry is for the outside'],
    ['src/cli/x.ts', "import '../cli.ts';", 'an entry is for the outside'],
    ['src/pronounce/x.ts', "import '../pronounce.ts';", 'an entry is for the outside'],
    ['src/io/x.ts', "import { readFileSync } from 'fs';", 'only cli may use Node'],
    ['src/io/x.ts', "import 'node:fs/promises';", 'only cli may use Node'],
    ['src/io/x.ts', "const fs = () => import('fs/promises');", 'only cli may use Node'],
    ['src/runtime/x.ts', "import '../../build/wasm/simd.js';", 'not one of the files that see the build'],
    ['src/ops/x.ts', "import './gone.ts';", 'no such file'],
    ['src/ops/x.ts', "import '../../tests/support/random.ts';", 'no such file'],
    ['src/ops/x.ts', 'const x = (name: string) => import(name);', 'imports something computed'],
    ['src/ops/x.ts', "import 'https://example.com/x.js';", 'neither a package nor relative'],
    ['src/ops/x.ts', "export { o } from './o.ts';", 'only entries do'],
    ['src/ops/utils.ts', '', 'a name that says nothing'],
    ['src/helpers/x.ts', '', 'a name that says nothing'],
    ['src/vision/x.ts', '', 'lies in no known room'],
    ['src/browser.ts', '', 'lies in no known room'],
  ])('%s may not say %s', (path, text, problem) => {
    const found = problems(path, text);
    expect(found.join('\n')).toContain(problem);
    expect(found.every((each) => each.startsWith(path))).toBe(true);
  });

  it('are kept', () => expect(checkRooms(src)).toEqual([]));
});

describe('the playground', () => {
  const problems = (text: string): string[] =>
    checkSite(files({ 'site/src/a.ts': text, 'site/src/b.ts': '', 'src/io/i.ts': '' }));

  it.each(["import './b.ts';", "import { x } from 'heed'; import type { P } from 'heed/pronounce';"])(
    'may say %s',
    (text) => expect(problems(text)).toEqual([]),
  );

  it.each([
    "import '../../src/io/i.ts';",
    "import 'heed/io';",
    "import { rgb } from 'd3-color';",
    "import 'node:fs';",
    'const x = (name: string) => import(name);',
  ])('may not say %s', (text) => expect(problems(text)).toHaveLength(1));

  it('keeps to it', () => {
    const site = read('site', 'src/');
    expect(site.size).toBeGreaterThan(10);
    expect(checkSite(site)).toEqual([]);
    expect(cycles(site)).toEqual([]);
  });
});

describe('the rooms of assembly', () => {
  const base = {
    'assembly/simd/v.ts': '',
    'assembly/math/m.ts': '',
    'assembly/kernels/k.ts': '',
    'assembly/gradients/g.ts': '',
  };
  const problems = (path: string, text: string): string[] =>
    checkAssemblyRooms(files({ ...base, 'assembly/index.ts': '', [path]: text }));

  it.each([
    ['assembly/gradients/x.ts', "import { k } from '../kernels/k'; import { v } from '../simd/v';"],
    ['assembly/index.ts', "export { k } from './kernels/k';"],
    ['assembly/train.ts', "export * from './index'; export { g } from './gradients/g';"],
  ])('%s may say %s', (path, text) => expect(problems(path, text)).toEqual([]));

  it.each([
    ['assembly/simd/x.ts', "import { m } from '../math/m';", 'simd may not see math'],
    ['assembly/math/x.ts', "import { k } from '../kernels/k';", 'math may not see kernels'],
    ['assembly/kernels/x.ts', "import { g } from '../gradients/g';", 'kernels may not see gradients'],
    ['assembly/index.ts', "export { g } from './gradients/g';", 'index may not see gradients'],
    ['assembly/kernels/x.ts', "import { log } from 'host';", 'not in assembly'],
    ['assembly/layers/x.ts', '', 'lies in no known room'],
  ])('%s may not say %s', (path, text, problem) => expect(problems(path, text).join()).toContain(problem));

  it('are kept', () => expect(checkAssemblyRooms(assembly)).toEqual([]));
});

describe('kernels', () => {
  const inKernel = (body: string): string[] =>
    checkKernels(files({ 'assembly/kernels/x.ts': `export function f32_x(n: i32): void {\n${body}\n}` }));

  it.each([
    ['const a = new StaticArray<f32>(4);', 'allocates with `new`'],
    ['const a = [1, 2];', 'allocates a literal'],
    ["throw new Error('x');", 'throws'],
    ['assert(n > 0);', 'calls assert'],
    ["log('done');", "has the string 'done'"],
    ["external('done');", "has the string 'done'"],
    ['log(`done`);', 'has a template string'],
    ['f32x4.relaxed_madd(a, b, c);', 'names relaxed_madd'],
  ])('may not say %s', (body, problem) => expect(inKernel(body).join()).toContain(problem));

  it('may have tables of constants', () => {
    expect(inKernel('const table = memory.data<f32>([1, 2]);')).toEqual([]);
  });

  it('may not have variables outside functions', () => {
    const found = checkKernels(
      files({ 'assembly/kernels/x.ts': 'let calls = 0;\nexport let more: i32 = 1;\nconst N: i32 = 4;' }),
    );
    expect(found).toHaveLength(2);
  });

  it('may say all that in comments, have variables and constants, and only vec.ts is relaxed', () => {
    const body =
      "// isn't new: throw 'x', assert, relaxed_madd\nlet sum = f32x4.splat(0);\nload<f32>(memory.data<f32>([1, 2]));";
    expect(inKernel(body)).toEqual([]);
    expect(
      checkKernels(files({ 'assembly/simd/vec.ts': 'const f = () => f32x4.relaxed_madd(a, b, c);' })),
    ).toEqual([]);
    expect(checkKernels(files({ 'assembly/kernels/x.ts': "import { madd } from '../simd/vec';" }))).toEqual(
      [],
    );
  });

  it('keep to it', () => expect(checkKernels(assembly)).toEqual([]));

  it('without a comment over them, or an empty one, are found', () => {
    const undocumented = (text: string): number =>
      checkKernelDocs(files({ 'assembly/kernels/x.ts': text })).length;
    expect(undocumented('export function f32_x(): void {}')).toBe(1);
    expect(undocumented('/** */ export function f32_x(): void {}')).toBe(1);
    expect(undocumented('/** TODO */\nexport function f32_x(): void {}')).toBe(1);
    expect(undocumented('// out = x, in a line comment\nexport function f32_x(): void {}')).toBe(1);
    expect(
      undocumented(
        "/** About the file, at length. */\nimport { a } from './a';\nexport function f32_x(): void {}",
      ),
    ).toBe(1);
    expect(undocumented('/** out = exp(x) */\nexport function f32_x(): void {}')).toBe(0);
    expect(
      undocumented('/**\n * Sum of n floats.\n */\n// @ts-ignore\n@inline\nexport function f32_x(): void {}'),
    ).toBe(0);
    expect(undocumented('function helper(): void {}')).toBe(0);
  });

  it('say over them what they compute', () => {
    const kernels = new Map([...read('assembly', 'kernels/'), ...read('assembly', 'gradients/')]);
    expect(checkKernelDocs(kernels)).toEqual([]);
  });
});

describe('state at module level', () => {
  /** Lookup tables, made once from literals and only read. */
  const tables = new Map([
    ['src/pronounce/spelling.ts substitutes', 'which character stands for which: a ReadonlyMap of literals'],
    ['src/pronounce/spelling.ts elisions', 'words that begin with an apostrophe: a ReadonlySet of literals'],
    ['src/pronounce/ipa.ts onsets', 'consonant clusters that begin a syllable: a ReadonlySet of literals'],
  ]);
  const problems = (text: string): string[] => checkState(files({ 'src/ops/x.ts': text }));

  it.each([
    'let count = 0;',
    'export var count = 0;',
    'const cache = new Map<string, number>();',
    'const seen = new Set([1]);',
    'export const owners = new WeakMap() as WeakMap<object, number>;',
    'const pool: number[] = []; function f() { pool.push(1); }',
    'const options = { fast: true }; export function f() { options.fast = false; }',
    'const counts = [0]; const f = () => counts[0]!++;',
    'const table: Record<string, number> = {}; function f() { delete table.x; }',
    'const table = {}; Object.assign(table, { x: 1 });',
    "import { table } from './y.ts'; function f() { table.x = 1; }",
    'const word = /a/g; const f = (text: string) => word.test(text);',
    'class A { static count = 0; }',
  ])('is found: %s', (text) => expect(problems(text)).toHaveLength(1));

  it.each([
    'const LIMIT = 4; const names = ["a", "b"]; const sizes = { a: 1 } as const;',
    'function f() { let count = 0; const seen = new Set<number>(); seen.add(++count); }',
    'class A { #cache = new Map(); static readonly limit = 3; set(x: number) { this.#cache.set(x, x); } }',
    'const names = ["a"]; function f(names: string[]) { names.push("b"); }',
    'const word = /a/g; const f = (text: string) => text.replace(word, "b");',
    'const letters = ["b", "a"]; const sorted = [...letters].sort();',
  ])('is not: %s', (text) => expect(problems(text)).toEqual([]));

  it('the exceptions must exist, and may not be changed either', () => {
    const allowed = new Map([['src/ops/x.ts table', 'a reason']]);
    const check = (text: string): string[] => checkState(files({ 'src/ops/x.ts': text }), allowed);
    expect(check("const table = new Map([['a', 1]]);")).toEqual([]);
    expect(check("const table = new Map([['a', 1]]); table.set('b', 2);")).toHaveLength(1);
    expect(check('const other = 1;')).toEqual(['src/ops/x.ts table: allowed, but not there']);
  });

  it('src has none', () => expect(checkState(src, tables)).toEqual([]));
});
