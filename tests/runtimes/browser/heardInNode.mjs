// What the worklets must come to: the same in Node, on the same binary.
import { importPacked } from './packed.mjs';
import { BLOCK, HIDDEN, LAYERS } from './pages/worklets/block.js';
import { hashOf } from './pages/worklets/hash.js';
import { sound, tensors } from './pages/worklets/sound.js';

export async function probabilitiesInNode(app, chunks) {
  const { createVoiceDetector } = await importPacked(app, 'models');
  const weights = tensors();
  const source = { metadata: {}, names: () => Object.keys(weights), get: (name) => weights[name] };
  const detector = await createVoiceDetector({ weights: source, variant: 'simd' });
  const heard = sound(512 * chunks);
  const probabilities = Array.from({ length: chunks }, (_, i) =>
    detector.step(heard.subarray(512 * i, 512 * (i + 1))),
  );
  detector.dispose();
  return probabilities;
}

/** @returns the hash of all that comes out, and how many different blocks there are in it */
export async function lstmInNode(app, blocks) {
  const { createRuntime, LSTM, Random, Tensor } = await importPacked(app, 'index');
  const runtime = await createRuntime({ variant: 'simd' });
  const config = { inputSize: BLOCK, hiddenSize: HIDDEN, layers: LAYERS };
  const lstm = LSTM.create(runtime, config, new Random(5));
  const state = lstm.startSteps(1);
  const frame = Tensor.zeros(runtime, [1, BLOCK]);
  const input = sound(blocks * BLOCK);
  const output = new Float32Array(blocks * BLOCK);
  for (let block = 0; block < blocks; block++) {
    frame.set(input.subarray(block * BLOCK, (block + 1) * BLOCK));
    output.set(lstm.step(frame, state).toArray(), block * BLOCK);
  }
  runtime.dispose();
  return { hash: hashOf(output), different: new Set(output).size };
}
