/**
 * Held-out figures of the pronouncer: `npm run eval:pronounce [-- --json]`. A word is right when its best hypothesis
 * equals any of its listed pronunciations.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import type { Arithmetic } from '../../src/layers/parameters.ts';
import { createPronouncer } from '../../src/pronounce/pronouncer.ts';
import { loadDictionary, type Split } from './dictionary.ts';
import { measurePronouncer } from './measure.ts';

const SHIPPED = 'models/pronounce/pronounce.safetensors';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    beam: { type: 'string', default: '4' },
    split: { type: 'string', default: 'test' },
    weights: { type: 'string', default: SHIPPED },
    arithmetic: { type: 'string', default: 'f32' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(`Error rates of the pronouncer on held-out words.
  --json           one JSON object on standard output
  --beam N         hypotheses kept; 1 is greedy (${options.beam})
  --split NAME     test, validation or train (${options.split})
  --weights FILE   instead of ${SHIPPED}
  --arithmetic A   what 8-bit weights are computed in: f32 or int8 (${options.arithmetic})`);
  process.exit(0);
}
if (!['test', 'validation', 'train'].includes(options.split)) {
  throw new RangeError(`--split must be test, validation or train, got ${options.split}`);
}

const bytes = readFileSync(options.weights);
const beam = Number(options.beam);
const arithmetic = options.arithmetic as Arithmetic;
using pronouncer = await createPronouncer({ weights: bytes, arithmetic });
const entries = loadDictionary()[options.split as Split];
const bar = new cliProgress.SingleBar({ stream: process.stderr, format: '{bar} {value}/{total} words' });
if (process.stderr.isTTY) bar.start(entries.length, 0);
const started = performance.now();
const rates = measurePronouncer(pronouncer, entries, beam, (done) => bar.update(done));
bar.stop();
const wordsPerSecond = (1000 * entries.length) / (performance.now() - started);
const { words, per, wer, perNoStress, werNoStress } = rates;
if (options.json) {
  console.log(JSON.stringify({ words, per, wer, perNoStress, werNoStress, beam, modelBytes: bytes.length }));
} else {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  console.log(`${words} ${options.split} words, beam ${beam}, ${options.weights} in ${arithmetic} (${bytes.length} bytes)
                 word error   phoneme error
  with stress    ${percent(wer).padStart(10)}   ${percent(per).padStart(13)}
  without        ${percent(werNoStress).padStart(10)}   ${percent(perNoStress).padStart(13)}
${wordsPerSecond.toFixed(0)} words/s on one thread, variant ${pronouncer.runtime.variant}`);
}
