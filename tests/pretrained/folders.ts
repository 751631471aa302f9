/** Folders of models as they are published, beside the checkout, and small ones made in memory. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { type LoadModelOptions, loadModel, type PretrainedModel } from '../../src/pretrained/loadModel.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { DATA_FOLDER } from '../parity/cases.ts';

export const hasFolders = existsSync(join(DATA_FOLDER, 'hf/index.json'));

export function sayIfSkipped(what: string): void {
  if (!hasFolders) console.log(`SKIPPED: ../shared/data is absent: ${what} is not tested`);
}

/** Loads a folder under `../shared/data`, with other files beside, or instead of, its own. */
export function loadFolder(
  runtime: Runtime,
  folder: string,
  files: Readonly<Record<string, unknown>> = {},
  options: LoadModelOptions = {},
): Promise<PretrainedModel> {
  const path = join(DATA_FOLDER, folder);
  if (Object.keys(files).length === 0) return loadModel(runtime, path, options);
  const needed = readdirSync(path).filter((name) => /^[^.]*\.json$|^model\.safetensors$/.test(name));
  const own = Object.fromEntries(
    needed.map((name) => [name, new Uint8Array(readFileSync(join(path, name)))]),
  );
  return loadModel(runtime, { ...own, ...asBytes(files) }, options);
}

/** The value of a folder's config.json with some fields changed. */
export function configWith(folder: string, fields: Readonly<Record<string, unknown>>): object {
  return { ...JSON.parse(readFileSync(join(DATA_FOLDER, folder, 'config.json'), 'utf8')), ...fields };
}

/** Files as they would lie on a disk. */
export function asBytes(files: Readonly<Record<string, unknown>>): Record<string, Uint8Array> {
  const bytes = (value: unknown): Uint8Array =>
    value instanceof Uint8Array
      ? value
      : new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
  return Object.fromEntries(Object.entries(files).map(([name, value]) => [name, bytes(value)]));
}

export async function failure(action: () => unknown): Promise<Error> {
  try {
    await action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a failure, there was none');
}

/** `hf/bert-model` with a classifier on top, whose weights are [classes, 32], and a tokenizer. */
export function classifierFiles(
  architecture: 'BertForSequenceClassification' | 'BertForTokenClassification',
  classifier: Float32Array,
  labels: readonly string[],
  fields: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const stored = readSafetensors(readFileSync(join(DATA_FOLDER, 'hf/bert-model/model.safetensors')));
  const tensors = Object.fromEntries(stored.names().map((name) => [`bert.${name}`, stored.get(name)!]));
  const bias = new Float32Array(labels.length).map((_, i) => i / 8);
  return {
    'config.json': configWith('hf/bert-model', {
      architectures: [architecture],
      id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
      ...fields,
    }),
    'model.safetensors': writeSafetensors({
      ...tensors,
      'classifier.weight': fromFloat32(classifier, [labels.length, 32], 'F32'),
      'classifier.bias': fromFloat32(bias, [labels.length], 'F32'),
    }),
    'generation_config.json': {},
  };
}
