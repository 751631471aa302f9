import { describe, expect, it } from 'vitest';
import { ArgumentError, DisposedError, OutOfMemoryError, UnsupportedError } from '../../src/errors.ts';
import { ABI_VERSION } from '../../src/runtime/abi.ts';
import { createRuntime, createRuntimeSync } from '../../src/runtime/load.ts';
import { detectVariant, supports, type Variant } from '../../src/runtime/variant.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { binary, simdModule } from './binaries.ts';

describe('createRuntime', () => {
  it('without options takes the best variant that the engine runs', async () => {
    using runtime = await createRuntime();
    expect(runtime.variant).toBe(await detectVariant());
    expect(runtime.variant).toBe((await supports('relaxed')) ? 'relaxed' : 'simd');
    expect(Tensor.from(runtime, [1, 2]).toArray()).toEqual(Float32Array.of(1, 2));
  });

  it('takes the forced simd variant', async () => {
    using runtime = await createRuntime({ variant: 'simd' });
    expect(runtime.variant).toBe('simd');
    expect(runtime.kernels.abi_version()).toBe(ABI_VERSION);
  });

  it('takes the forced relaxed variant, or refuses it where the engine lacks it', async () => {
    const created = createRuntime({ variant: 'relaxed' });
    if (await supports('relaxed')) {
      console.log('createRuntime: relaxed runs here; its refusal is tested on older engines only');
      using runtime = await created;
      expect(runtime.variant).toBe('relaxed');
    } else {
      console.log('createRuntime: relaxed is refused here; its creation is tested on newer engines only');
      await expect(created).rejects.toThrow(
        new UnsupportedError('createRuntime: this engine does not run the relaxed variant'),
      );
    }
  });

  it.each(['avx', '', 'SIMD', null, 3, 'toString'])('refuses the unknown variant %j', async (variant) => {
    await expect(createRuntime({ variant: variant as Variant })).rejects.toThrow(
      new ArgumentError(`createRuntime: variant must be one of relaxed, simd, got ${variant}`),
    );
  });

  it('takes a compiled module, and leaves the variant open unless it is named', async () => {
    const module = simdModule();
    using open = await createRuntime({ module });
    using named = await createRuntime({ module, variant: 'simd' });
    expect([open.variant, named.variant]).toEqual([undefined, 'simd']);
  });

  it('refuses an unknown variant beside a module too', async () => {
    const created = createRuntime({ module: simdModule(), variant: 'avx' as Variant });
    await expect(created).rejects.toThrow(ArgumentError);
  });

  it('refuses what is no compiled module', async () => {
    for (const module of [binary('simd'), 'simd.wasm', {}] as unknown as WebAssembly.Module[]) {
      const error = await createRuntime({ module }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ArgumentError);
    }
  });

  it('refuses an unknown micro-kernel, beside a module too', async () => {
    const expected = new ArgumentError(
      'createRuntime: microKernel must be one of loads, shuffles, steps, got x',
    );
    const microKernel = 'x' as never;
    await expect(createRuntime({ microKernel })).rejects.toThrow(expected);
    await expect(createRuntime({ microKernel, module: simdModule() })).rejects.toThrow(expected);
  });

  it.each([0, -1, Number.NaN])('refuses maxMemoryBytes %d', async (maxMemoryBytes) => {
    await expect(createRuntime({ maxMemoryBytes })).rejects.toThrow(
      new ArgumentError(`createRuntime: maxMemoryBytes must be positive, got ${maxMemoryBytes}`),
    );
  });

  it('keeps to maxMemoryBytes, and goes on working after a refusal', async () => {
    using runtime = await createRuntime({ maxMemoryBytes: 2 ** 20 });
    const small = Tensor.from(runtime, [1, 2, 3]);
    expect(() => Tensor.zeros(runtime, [2 ** 18])).toThrow(OutOfMemoryError);
    expect(() => Tensor.zeros(runtime, [2 ** 29])).toThrow(OutOfMemoryError);
    expect(runtime.memory.capacityBytes).toBeLessThanOrEqual(2 ** 20);
    const another = Tensor.zeros(runtime, [2 ** 16]);
    expect([small.toArray(), another.at(0).item()]).toEqual([Float32Array.of(1, 2, 3), 0]);
  });
});

describe('createRuntimeSync', () => {
  it('makes a runtime without awaiting', () => {
    using runtime = createRuntimeSync({ module: simdModule() });
    expect(runtime.variant).toBeUndefined();
    expect(Tensor.zeros(runtime, [3]).toArray()).toEqual(new Float32Array(3));
  });

  it('refuses what is no compiled module', () => {
    for (const [module, kind] of [
      [undefined, 'undefined'],
      [binary('simd'), 'object'],
      ['simd.wasm', 'string'],
    ] as const) {
      expect(() => createRuntimeSync({ module: module as unknown as WebAssembly.Module })).toThrow(
        new ArgumentError(`createRuntimeSync: module must be a WebAssembly.Module, got ${kind}`),
      );
    }
    expect(() => createRuntimeSync(undefined as unknown as { module: WebAssembly.Module })).toThrow(
      ArgumentError,
    );
  });

  it('takes a micro-kernel, and refuses an unknown one', () => {
    const module = simdModule();
    using runtime = createRuntimeSync({ module, microKernel: 'steps' });
    expect([runtime.microKernel, runtime.threads]).toEqual(['steps', 1]);
    expect(() => createRuntimeSync({ module, microKernel: 'toString' as never })).toThrow(
      new ArgumentError('createRuntimeSync: microKernel must be one of loads, shuffles, steps, got toString'),
    );
  });

  it('keeps to maxMemoryBytes', () => {
    const module = simdModule();
    using runtime = createRuntimeSync({ module, maxMemoryBytes: 2 ** 18 });
    expect(() => Tensor.zeros(runtime, [2 ** 16])).toThrow(OutOfMemoryError);
    expect(() => createRuntimeSync({ module, maxMemoryBytes: 0 })).toThrow(ArgumentError);
  });
});

describe('training kernels', () => {
  it('are refused on the inference binary', () => {
    using runtime = createRuntimeSync({ module: simdModule() });
    expect(() => runtime.trainingKernels).toThrow(
      new UnsupportedError(
        'runtime: gradients need the training binary; make the runtime with trainingRuntime()',
      ),
    );
  });

  it('are those of the training binary', () => {
    using runtime = createRuntimeSync({ module: new WebAssembly.Module(binary('simd.train')) });
    expect(runtime.trainingKernels.f32_adam).toBeTypeOf('function');
  });
});

describe('several runtimes side by side', () => {
  it('share nothing: neither contents, nor accounts, nor disposal', () => {
    const module = simdModule();
    const runtimes = Array.from({ length: 5 }, () => createRuntimeSync({ module }));
    const tensors = runtimes.map((runtime, i) => Tensor.from(runtime, Float32Array.of(i, i + 0.5)));
    Tensor.zeros(runtimes[1]!, [100_000]);
    expect(runtimes.map(({ memory }) => memory.usedBytes)).toEqual([16, 16 + 458_752, 16, 16, 16]);
    expect(new Set(runtimes.map(({ memory }) => memory.floats.buffer)).size).toBe(5);
    runtimes[0]!.dispose();
    tensors[3]!.dispose();
    expect(tensors.map(({ disposed }) => disposed)).toEqual([true, false, false, true, false]);
    for (const i of [1, 2, 4]) expect(tensors[i]!.toArray()).toEqual(Float32Array.of(i, i + 0.5));
    for (const runtime of runtimes) runtime.dispose();
  });

  it('keep their scopes apart', () => {
    const module = simdModule();
    using a = createRuntimeSync({ module });
    using b = createRuntimeSync({ module });
    const [mine, theirs] = a.scope(() => {
      const inner = b.scope(() => [Tensor.zeros(a, [1]), Tensor.zeros(b, [1])] as const);
      Tensor.zeros(b, [1]);
      return inner;
    });
    expect([mine.disposed, theirs.disposed]).toEqual([false, false]);
    expect([a.memory.usedBytes, b.memory.usedBytes]).toEqual([16, 32]);
  });
});

describe('dispose', () => {
  it('releases everything; tensors and the runtime throw DisposedError from then on', () => {
    const runtime = createRuntimeSync({ module: simdModule() });
    const tensor = Tensor.from(runtime, [1, 2]);
    runtime.dispose();
    runtime.dispose();
    expect([runtime.memory.disposed, runtime.memory.usedBytes, runtime.memory.capacityBytes]).toEqual([
      true,
      0,
      0,
    ]);
    const gone = new DisposedError('tensor: its runtime has been disposed');
    expect(() => tensor.toArray()).toThrow(gone);
    expect(() => tensor.set([3, 4])).toThrow(DisposedError);
    expect(() => tensor.pointer).toThrow(gone);
    const used = new DisposedError('runtime: used after its dispose()');
    expect(() => Tensor.zeros(runtime, [1])).toThrow(used);
    expect(() => runtime.allocate(4)).toThrow(used);
    expect(() => tensor.dispose()).not.toThrow();
  });

  it('is what `using` does', () => {
    let escaped: Tensor;
    {
      using runtime = createRuntimeSync({ module: simdModule() });
      escaped = Tensor.zeros(runtime, [1]);
    }
    expect(escaped.disposed).toBe(true);
  });

  it('a thousand runtimes one after the other hold no more memory than a few', () => {
    const module = simdModule();
    const cycle = (count: number): number => {
      for (let i = 0; i < count; i++) {
        using runtime = createRuntimeSync({ module });
        Tensor.zeros(runtime, [2 ** 16]);
      }
      return process.memoryUsage().rss;
    };
    const early = cycle(200);
    const late = cycle(800);
    const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;
    console.log(`resident after 200 runtimes ${megabytes(early)}, after 1000 ${megabytes(late)}`);
    // Each run wrote 256 kB: kept, the last 800 would be 200 MB.
    expect(late - early).toBeLessThan(100 * 2 ** 20);
  });
});
