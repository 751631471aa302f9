import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCheckpoint, replaceFile, writeCheckpoint } from '../../models/pronounce/checkpoint.ts';
import { FormatError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import { tinyRecipe, withFolder } from './training.ts';

const runtime = await trainingRuntime();
const parameters = new Map([
  ['out.weight', Tensor.from(runtime, [1, -2, 3e-30, 4, 5, 6], [2, 3])],
  ['out.bias', Tensor.from(runtime, [0.1, Math.PI])],
]);
const moments = new Map(
  ['first', 'second'].flatMap((kind) =>
    [...parameters].map(([name, { shape, size }], i) => [
      `${kind}.${name}`,
      Tensor.from(runtime, new Float32Array(size).fill(i + 0.7), shape),
    ]),
  ) as [string, Tensor][],
);
const valuesOf = (tensors: ReadonlyMap<string, Tensor>) =>
  new Map([...tensors].map(([name, tensor]) => [name, tensor.toFloat32Array()]));
const sorted = (values: ReadonlyMap<string, Float32Array>) =>
  [...values].sort(([a], [b]) => (a < b ? -1 : 1));

describe('checkpoint', () => {
  it('is read as it was written', () =>
    withFolder(async (path) => {
      const file = path('checkpoint.safetensors');
      writeCheckpoint(file, tinyRecipe, 41, parameters, moments);
      for (const recipe of [undefined, tinyRecipe]) {
        const checkpoint = readCheckpoint(file, recipe);
        expect(checkpoint.step).toBe(41);
        expect(checkpoint.recipe).toEqual(tinyRecipe);
        expect(sorted(checkpoint.parameters)).toEqual(sorted(valuesOf(parameters)));
        expect(sorted(checkpoint.moments)).toEqual(sorted(valuesOf(moments)));
      }
      expect(existsSync(path('checkpoint.safetensors.part'))).toBe(false);
    }));

  it('equal states give equal bytes', () =>
    withFolder(async (path) => {
      writeCheckpoint(path('a'), tinyRecipe, 41, parameters, moments);
      writeCheckpoint(path('b'), tinyRecipe, 41, parameters, moments);
      writeCheckpoint(path('c'), tinyRecipe, 42, parameters, moments);
      expect(readFileSync(path('a')).equals(readFileSync(path('b')))).toBe(true);
      expect(readFileSync(path('a')).equals(readFileSync(path('c')))).toBe(false);
    }));

  it('of another recipe is refused', () =>
    withFolder(async (path) => {
      writeCheckpoint(path('a'), tinyRecipe, 1, parameters, moments);
      const read = () => readCheckpoint(path('a'), { ...tinyRecipe, seed: tinyRecipe.seed + 1 });
      expect(read).toThrow(FormatError);
      expect(read).toThrow(/was trained with another recipe: .*; remove it or drop --resume/);
    }));

  it('cut off anywhere is refused', () =>
    withFolder(async (path) => {
      writeCheckpoint(path('whole'), tinyRecipe, 1, parameters, moments);
      const bytes = readFileSync(path('whole'));
      for (let length = 0; length < bytes.length; length += length < 40 ? 1 : 61) {
        writeFileSync(path('cut'), bytes.subarray(0, length));
        expect(() => readCheckpoint(path('cut')), `${length} bytes`).toThrow(FormatError);
      }
    }));

  it.each([
    ['no metadata', {}],
    ['no recipe', { step: '1' }],
    ['no step', { recipe: JSON.stringify(tinyRecipe) }],
    ['a recipe that is not JSON', { step: '1', recipe: '{' }],
    ['a step that is no number', { step: 'one', recipe: JSON.stringify(tinyRecipe) }],
  ])('with %s is refused', (_, metadata) =>
    withFolder(async (path) => {
      const tensors = { 'parameter.w': fromFloat32(new Float32Array(2), [2], 'F32') };
      writeFileSync(path('a'), writeSafetensors(tensors, { metadata: metadata as Record<string, string> }));
      expect(() => readCheckpoint(path('a'))).toThrow(FormatError);
    }),
  );

  it('what a kill left half-written is neither read nor in the way', () =>
    withFolder(async (path) => {
      const file = path('checkpoint.safetensors');
      writeCheckpoint(file, tinyRecipe, 1, parameters, moments);
      writeFileSync(`${file}.part`, readFileSync(file).subarray(0, 100));
      expect(readCheckpoint(file, tinyRecipe).step).toBe(1);
      writeCheckpoint(file, tinyRecipe, 2, parameters, moments);
      expect(readCheckpoint(file, tinyRecipe).step).toBe(2);
      expect(existsSync(`${file}.part`)).toBe(false);
    }));

  it('replaceFile replaces longer files by shorter ones', () =>
    withFolder(async (path) => {
      replaceFile(path('a'), Uint8Array.of(1, 2, 3, 4));
      replaceFile(path('a'), Uint8Array.of(5));
      expect([...readFileSync(path('a'))]).toEqual([5]);
    }));
});
