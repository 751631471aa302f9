/**
 * Trains the pronouncer from the dictionary: `npm run train:pronounce`. Writes a checkpoint after every epoch and every
 * few minutes; `--resume` continues from it to the same weights as if it had never stopped.
 */
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { writeCheckpoint } from './checkpoint.ts';
import { loadDictionary } from './dictionary.ts';
import { measureGreedy } from './measure.ts';
import { pairsOf } from './pairs.ts';
import { TrainingProgress } from './progress.ts';
import { type Recipe, recipe as shipped } from './recipe.ts';
import { Replica } from './replica.ts';

const CHECKPOINT_EVERY_MILLISECONDS = 180_000;

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'training-runs/pronounce' },
    resume: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    epochs: { type: 'string' },
    seed: { type: 'string' },
    words: { type: 'string' },
    validation: { type: 'string', default: '2000' },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(`Trains the pronouncer.
  --out FOLDER   where the checkpoint goes (${options.out})
  --resume       continue from the checkpoint in it
  --threads N    1 to ${shipped.shards}; changes the time, not the weights (${options.threads})
  --epochs N     instead of ${shipped.epochs}
  --seed N       instead of ${shipped.seed}
  --words N      train on the first N words only, for a quick look
  --validation N measure N validation words after each epoch (${options.validation})`);
  process.exit(0);
}

const threads = positive('threads', options.threads);
if (threads > shipped.shards)
  throw new RangeError(`--threads must be at most ${shipped.shards}, got ${threads}`);
const recipe: Recipe = {
  ...shipped,
  epochs: options.epochs === undefined ? shipped.epochs : positive('epochs', options.epochs),
  seed: options.seed === undefined ? shipped.seed : positive('seed', options.seed),
};

const dictionary = loadDictionary();
const words =
  options.words === undefined
    ? dictionary.train
    : dictionary.train.slice(0, positive('words', options.words));
const pairs = pairsOf(words);
const validation = dictionary.validation.slice(0, positive('validation', options.validation));

mkdirSync(options.out, { recursive: true });
const path = join(options.out, 'checkpoint.safetensors');
if (options.resume && !existsSync(path)) throw new Error(`--resume: there is no ${path}`);
const checkpoint = options.resume ? path : undefined;

const replica = await Replica.create({ recipe, pairs, thread: 0, threads, checkpoint });
for (let thread = 1; thread < threads; thread++) {
  const worker = new Worker(new URL('./replicaThread.mjs', import.meta.url), {
    workerData: { recipe, pairs, thread, threads, checkpoint, exchange: replica.exchange.buffer },
    execArgv: [],
  });
  // Training blocks this thread while it waits for the other, which loads its modules with this one's help.
  await once(worker, 'message');
  worker.on('error', (error) => {
    throw error;
  });
}

const progress = new TrainingProgress(replica.totalSteps, replica.optimizer.steps);
progress.line(
  `${pairs.length} pronunciations of ${words.length} words, ${[...replica.model.parameters().values()].reduce((sum, { size }) => sum + size, 0)} parameters, variant ${replica.runtime.variant}, ${threads} threads, step ${replica.optimizer.steps} of ${replica.totalSteps}`,
);
const save = (): void =>
  writeCheckpoint(
    path,
    recipe,
    replica.optimizer.steps,
    replica.model.parameters(),
    replica.optimizer.state(),
  );

let saved = performance.now();
while (replica.optimizer.steps < replica.totalSteps) {
  for (const report of replica.epoch()) {
    progress.step(report);
    if (performance.now() - saved > CHECKPOINT_EVERY_MILLISECONDS) {
      save();
      saved = performance.now();
    }
  }
  save();
  saved = performance.now();
  const epoch = Math.ceil(replica.optimizer.steps / replica.stepsPerEpoch);
  const { wer, per, werNoStress, perNoStress } = measureGreedy(replica.model, validation);
  const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
  progress.line(
    `epoch ${epoch} of ${recipe.epochs}: loss ${progress.epochLoss().toFixed(4)}, validation (${validation.length} words, greedy): word error ${percent(wer)}, phoneme error ${percent(per)}; without stress ${percent(werNoStress)}, ${percent(perNoStress)}`,
  );
}
progress.stop();
console.log(`done: ${path}`);

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0))
    throw new RangeError(`--${name} must be a positive integer, got ${text}`);
  return value;
}
