/** Reference data of one small case, right in every number, which a test may spoil. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import type { StoredTensor } from '../../src/tensor/weights.ts';

export interface MadeUp {
  /** The row of index.json. */
  readonly row: Record<string, unknown>;
  readonly tensors: Record<string, StoredTensor>;
}

const f32 = (values: readonly number[], shape: readonly number[]): StoredTensor =>
  fromFloat32(Float32Array.from(values), shape, 'F32');

/** y = x W^T + b with its gradients: small whole numbers, exact in float32. */
export function linearCase(): MadeUp {
  return {
    row: {
      case: 'made_up',
      file: 'made_up.safetensors',
      module: 'nn.Linear',
      ctor: { in_features: 2, out_features: 1, bias: true },
    },
    tensors: {
      'w.weight': f32([2, 3], [1, 2]),
      'w.bias': f32([5], [1]),
      'in.x': f32([1, 4, 2, -1], [2, 2]),
      'in.cotangent.y': f32([1, 10], [2, 1]),
      'out.y': f32([19, 6], [2, 1]),
      'grad.in.x': f32([2, 3, 20, 30], [2, 2]),
      'grad.w.weight': f32([21, -6], [1, 2]),
      'grad.w.bias': f32([11], [1]),
    },
  };
}

/** The case with one tensor's element replaced. */
export function spoilt(name: string, index: number, value: number): MadeUp {
  const { row, tensors } = linearCase();
  const { bytes, shape } = tensors[name]!;
  const changed = bytes.slice();
  new DataView(changed.buffer).setFloat32(4 * index, value, true);
  return { row, tensors: { ...tensors, [name]: { dtype: 'F32', shape, bytes: changed } } };
}

/** Writes a folder with these cases in torch/layers. */
export function writeData(folder: string, cases: readonly MadeUp[]): void {
  const part = join(folder, 'torch/layers');
  mkdirSync(part, { recursive: true });
  writeFileSync(join(part, 'index.json'), JSON.stringify({ cases: cases.map(({ row }) => row) }));
  for (const { row, tensors } of cases) {
    writeFileSync(join(part, String(row.file)), writeSafetensors(tensors));
  }
}
