/**
 * Turns a training checkpoint into the weights that are shipped, matrices in 8 bits and the rest in 32, and measures
 * what that costs on the held-out test words: `npm run export:pronounce`. Writes `pronounce.safetensors` and
 * `figures.json`.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { quantiseRows, SCALE_SUFFIX } from '../../src/io/quantise.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { Seq2Seq } from '../../src/models/seq2seq/model.ts';
import { createPronouncer } from '../../src/pronounce/pronouncer.ts';
import { createRuntime } from '../../src/runtime/load.ts';
import { Random } from '../../src/tensor/random.ts';
import type { StoredTensor } from '../../src/tensor/weights.ts';
import type { ErrorRates } from '../../src/train/errorRate.ts';
import { type Checkpoint, readCheckpoint, replaceFile } from './checkpoint.ts';
import { loadDictionary } from './dictionary.ts';
import { measurePronouncer } from './measure.ts';

const { values: options } = parseArgs({
  options: {
    checkpoint: { type: 'string', default: 'training-runs/pronounce/checkpoint.safetensors' },
    out: { type: 'string', default: dirname(fileURLToPath(import.meta.url)) },
  },
});

const checkpoint = readCheckpoint(options.checkpoint);
const shapes = await parameterShapes(checkpoint);
const int8 = encode(checkpoint, 'int8');
const file = join(options.out, 'pronounce.safetensors');
replaceFile(file, int8);
console.log(`${file}: ${int8.length} bytes, after ${checkpoint.step} steps`);

const figures = {
  parameters: [...checkpoint.parameters.values()].reduce((sum, { length }) => sum + length, 0),
  modelBytes: int8.length,
  int8: { greedy: await measure(int8, 1), beam4: await measure(int8, 4) },
  float32: await (async () => {
    const float32 = encode(checkpoint, 'float32');
    return { greedy: await measure(float32, 1), beam4: await measure(float32, 4) };
  })(),
};
writeFileSync(join(options.out, 'figures.json'), `${JSON.stringify(figures, null, 2)}\n`);
for (const precision of ['int8', 'float32'] as const) {
  for (const [decoding, rates] of Object.entries(figures[precision])) {
    const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
    console.log(
      `${precision}, ${decoding}: word error ${percent(rates.wer)}, phoneme error ${percent(rates.per)}; without stress ${percent(rates.werNoStress)}, ${percent(rates.perNoStress)}`,
    );
  }
}

function encode({ parameters, recipe, step }: Checkpoint, precision: 'int8' | 'float32'): Uint8Array {
  const stored = new Map<string, StoredTensor>();
  for (const [name, values] of parameters) {
    const shape = shapes.get(name)!;
    if (precision === 'int8' && shape.length === 2) {
      const { integers, scales } = quantiseRows(values, shape);
      stored.set(name, integers).set(name + SCALE_SUFFIX, scales);
    } else {
      stored.set(name, fromFloat32(values, shape, 'F32'));
    }
  }
  const { model, ...training } = recipe;
  return writeSafetensors(stored, {
    metadata: { config: JSON.stringify(model), training: JSON.stringify({ ...training, steps: step }) },
  });
}

async function measure(weights: Uint8Array, beam: number): Promise<ErrorRates> {
  using pronouncer = await createPronouncer({ weights, variant: 'simd' });
  return measurePronouncer(pronouncer, loadDictionary().test, beam);
}

async function parameterShapes({ recipe }: Checkpoint): Promise<Map<string, readonly number[]>> {
  using runtime = await createRuntime();
  const fresh = Seq2Seq.create(runtime, recipe.model, new Random(0));
  return new Map([...fresh.parameters()].map(([name, { shape }]) => [name, shape]));
}
