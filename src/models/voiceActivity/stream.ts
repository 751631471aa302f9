import type { Runtime } from '../../runtime/runtime.ts';
import type { Shape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { voiceActivity } from './config.ts';

/** What stands for 1 in 16-bit samples. */
const INT16_RANGE = 32_768;

/** Frames, and the same between two frames of zeros, which a convolution sees on either side. */
export interface PaddedFrames {
  /** [frames, channels] */
  readonly frames: Tensor;
  /** [1 + frames + 1, channels] */
  readonly padded: Tensor;
}

/** All that a stream computes in and carries from chunk to chunk: made once, and overwritten by each step. */
export class Stream {
  readonly runtime: Runtime;
  /** [context + chunk + what is mirrored] */
  readonly samples: Tensor;
  /** [frames, 2 * bins], real parts and then imaginary ones */
  readonly spectrum: Tensor;
  readonly magnitudes: PaddedFrames;
  /** Of the encoder's convolutions, one after another. */
  readonly encoded: readonly PaddedFrames[];
  /** [1, 4 * hidden] */
  readonly gates: Tensor;
  /** [1, hidden], with `cell` the state. */
  readonly hidden: Tensor;
  readonly cell: Tensor;
  /** [1, hidden], what of `hidden` is above zero. */
  readonly rectified: Tensor;
  /** [1, 1] */
  readonly probability: Tensor;
  readonly #made: Tensor[] = [];

  /** All zeros. @throws OutOfMemoryError, and then holds nothing */
  constructor(runtime: Runtime) {
    const { contextSamples, chunkSamples, frames, bins, encoder, hiddenSize } = voiceActivity;
    this.runtime = runtime;
    const zeros = (...shape: Shape): Tensor => {
      const tensor = Tensor.persistent(runtime, shape);
      this.#made.push(tensor);
      return tensor;
    };
    const between = (count: number, channels: number): PaddedFrames => {
      const padded = zeros(1 + count + 1, channels);
      return { padded, frames: padded.slice(1, 1 + count) };
    };
    try {
      this.samples = zeros(contextSamples + chunkSamples + contextSamples);
      this.spectrum = zeros(frames, 2 * bins);
      this.magnitudes = between(frames, bins);
      this.encoded = encoder.map((layer) => between(layer.frames, layer.outputs));
      this.gates = zeros(1, 4 * hiddenSize);
      this.hidden = zeros(1, hiddenSize);
      this.cell = zeros(1, hiddenSize);
      this.rectified = zeros(1, hiddenSize);
      this.probability = zeros(1, 1);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /**
   * Puts a chunk behind the end of the one before, and behind the chunk its own last samples mirrored: the last sample
   * itself is not repeated.
   * @param chunk of `chunkSamples`; integers are of 16 bits
   */
  listen(chunk: Float32Array | Int16Array): void {
    const { contextSamples, chunkSamples } = voiceActivity;
    const { floats } = this.runtime.memory;
    const start = this.samples.pointer / 4;
    const from = start + contextSamples;
    const end = from + chunkSamples;
    floats.copyWithin(start, end - contextSamples, end);
    if (chunk instanceof Float32Array) floats.set(chunk, from);
    else for (let i = 0; i < chunkSamples; i++) floats[from + i] = chunk[i]! / INT16_RANGE;
    for (let i = 0; i < contextSamples; i++) floats[end + i] = floats[end - 2 - i]!;
  }

  /** As at first. */
  clear(): void {
    for (const { pointer, size } of this.#made) this.runtime.kernels.f32_fill(pointer, size, 0);
  }

  dispose(): void {
    for (const tensor of this.#made) tensor.dispose();
  }
}
