/** Silero VAD with the sound and the results beside it, of ../shared/data; and random weights of its shapes. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { fromFloat32, toFloat32 } from '../../src/io/conversion.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { loadParameters } from '../../src/layers/parameters.ts';
import { VoiceNetwork } from '../../src/models/voiceActivity/network.ts';
import { Stream } from '../../src/models/voiceActivity/stream.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import type { StoredTensor, WeightSource } from '../../src/tensor/weights.ts';
import { DATA_FOLDER } from '../parity/cases.ts';
import type { Bounded, VoiceStep } from '../reference/voiceActivity.ts';
import { seededRandom } from './random.ts';

export const CHUNK = 512;
export const SILERO_FOLDER = join(DATA_FOLDER, 'models/silero-vad-16k');

/** What is in the folder, or undefined where it is absent. */
export function readSilero() {
  if (!existsSync(SILERO_FOLDER)) return undefined;
  const read = (name: string): WeightSource => readSafetensors(readFileSync(join(SILERO_FOLDER, name)));
  const results = read('expected.safetensors');
  const { buffer, byteOffset, byteLength } = readFileSync(join(SILERO_FOLDER, 'test.wav'));
  const samples = new Int16Array(buffer.slice(byteOffset + 44, byteOffset + byteLength));
  return {
    weights: read('model.safetensors'),
    /** A result's values. */
    expected: (name: string): Float32Array => toFloat32(results.get(name)!),
    chunks: Array.from({ length: samples.length / CHUNK }, (_, i) =>
      samples.subarray(CHUNK * i, CHUNK * (i + 1)),
    ),
  };
}

/** Its tensors' shapes, by name. */
export const sileroShapes: Readonly<Record<string, readonly number[]>> = {
  'stft.forward_basis': [258, 1, 256],
  'encoder.conv1.weight': [128, 129, 3],
  'encoder.conv1.bias': [128],
  'encoder.conv2.weight': [64, 128, 3],
  'encoder.conv2.bias': [64],
  'encoder.conv3.weight': [64, 64, 3],
  'encoder.conv3.bias': [64],
  'encoder.conv4.weight': [128, 64, 3],
  'encoder.conv4.bias': [128],
  'decoder.lstm.weight_ih': [512, 128],
  'decoder.lstm.weight_hh': [512, 128],
  'decoder.lstm.bias_ih': [512],
  'decoder.lstm.bias_hh': [512],
  'decoder.conv.weight': [1, 128, 1],
  'decoder.conv.bias': [1],
};

/** Random tensors of these shapes, of a size that keeps signals as large as they come (He 2015). */
export function randomSilero(seed: number): Record<string, StoredTensor> {
  const random = seededRandom(seed);
  return Object.fromEntries(
    Object.entries(sileroShapes).map(([name, shape]) => {
      const depth = shape.slice(1).reduce((a, b) => a * b, 1);
      const size = shape[0]! * depth;
      return [name, fromFloat32(random.normals(size, depth > 1 ? Math.sqrt(2 / depth) : 0.3), shape, 'F32')];
    }),
  );
}

/** The tensors of a source as floats, by name. */
export function floatsOf(source: WeightSource): Record<string, Float32Array> {
  return Object.fromEntries(source.names().map((name) => [name, toFloat32(source.get(name)!)]));
}

/** The network and a stream as a detector has them, open to be looked at. */
export function openDetector(runtime: Runtime, weights: WeightSource) {
  const network = loadParameters(runtime, weights, '', (parameters) => new VoiceNetwork(parameters));
  network.prepare();
  const stream = new Stream(runtime);
  return {
    stream,
    step(chunk: Float32Array | Int16Array): void {
      stream.listen(chunk);
      network.run(stream);
    },
    dispose(): void {
      stream.dispose();
      network.dispose();
    },
  };
}

/** What the chunk became beside the reference's, in the order of the network. */
export function layersOf(
  stream: Stream,
  step: VoiceStep,
): [name: string, actual: Tensor, expected: Bounded][] {
  return [
    ['stft_magnitude', stream.magnitudes.frames, step.magnitudes],
    ...step.encoded.map((expected, i): [string, Tensor, Bounded] => [
      `conv${i + 1}`,
      stream.encoded[i]!.frames,
      expected,
    ]),
    ['h', stream.hidden, step.hidden],
    ['c', stream.cell, step.cell],
    ['probability', stream.probability, step.probability],
  ];
}

/**
 * @param actual [frames, channels]
 * @param expected [channels, frames]
 * @param errors what each element of `expected` may be off by
 */
export function expectWithin(
  actual: Tensor,
  expected: ArrayLike<number>,
  errors: ArrayLike<number>,
  what: string,
): void {
  const [frames, channels] = actual.shape as readonly [number, number];
  expect(expected.length, what).toBe(frames * channels);
  actual.toFloat32Array().forEach((value, at) => {
    const i = (at % channels) * frames + Math.floor(at / channels);
    const off = Math.abs(value - expected[i]!);
    if (!(off <= errors[i]!))
      expect.fail(`${what}[${i}] is ${value}, expected ${expected[i]} within ${errors[i]}`);
  });
}
