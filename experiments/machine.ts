import { cpus } from 'node:os';
import { detectVariant } from '../src/runtime/variant.ts';

/** Engine, wasm variant and processor: what figures were made with. */
export async function machine(): Promise<string> {
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `Node ${process.versions.node}, ${await detectVariant()}, ${processor}`;
}
