/** Silero VAD with the sound and the results beside it, of ../shared/data, and its layers beside the reference's. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { toFloat32 } from '../../src/io/conversion.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { loadParameters } from '../../src/layers/parameters.ts';
import { VoiceNetwork } from '../../src/models/voiceActivity/network.ts';
import { Stream } from '../../src/models/voiceActivity/stream.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import type { WeightSource } from '../../src/tensor/weights.ts';
import { DATA_FOLDER } from '../parity/cases.ts';
import type { Bounded, VoiceStep } from '../reference/voiceActivity.ts';
import { CHUNK } from './sileroWeights.ts';

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
