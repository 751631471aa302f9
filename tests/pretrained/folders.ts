/** Folders of models as they are published, beside the checkout, and small ones made in memory. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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
