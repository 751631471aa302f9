import { readFileSync } from 'node:fs';
import { reportColdStart, SIZE } from './report.mjs';

// The model is written beforehand: making it is no part of a start.
const model = new Uint8Array(readFileSync(process.argv[2]));
await reportColdStart(async ({ a, b }) => {
  const ort = await import('onnxruntime-web');
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(model);
  const tensor = (values) => new ort.Tensor('float32', values, [SIZE, SIZE]);
  return (await session.run({ a: tensor(a), b: tensor(b) })).c.data;
});
