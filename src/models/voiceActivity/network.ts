import type { Parameters } from '../../layers/parameters.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { voiceActivity } from './config.ts';
import { FrameProduct } from './frameProduct.ts';
import type { Stream } from './stream.ts';

/** What a chunk goes through: the weights, and no state. */
export class VoiceNetwork {
  readonly runtime: Runtime;
  readonly #transform: FrameProduct;
  readonly #encoder: readonly FrameProduct[];
  readonly #input: FrameProduct;
  readonly #recurrent: FrameProduct;
  readonly #head: FrameProduct;

  constructor(parameters: Parameters) {
    const { windowSamples, hopSamples, bins, encoder, hiddenSize } = voiceActivity;
    this.runtime = parameters.runtime;
    this.#transform = new FrameProduct(parameters, {
      weight: 'stft.forward_basis',
      shape: [2 * bins, 1, windowSamples],
      stride: hopSamples,
    });
    this.#encoder = encoder.map(
      ({ name, inputs, outputs, stride }) =>
        new FrameProduct(parameters.within(`encoder.${name}.`), {
          weight: 'weight',
          biases: ['bias'],
          shape: [outputs, inputs, 3],
          stride,
          activation: 'relu',
        }),
    );
    const cell = parameters.within('decoder.lstm.');
    this.#input = new FrameProduct(cell, {
      weight: 'weight_ih',
      biases: ['bias_ih', 'bias_hh'],
      shape: [4 * hiddenSize, encoder.at(-1)!.outputs],
    });
    this.#recurrent = new FrameProduct(cell, { weight: 'weight_hh', shape: [4 * hiddenSize, hiddenSize] });
    this.#head = new FrameProduct(parameters.within('decoder.conv.'), {
      weight: 'weight',
      biases: ['bias'],
      shape: [1, hiddenSize, 1],
      activation: 'sigmoid',
    });
  }

  /** Once everything is loaded. @throws OutOfMemoryError */
  prepare(): void {
    for (const product of this.#products()) product.prepare();
  }

  /** From `samples` and the state to `probability` and the next state, without allocation. */
  run(stream: Stream): void {
    this.#transform.apply(stream.samples, stream.spectrum);
    this.#magnitudes(stream);
    let layer = stream.magnitudes;
    for (let i = 0; i < this.#encoder.length; i++) {
      const next = stream.encoded[i]!;
      this.#encoder[i]!.apply(layer.padded, next.frames);
      layer = next;
    }
    this.#input.apply(layer.frames, stream.gates);
    this.#recur(stream);
    const { hidden, rectified } = stream;
    this.runtime.kernels.f32_relu(rectified.pointer, hidden.pointer, hidden.size);
    this.#head.apply(rectified, stream.probability);
  }

  /** sqrt(re^2 + im^2) of each bin. */
  #magnitudes({ spectrum, magnitudes }: Stream): void {
    const { frames, bins } = voiceActivity;
    const { floats } = this.runtime.memory;
    let from = spectrum.pointer / 4;
    let to = magnitudes.frames.pointer / 4;
    for (let frame = 0; frame < frames; frame++, from += bins) {
      for (let bin = 0; bin < bins; bin++, from++) {
        const real = floats[from]!;
        const imaginary = floats[from + bins]!;
        floats[to++] = Math.sqrt(real * real + imaginary * imaginary);
      }
    }
  }

  /** A step of nn.LSTMCell (gates i, f, g, o), in place. */
  #recur({ gates, hidden, cell }: Stream): void {
    const { hiddenSize } = voiceActivity;
    this.runtime.kernels.f32_lstm_sequence(
      hidden.pointer,
      hidden.pointer,
      cell.pointer,
      0,
      0,
      gates.pointer,
      this.#recurrent.packed,
      0,
      1,
      1,
      hiddenSize,
      hiddenSize,
      0,
    );
  }

  dispose(): void {
    for (const product of this.#products()) product.dispose();
  }

  #products(): FrameProduct[] {
    return [this.#transform, ...this.#encoder, this.#input, this.#recurrent, this.#head];
  }
}
