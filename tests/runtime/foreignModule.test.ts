/** Modules that are not this release's binaries, given to `createRuntime`: always an UnsupportedError. */
import { expect, it } from 'vitest';
import { UnsupportedError } from '../../src/errors.ts';
import { ABI_VERSION } from '../../src/runtime/abi.ts';
import { createRuntime, createRuntimeSync } from '../../src/runtime/load.ts';
import { assemble, type Import, ourImports } from './wasmBytes.ts';

const ours = { abi_version: ABI_VERSION, heap_base: 16 };
const [microKernel, memory] = ourImports as readonly [Import, Import];
const func = (name: string): Import => ({ name, kind: 'function' });
const limited = (initial: number, maximum: number, shared = false): Import => ({
  name: 'memory',
  kind: 'memory',
  initial,
  maximum,
  shared,
});

type Case = readonly [string, Parameters<typeof assemble>[0], string | RegExp];

const NEEDED = 'createRuntime: module is not a binary of this release of heed: ';
const EXPECTED = ', expected global env.microKernel, memory env.memory';
const version = (found: number | 'none'): string =>
  `createRuntime: module has ABI version ${found}, this release of heed needs ${ABI_VERSION}; use the .wasm file of the same release`;

const otherImports: readonly Case[] = [
  ['no imports', { constants: ours, memory: true }, 'it imports nothing'],
  ['one of the two', { constants: ours, imports: [memory] }, 'it imports memory env.memory'],
  ['the other one', { constants: ours, imports: [microKernel] }, 'it imports global env.microKernel'],
  [
    'one more',
    { constants: ours, imports: [...ourImports, func('log')] },
    'it imports function env.log, global env.microKernel, memory env.memory',
  ],
  [
    'functions of our names',
    { constants: ours, imports: [func('memory'), func('microKernel')] },
    'it imports function env.memory, function env.microKernel',
  ],
  [
    'our names from another module',
    { constants: ours, imports: ourImports.map((each) => ({ ...each, module: 'other' })) },
    'it imports global other.microKernel, memory other.memory',
  ],
];

const linkErrors: readonly Case[] = [
  ['a memory that may grow too little', { constants: ours, imports: [microKernel, limited(1, 1)] }, /memory/],
  [
    'a memory that begins too large',
    { constants: ours, imports: [microKernel, limited(100, 65_536)] },
    /memory/,
  ],
  ['a shared memory', { constants: ours, imports: [microKernel, limited(1, 65_536, true)] }, /memory/],
  [
    'a mutable global',
    {
      constants: ours,
      imports: [memory, { name: 'microKernel', kind: 'global', type: 'i32', mutable: true }],
    },
    /global/,
  ],
  [
    'a global of 64 bits',
    { constants: ours, imports: [memory, { name: 'microKernel', kind: 'global', type: 'i64' }] },
    /global/,
  ],
  ['a trap at its start', { constants: ours, imports: ourImports, trapsAtStart: true }, /unreachable/],
  [
    'a version that traps',
    { constants: { ...ours, abi_version: 'trap' }, imports: ourImports },
    /unreachable/,
  ],
];

const otherExports: readonly Case[] = [
  ['no version', { constants: { heap_base: 16 }, imports: ourImports, memory: true }, version('none')],
  ['nothing', { imports: ourImports }, version('none')],
  ['version 0', { constants: { ...ours, abi_version: 0 }, imports: ourImports, memory: true }, version(0)],
  [
    'a later version',
    { constants: { ...ours, abi_version: ABI_VERSION + 1 }, imports: ourImports, memory: true },
    version(ABI_VERSION + 1),
  ],
  [
    'our version without heap_base',
    { constants: { abi_version: ABI_VERSION }, imports: ourImports, memory: true },
    'createRuntime: module is not a binary of heed: it lacks heap_base',
  ],
];

/** The refusal of both ways to make a runtime. */
async function refusals(bytes: Uint8Array<ArrayBuffer>): Promise<unknown[]> {
  const module = new WebAssembly.Module(bytes);
  const caught = (reason: unknown): unknown => reason;
  return [
    await createRuntime({ module }).then(() => 'made', caught),
    await createRuntime({ module, threads: 2 }).then(() => 'made', caught),
    await (async () => createRuntimeSync({ module }))().then(() => 'made', caught),
  ];
}

it('the empty module', async () => {
  for (const error of await refusals(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))) {
    expect(error).toEqual(new UnsupportedError(`${NEEDED}it imports nothing${EXPECTED}`));
  }
});

it.each(otherImports)('a module that imports %s', async (_, parts, message) => {
  for (const error of await refusals(assemble(parts))) {
    expect(error).toBeInstanceOf(UnsupportedError);
    expect((error as Error).message).toBe(NEEDED + message + EXPECTED);
  }
});

it.each(linkErrors)('a module that imports our names, with %s', async (_, parts, message) => {
  for (const error of await refusals(assemble(parts))) {
    expect(error).toBeInstanceOf(UnsupportedError);
    expect((error as Error).message.slice(0, NEEDED.length)).toBe(NEEDED);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).cause).toBeInstanceOf(Error);
  }
});

it.each(otherExports)('a module with our imports that exports %s', async (_, parts, message) => {
  for (const error of await refusals(assemble(parts))) {
    expect(error).toBeInstanceOf(UnsupportedError);
    expect((error as Error).message).toBe(message);
  }
});

it('the same module with the right imports and exports is taken: the cases above fail for their reason alone', () => {
  const module = new WebAssembly.Module(assemble({ constants: ours, imports: ourImports, memory: true }));
  using runtime = createRuntimeSync({ module });
  expect(runtime.kernels.heap_base()).toBe(16);
});

it('a thousand refusals leave no memory behind: address space would run out', () => {
  const bad = assemble({ constants: { ...ours, abi_version: 0 }, imports: ourImports, memory: true });
  const module = new WebAssembly.Module(bad);
  const resident = process.memoryUsage().rss;
  for (let i = 0; i < 1000; i++) expect(() => createRuntimeSync({ module })).toThrow(UnsupportedError);
  expect(process.memoryUsage().rss - resident).toBeLessThan(100 * 2 ** 20);
});
