/** Reads the folders of reference data: an index, and the tensors of each case. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '../../src/io/safetensors.ts';
import type { WeightSource } from '../../src/tensor/weights.ts';
import type { CaseDescription } from './fixture.ts';

/** Where cases come from, by the folder they are in. */
export const sources = ['torch/layers', 'torch/attention', 'onnx-node'] as const;
export type Source = (typeof sources)[number];

/** The folder beside the checkout. */
export const DATA_FOLDER = fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** A case that is not opened yet: opening may throw. */
export interface UnreadCase {
  readonly description: CaseDescription;
  open(): WeightSource;
}

interface TorchRow extends Omit<CaseDescription, 'kind' | 'options'> {
  readonly file: string;
  readonly module: string;
  readonly ctor?: CaseDescription['options'];
}

interface OnnxRow {
  readonly case: string;
  readonly op: string;
  readonly attributes?: CaseDescription['options'];
}

/** The cases of a source, or undefined where the folder does not have it. @throws when its index cannot be read */
export function readCases(data: string, source: Source): UnreadCase[] | undefined {
  const folder = join(data, source);
  const path = join(folder, 'index.json');
  if (!existsSync(path)) return undefined;
  const index: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return source === 'onnx-node'
    ? onnxCases(folder, index as readonly OnnxRow[])
    : torchCases(folder, (index as { cases: readonly TorchRow[] }).cases);
}

function torchCases(folder: string, rows: readonly TorchRow[]): UnreadCase[] {
  return rows.map(({ file, module, ctor = {}, ...row }) => ({
    description: { ...row, kind: module, options: ctor },
    open: () => readSafetensors(readFileSync(join(folder, file))),
  }));
}

/** One file holds all: a case's tensors are named `<case>/in.X`. */
function onnxCases(folder: string, rows: readonly OnnxRow[]): UnreadCase[] {
  let whole: WeightSource | undefined;
  return rows.map(({ case: name, op, attributes = {} }) => ({
    description: { case: name, kind: op, options: attributes },
    open: () => {
      whole ??= readSafetensors(readFileSync(join(folder, 'cases.safetensors')));
      const all = whole;
      const prefix = `${name}/`;
      const names = all.names().filter((each) => each.startsWith(prefix));
      return {
        metadata: {},
        names: () => names.map((each) => each.slice(prefix.length)),
        get: (each) => all.get(prefix + each),
      };
    },
  }));
}
