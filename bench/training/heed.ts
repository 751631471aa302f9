/**
 * The child process that trains with heed: `heed.ts THREADS`. It answers each line on its standard input with a round,
 * after a first line with the losses that tell what it computes. Its threads are replicas of the model, each with a share
 * of the batch, as in `npm run train:pronounce`.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { Replica, type ReplicaOptions } from '../../models/pronounce/replica.ts';
import { describeHost } from '../suite.ts';
import { firstLosses, loadPairs, recipeFor, STEPS_PER_ROUND } from './problem.ts';

const threads = Number(process.argv[2]);
const pairs = loadPairs();
const losses = await firstLosses(pairs);

const options: ReplicaOptions = { recipe: recipeFor(threads), pairs, thread: 0, threads };
const replica = await Replica.create(options);
for (let thread = 1; thread < threads; thread++) {
  const worker = new Worker(new URL('../../models/pronounce/replicaThread.mjs', import.meta.url), {
    workerData: { ...options, thread, exchange: replica.exchange.buffer },
    execArgv: [],
  });
  await once(worker, 'message');
}
const { variant } = replica.runtime;
console.log(JSON.stringify({ engine: `heed, ${describeHost({ variant, threads })}`, losses }));

const steps = endlessSteps();
for await (const _ of createInterface({ input: process.stdin })) {
  // The other threads have begun this step while this one waited: it is not timed.
  steps.next();
  const begin = performance.now();
  let words = 0;
  for (let step = 0; step < STEPS_PER_ROUND; step++) words += steps.next().value!.pairs;
  console.log(JSON.stringify({ words, seconds: (performance.now() - begin) / 1000 }));
}
process.exit();

function* endlessSteps() {
  for (;;) yield* replica.epoch();
}
