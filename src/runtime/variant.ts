import { relaxedSimd, simd } from 'wasm-feature-detect';
import { UnsupportedError } from '../errors.ts';

/** The instruction sets a binary is built for. `simd` is deterministic to the bit; `relaxed` fuses multiply and add. */
export type Variant = 'simd' | 'relaxed';

/** All variants, best first. */
export const variants: readonly Variant[] = ['relaxed', 'simd'];

/** Node before 22 miscompiles one relaxed instruction behind its flag; there the variant counts as absent. */
function isOldNode(): boolean {
  const version = (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node;
  return version !== undefined && Number.parseInt(version, 10) < 22;
}

/** Whether this engine runs the variant. */
export async function supports(variant: Variant): Promise<boolean> {
  // Some hosts take away WebAssembly altogether: Safari's lockdown mode does.
  if (!globalThis.WebAssembly) return false;
  switch (variant) {
    case 'simd':
      return simd();
    case 'relaxed':
      return !isOldNode() && relaxedSimd();
    default:
      return variant satisfies never;
  }
}

/** The best variant of this engine. @throws UnsupportedError where WebAssembly SIMD is missing. */
export async function detectVariant(): Promise<Variant> {
  for (const variant of variants) if (await supports(variant)) return variant;
  throw new UnsupportedError(
    'runtime: this engine has no WebAssembly SIMD; heed needs it (all engines since 2023 have it)',
  );
}
