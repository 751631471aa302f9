/** Hosts that lack something or forbid it: one UnsupportedError each, which says what to do. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UnsupportedError } from '../../src/errors.ts';
import { compile } from '../../src/runtime/compile.ts';
import { createRuntime } from '../../src/runtime/load.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('an engine without SIMD', () => {
  const message =
    'runtime: this engine has no WebAssembly SIMD; heed needs it (all engines since 2023 have it)';

  it('is told apart by what it validates', async () => {
    const validate = vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    await expect(createRuntime()).rejects.toThrow(new UnsupportedError(message));
    expect(validate).toHaveBeenCalled();
  });

  it('may lack WebAssembly altogether', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    await expect(createRuntime()).rejects.toThrow(new UnsupportedError(message));
    await expect(createRuntime({ variant: 'simd' })).rejects.toThrow(
      new UnsupportedError('createRuntime: this engine does not run the simd variant'),
    );
  });
});

describe('a host that forbids compiling', () => {
  // As Chromium, Firefox, Safari and workerd put it.
  it.each([
    new WebAssembly.CompileError('WebAssembly.compile(): Compiling or instantiating violates the policy'),
    new WebAssembly.CompileError('call to WebAssembly.compile() blocked by CSP'),
    new EvalError('Refused to create a WebAssembly object'),
    new WebAssembly.CompileError('Wasm code generation disallowed by embedder'),
  ])('%s', async (refusal) => {
    vi.spyOn(WebAssembly, 'compile').mockRejectedValue(refusal);
    for (const threads of [1, 2]) {
      const error = await createRuntime({ threads }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(UnsupportedError);
      expect((error as Error).message).toContain("'wasm-unsafe-eval' in script-src");
      expect((error as Error).cause).toBe(refusal);
    }
  });

  it('is not blamed for bytes that are no module', async () => {
    await expect(compile(Uint8Array.of(1, 2, 3, 4))).rejects.toThrow(WebAssembly.CompileError);
  });
});
