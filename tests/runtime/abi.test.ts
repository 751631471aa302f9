import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMemory } from '../../src/runtime/linearMemory.ts';
import { variants as allVariants } from '../../src/runtime/variant.ts';
import { variants } from '../support/runtimes.ts';
import { binary } from './binaries.ts';
import { assemble, exportedFunctions, ourImports } from './wasmBytes.ts';

const abi = readFileSync(new URL('../../src/runtime/abi.ts', import.meta.url), 'utf8');

/** The functions that an interface of abi.ts declares: their parameters' names, in order. */
function declared(name: string): Map<string, string[]> {
  const body = new RegExp(`export interface ${name} \\{\\n(.*?)\\n\\}`, 's').exec(abi)?.[1] ?? '';
  const functions = new Map<string, string[]>();
  for (const [, kernel, names] of body.matchAll(/^ {2}(\w+): Kernel<\s*\[([^\]]*)\]\s*>;/gm)) {
    functions.set(
      kernel!,
      Array.from(names!.matchAll(/'(\w+)'/g), ([, each]) => each!),
    );
  }
  for (const [, method, parameters] of body.matchAll(/^ {2}(\w+)\(([^)]*)\): number;/gm)) {
    functions.set(
      method!,
      Array.from(parameters!.matchAll(/(\w+): number/g), ([, each]) => each!),
    );
  }
  return functions;
}

/** The exported functions of AssemblyScript sources: their parameters' names, in order. */
function written(): Map<string, string[]> {
  const functions = new Map<string, string[]>();
  for (const folder of ['', 'kernels/', 'gradients/']) {
    const directory = new URL(`../../assembly/${folder}`, import.meta.url);
    for (const file of readdirSync(directory).filter((each) => each.endsWith('.ts'))) {
      const source = readFileSync(new URL(file, directory), 'utf8');
      for (const [, name, parameters] of source.matchAll(/^export function (\w+)\(([^)]*)\)/gm)) {
        functions.set(
          name!,
          Array.from(parameters!.matchAll(/(\w+): \w+/g), ([, each]) => each!),
        );
      }
    }
  }
  return functions;
}

const inference = declared('InferenceKernels');
const gradients = declared('GradientKernels');
const counts = (functions: ReadonlyMap<string, string[]>): Record<string, number> =>
  Object.fromEntries(Array.from(functions, ([name, parameters]) => [name, parameters.length]));

it('abi.ts declares every function once, and every line of its interfaces was understood', () => {
  expect(inference.size).toBeGreaterThan(20);
  expect(gradients.size).toBeGreaterThan(10);
  expect([...gradients.keys()].filter((name) => inference.has(name))).toEqual([]);
  expect(inference.size + gradients.size).toBe(abi.match(/^ {2}(\w+): Kernel<|^ {2}\w+\(/gm)?.length);
});

describe.each(allVariants)('%s', (variant) => {
  it('exports the inference kernels of abi.ts, with as many parameters, and nothing else', () => {
    expect(Object.fromEntries(exportedFunctions(binary(variant)))).toEqual(counts(inference));
  });

  it('exports the inference and gradient kernels of abi.ts in its training binary, and nothing else', () => {
    const expected = { ...counts(inference), ...counts(gradients) };
    expect(Object.fromEntries(exportedFunctions(binary(`${variant}.train`)))).toEqual(expected);
  });

  it('has nothing of training in its inference binary', () => {
    const names = [...exportedFunctions(binary(variant)).keys()];
    const training = names.filter((name) =>
      /_backward$|_adam$|_dropout$|_scatter_add$|_transposed$/.test(name),
    );
    expect(training.sort()).toEqual(['f32_matmul_transposed', 'f32_pack_transposed']);
  });

  it('stays small', () => {
    const [raw, training] = [binary(variant).length, binary(`${variant}.train`).length];
    console.log(`${variant}: inference ${raw} bytes, training ${training} bytes`);
    expect(raw).toBeLessThanOrEqual(60_000);
    expect(training).toBeLessThanOrEqual(90_000);
    expect(training).toBeGreaterThan(raw);
  });

  it('is embedded byte for byte', async () => {
    for (const name of [variant, `${variant}.train`]) {
      const embedded = readFileSync(new URL(`../../build/wasm/${name}.js`, import.meta.url), 'utf8');
      const digits = /^export default '([^']*)';\n$/.exec(embedded)?.[1] ?? '';
      expect(Buffer.from(digits, 'hex').equals(binary(name))).toBe(true);
    }
  });
});

describe.each(variants)('%s, compiled', (variant) => {
  it.each(['', '.train'])('%s imports its memory and the choice of the micro-kernel', (suffix) => {
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(binary(variant + suffix)));
    expect(imports.map(({ kind, module, name }) => `${kind} ${module}.${name}`).sort()).toEqual([
      'global env.microKernel',
      'memory env.memory',
    ]);
  });

  it.each(['', '.train'])('functions of %s have the lengths that abi.ts declares', (suffix) => {
    const env = { memory: createMemory(), microKernel: 0 };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary(variant + suffix)), { env });
    const expected = suffix ? { ...counts(inference), ...counts(gradients) } : counts(inference);
    const lengths = Object.entries(exports).flatMap(([name, value]) =>
      typeof value === 'function' ? [[name, value.length]] : [],
    );
    expect(Object.fromEntries(lengths)).toEqual(expected);
    expect(exports.memory).toBe(env.memory);
  });
});

it('abi.ts names the parameters as the kernels do, in their order', () => {
  const sources = written();
  for (const [name, parameters] of [...inference, ...gradients]) {
    const inAssembly = sources.get(name)?.map((each) => each.replace(/Ptr$/, ''));
    expect({ name, parameters: inAssembly }).toEqual({ name, parameters });
  }
});

it('the reader of exports agrees with the engine', () => {
  const bytes = assemble({ constants: { one: 1, two: 2 }, memory: true });
  const two = [
    ['one', 0],
    ['two', 0],
  ];
  expect([...exportedFunctions(bytes)]).toEqual(two);
  const importing = assemble({ constants: { one: 1, two: 2 }, memory: true, imports: ourImports });
  expect([...exportedFunctions(importing)]).toEqual(two);
  const exported = WebAssembly.Module.exports(new WebAssembly.Module(importing));
  expect(exported.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
    'one function',
    'two function',
    'memory memory',
  ]);
  const calling = assemble({ constants: { one: 1 }, imports: [{ name: 'log', kind: 'function' }] });
  expect(() => exportedFunctions(calling)).toThrow('imports a function');
});
