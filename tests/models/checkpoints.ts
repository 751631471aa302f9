/** Checkpoints of other libraries with what those libraries made of them, in the folder beside the checkout. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toFloat32, toInt32 } from '../../src/io/conversion.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { weightStream } from '../../src/io/weightStream.ts';
import { CheckpointConfig } from '../../src/models/checkpointConfig.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { WeightSource, WeightStream } from '../../src/tensor/weights.ts';
import { DATA_FOLDER } from '../parity/cases.ts';

export const hasCheckpoints = existsSync(join(DATA_FOLDER, 'hf/index.json'));

/** A checkpoint, and what is expected of it. */
export class Checkpoint {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly weights: WeightSource;
  readonly expected: WeightSource;
  /** Largest difference that the fixture's makers allow: 16 times that of float32 from float64 in the reference. */
  readonly tolerance: number;

  /** @param folder under `../shared/data` */
  constructor(folder: string) {
    const read = (file: string): Buffer => readFileSync(join(DATA_FOLDER, folder, file));
    this.fields = JSON.parse(read('config.json').toString());
    this.weights = readSafetensors(read('model.safetensors'));
    this.expected = readSafetensors(read('expected.safetensors'));
    const index = JSON.parse(readFileSync(join(DATA_FOLDER, 'hf/index.json'), 'utf8')) as {
      models: { dir: string; tol: number }[];
    };
    this.tolerance = index.models.find(({ dir }) => `hf/${dir}` === folder)?.tol ?? Number.NaN;
  }

  get config(): CheckpointConfig {
    return new CheckpointConfig(this.fields);
  }

  get stream(): WeightStream {
    return weightStream(this.weights);
  }

  /** i32, or undefined where the case has no such input. */
  input(runtime: Runtime, name: string): Tensor | undefined {
    const stored = this.expected.get(`in.${name}`);
    return stored && Tensor.from(runtime, toInt32(stored), stored.shape, 'i32');
  }

  /** Real tokens of each row, by a mask of ones and zeros behind them; undefined where there is none. */
  lengths(runtime: Runtime, name: string): Tensor | undefined {
    const mask = this.input(runtime, `${name}.attention_mask`);
    if (!mask) return undefined;
    const [batch] = mask.shape as [number, number];
    const lengths = Array.from({ length: batch }, (_, b) =>
      Array.from(mask.at(b).toArray()).reduce((sum, one) => sum + one, 0),
    );
    return Tensor.from(runtime, lengths, [batch], 'i32');
  }

  /** Ids that the reference generated. */
  generated(name: string): number[] {
    return Array.from(toInt32(this.expected.get(`out.generate.${name}`)!));
  }

  /**
   * The largest difference from what is expected, places that a row does not have aside.
   * @param tensor [batch, ...]
   * @param real tokens of each row, along axis `axis`
   */
  difference(name: string, tensor: Tensor, real?: ArrayLike<number>, axis = 1): number {
    const stored = this.expected.get(`out.${name}`)!;
    if (String(stored.shape) !== String(tensor.shape)) return Number.POSITIVE_INFINITY;
    const [expected, actual] = [toFloat32(stored), tensor.toFloat32Array()];
    const strides = tensor.shape.map((_, i) => tensor.shape.slice(i + 1).reduce((a, b) => a * b, 1));
    let largest = 0;
    actual.forEach((value, i) => {
      const row = Math.floor(i / strides[0]!);
      const place = Math.floor(i / strides[axis]!) % tensor.shape[axis]!;
      if (real && place >= real[row]!) return;
      const difference = Math.abs(value - expected[i]!);
      // NaN is no small difference.
      largest = difference <= largest ? largest : difference;
    });
    return largest;
  }
}
