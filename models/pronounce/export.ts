/**
 * Turns a training checkpoint into the weights that are shipped: matrices in 8 bits, the rest in 32.
 * `npm run export:pronounce [-- --checkpoint FILE]`
 */
import { parseArgs } from 'node:util';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { quantiseRows } from '../../src/io/quantise.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { SCALE_SUFFIX } from '../../src/layers/parameters.ts';
import { Seq2Seq } from '../../src/models/seq2seq/model.ts';
import { createRuntime } from '../../src/runtime/load.ts';
import { Random } from '../../src/tensor/random.ts';
import type { StoredTensor } from '../../src/tensor/weights.ts';
import { readCheckpoint, replaceFile } from './checkpoint.ts';

const { values: options } = parseArgs({
  options: {
    checkpoint: { type: 'string', default: 'training-runs/pronounce/checkpoint.safetensors' },
    out: { type: 'string', default: 'models/pronounce/pronounce.safetensors' },
    precision: { type: 'string', default: 'int8' },
  },
});
if (options.precision !== 'int8' && options.precision !== 'float32') {
  throw new RangeError(`--precision must be int8 or float32, got ${options.precision}`);
}

const { parameters, recipe, step } = readCheckpoint(options.checkpoint);
const shapes = await parameterShapes();
const stored = new Map<string, StoredTensor>();
for (const [name, values] of parameters) {
  const shape = shapes.get(name)!;
  if (options.precision === 'int8' && shape.length === 2) {
    const { integers, scales } = quantiseRows(values, shape);
    stored.set(name, integers).set(name + SCALE_SUFFIX, scales);
  } else {
    stored.set(name, fromFloat32(values, shape, 'F32'));
  }
}
const { model, ...training } = recipe;
const bytes = writeSafetensors(stored, {
  metadata: { config: JSON.stringify(model), training: JSON.stringify({ ...training, steps: step }) },
});
replaceFile(options.out, bytes);
console.log(
  `${options.out}: ${bytes.length} bytes, ${stored.size} tensors, ${options.precision}, after ${step} steps`,
);

async function parameterShapes(): Promise<Map<string, readonly number[]>> {
  using runtime = await createRuntime();
  const fresh = Seq2Seq.create(runtime, recipe.model, new Random(0));
  return new Map([...fresh.parameters()].map(([name, { shape }]) => [name, shape]));
}
