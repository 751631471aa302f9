/** Training state in one safetensors file: parameters, the optimizer's moments, and where training stood. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { FormatError } from '../../src/errors.ts';
import { fromFloat32, toFloat32 } from '../../src/io/conversion.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import type { StoredTensor } from '../../src/tensor/weights.ts';
import type { Recipe } from './recipe.ts';

const PARAMETER = 'parameter.';
const MOMENT = 'moment.';

export interface Checkpoint {
  readonly step: number;
  readonly recipe: Recipe;
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly moments: ReadonlyMap<string, Float32Array>;
}

/** Replaces a file so that a kill at any moment leaves the old one or the new one, whole. */
export function replaceFile(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.part`;
  const file = openSync(temporary, 'w');
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

export function writeCheckpoint(
  path: string,
  recipe: Recipe,
  step: number,
  parameters: ReadonlyMap<string, Tensor>,
  moments: ReadonlyMap<string, Tensor>,
): void {
  const stored = new Map<string, StoredTensor>();
  const add = (prefix: string, tensors: ReadonlyMap<string, Tensor>): void => {
    for (const [name, tensor] of tensors)
      stored.set(prefix + name, fromFloat32(tensor.toFloat32Array(), tensor.shape, 'F32'));
  };
  add(PARAMETER, parameters);
  add(MOMENT, moments);
  replaceFile(
    path,
    writeSafetensors(stored, { metadata: { step: String(step), recipe: JSON.stringify(recipe) } }),
  );
}

/**
 * @param recipe when given, must be the one the checkpoint was trained with
 * @throws FormatError when the file is no checkpoint, or of another recipe
 */
export function readCheckpoint(path: string, recipe?: Recipe): Checkpoint {
  const file = readSafetensors(readFileSync(path));
  const { step, recipe: text } = file.metadata;
  if (step === undefined || text === undefined)
    throw new FormatError(`checkpoint ${path}: not a training checkpoint`);
  if (!/^\d+$/.test(step)) throw new FormatError(`checkpoint ${path}: step must be a number, got ${step}`);
  if (recipe && JSON.stringify(recipe) !== text) {
    throw new FormatError(
      `checkpoint ${path}: was trained with another recipe: ${text}; remove it or drop --resume`,
    );
  }
  const take = (prefix: string): Map<string, Float32Array> =>
    new Map(
      file
        .names()
        .filter((name) => name.startsWith(prefix))
        .map((name) => [name.slice(prefix.length), toFloat32(file.get(name)!)]),
    );
  return {
    step: Number(step),
    recipe: parseRecipe(path, text),
    parameters: take(PARAMETER),
    moments: take(MOMENT),
  };
}

function parseRecipe(path: string, text: string): Recipe {
  try {
    return JSON.parse(text) as Recipe;
  } catch (error) {
    throw new FormatError(`checkpoint ${path}: its recipe is not JSON: ${(error as Error).message}`);
  }
}
