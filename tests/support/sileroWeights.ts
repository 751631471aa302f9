/** Weights of Silero VAD's shapes. */
import { fromFloat32, toFloat32 } from '../../src/io/conversion.ts';
import type { StoredTensor, WeightSource } from '../../src/tensor/weights.ts';
import { seededRandom } from './random.ts';

/** Samples of a step. */
export const CHUNK = 512;

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
