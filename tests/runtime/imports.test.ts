import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const calls: string[] = [];
const original = { ...Object.getOwnPropertyDescriptors(WebAssembly) };
const watched = ['compile', 'instantiate', 'validate', 'compileStreaming', 'instantiateStreaming'] as const;
const constructed = ['Module', 'Instance', 'Memory', 'Table', 'Global'] as const;

beforeEach(() => {
  calls.length = 0;
  for (const name of [...watched, ...constructed]) {
    const target = original[name]?.value;
    if (!target) continue;
    const value = new Proxy(target, {
      apply: (call, self, values) => {
        calls.push(name);
        return Reflect.apply(call, self, values);
      },
      construct: (type, values, newTarget) => {
        calls.push(name);
        return Reflect.construct(type, values, newTarget);
      },
    });
    Object.defineProperty(WebAssembly, name, { ...original[name], value });
  }
  vi.resetModules();
});

afterEach(() => {
  Object.defineProperties(WebAssembly, original);
  vi.restoreAllMocks();
});

it.each(['index', 'models', 'train', 'plot', 'pronounce', 'pretrained', 'pipeline'])(
  'importing src/%s.ts does nothing',
  async (entry) => {
    const fetched = vi.spyOn(globalThis, 'fetch');
    const decoded = vi.spyOn(globalThis, 'atob');
    const timers = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'setInterval')];
    const logs = (['log', 'info', 'warn', 'error'] as const).map((each) => vi.spyOn(console, each));
    const names = Object.getOwnPropertyNames(globalThis);
    const listeners = process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const timersBefore = timers.map(({ mock }) => mock.calls.length);
    const module = await import(`../../src/${entry}.ts`);
    expect(Object.keys(module).length).toBeGreaterThan(0);
    expect(calls).toEqual([]);
    for (const spy of [fetched, decoded, ...logs]) expect(spy).not.toHaveBeenCalled();
    expect(Object.getOwnPropertyNames(globalThis)).toEqual(names);
    expect(process.eventNames().map((name) => [name, process.listenerCount(name)])).toEqual(listeners);
    // Vitest's own transport may set timers while it fetches the modules; none may come from src.
    const fromSource = timers.flatMap(({ mock }, i) =>
      mock.calls.slice(timersBefore[i]).filter(([callback]) => String(callback).includes('/src/')),
    );
    expect(fromSource).toEqual([]);
  },
);

it('compiling is seen when a runtime is made', async () => {
  const { createRuntime } = await import('../../src/index.ts');
  expect(calls).toEqual([]);
  using _runtime = await createRuntime({ variant: 'simd' });
  expect(calls).toContain('compile');
  expect(calls).toContain('Instance');
});
