/** What heed and PyTorch both train: the shipped pronouncer's recipe on the first batches of its first epoch. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadDictionary } from '../../models/pronounce/dictionary.ts';
import { epochBatches, type Pair, pairsOf } from '../../models/pronounce/pairs.ts';
import { type Recipe, recipe } from '../../models/pronounce/recipe.ts';
import { betas, learningRates, Replica } from '../../models/pronounce/replica.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { endId, padId, startId } from '../../src/pronounce/alphabet.ts';

/** Timed steps of a round. */
export const STEPS_PER_ROUND = 4;
/** First steps, taken without dropout, whose losses must agree. */
export const VERIFIED_STEPS = 4;
/** Batches that PyTorch gets; it begins anew after them. */
const BATCHES = 240;

/** The recipe, each thread with one share of a batch. */
export function recipeFor(threads: number, dropout = recipe.model.dropout): Recipe {
  return { ...recipe, shards: threads, model: { ...recipe.model, dropout } };
}

export function loadPairs(): Pair[] {
  return pairsOf(loadDictionary().train);
}

/** The losses of the first steps without dropout, which every engine must find. */
export async function firstLosses(pairs: readonly Pair[]): Promise<number[]> {
  const replica = await Replica.create({ recipe: recipeFor(1, 0), pairs, thread: 0, threads: 1 });
  const losses: number[] = [];
  for (const { loss } of replica.epoch()) if (losses.push(loss) === VERIFIED_STEPS) break;
  replica.runtime.dispose();
  return losses;
}

/** Writes batches, learning rates and heed's initial weights for bench/compare/torch.py. */
export async function writeProblem(folder: string): Promise<void> {
  const pairs = loadPairs();
  const replica = await Replica.create({ recipe: recipeFor(1), pairs, thread: 0, threads: 1 });
  const weights = [...replica.model.parameters()].map(
    ([name, tensor]) => [name, fromFloat32(tensor.toFloat32Array(), tensor.shape, 'F32')] as const,
  );
  const schedule = learningRates(recipe, replica.totalSteps);
  replica.runtime.dispose();
  const problem = {
    recipe,
    betas,
    stepsPerRound: STEPS_PER_ROUND,
    verifiedSteps: VERIFIED_STEPS,
    learningRates: Array.from({ length: replica.stepsPerEpoch }, (_, step) => schedule(step)),
    batches: epochBatches(pairs, recipe, 0).slice(0, BATCHES).map(toLists),
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'weights.safetensors'), writeSafetensors(weights));
  writeFileSync(join(folder, 'problem.json'), JSON.stringify(problem));
}

/** A batch as rows of padded ids; targets time first. */
function toLists(pairs: readonly Pair[]) {
  const source = pairs.map(({ letters }) => letters);
  return {
    source: padded(source),
    lengths: source.map(({ length }) => length),
    targetInput: transposed(padded(pairs.map(({ phonemes }) => [startId, ...phonemes]))),
    targetOutput: transposed(padded(pairs.map(({ phonemes }) => [...phonemes, endId]))),
  };
}

function padded(rows: readonly (readonly number[])[]): number[][] {
  const longest = Math.max(...rows.map(({ length }) => length));
  return rows.map((row) => [...row, ...Array<number>(longest - row.length).fill(padId)]);
}

function transposed(rows: readonly (readonly number[])[]): number[][] {
  return rows[0]!.map((_, column) => rows.map((row) => row[column]!));
}
