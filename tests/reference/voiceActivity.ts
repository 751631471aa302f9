/**
 * Silero VAD for 16 kHz in double precision, and with each number how far single precision may be off it: K eps norm(w x)
 * for a sum of K products w x, and the errors of what is summed, carried from layer to layer and from chunk to chunk. Errors
 * are taken to be independent, so that their squares add up; worst cases would exceed the numbers after three layers.
 */
import { EPSILON } from '../kernels/bounds.ts';
import { conv } from './conv.ts';
import { lstmCell } from './lstm.ts';

/** Numbers, and how far each may be off. */
export interface Bounded {
  readonly values: Float64Array;
  readonly errors: Float64Array;
}

/** Everything that a chunk becomes: [channels, frames] each. */
export interface VoiceStep {
  readonly magnitudes: Bounded;
  readonly encoded: readonly Bounded[];
  readonly hidden: Bounded;
  readonly cell: Bounded;
  readonly probability: Bounded;
}

/** What sigmoid, tanh and the cell's few operations may be off, relative to 1 or to the cell. */
const ELEMENTWISE = 8 * EPSILON;

const BINS = 129;
const HIDDEN = 128;

const zeros = (size: number): Bounded => ({
  values: new Float64Array(size),
  errors: new Float64Array(size),
});
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** @param weights by the file's names */
export function voiceActivity(weights: Readonly<Record<string, Float32Array>>) {
  let context = new Float64Array(64);
  let [hidden, cell] = [zeros(HIDDEN), zeros(HIDDEN)];

  /** A convolution along time of x [inputs, width]. */
  function product(
    x: Bounded,
    inputs: number,
    name: string,
    biases: readonly string[],
    outputs: number,
    stride = 1,
    padding = 0,
  ): Bounded {
    const weight = weights[name]!;
    const kernel = weight.length / outputs / inputs;
    const window = {
      kernel: [1, kernel],
      stride: [1, stride],
      padding: [0, padding],
      dilation: [1, 1],
    } as const;
    const bias = biases
      .map((each) => weights[each]!)
      .reduce((sum, each) => sum.map((value, i) => value + each[i]!), new Float64Array(outputs));
    const shape = [1, inputs, 1, x.values.length / inputs] as const;
    const terms = inputs * kernel + biases.length;
    const square = (v: number): number => v * v;
    const off = x.errors.map((error, i) => square(error) + square(terms * EPSILON * x.values[i]!));
    const ofBias = bias.map((value) => square(terms * EPSILON * value));
    return {
      values: conv(x.values, weight, bias, shape, outputs, 1, window),
      errors: conv(off, Float64Array.from(weight, square), ofBias, shape, outputs, 1, window).map(Math.sqrt),
    };
  }

  /** What is further below zero than its error is exactly zero. */
  const relu = ({ values, errors }: Bounded): Bounded => ({
    values: values.map((value) => Math.max(value, 0)),
    errors: errors.map((error, i) => (values[i]! < -error ? 0 : error)),
  });

  function magnitudesOf(spectrum: Bounded): Bounded {
    const half = spectrum.values.length / 2;
    const values = Float64Array.from({ length: half }, (_, i) =>
      Math.hypot(spectrum.values[i]!, spectrum.values[i + half]!),
    );
    const errors = values.map((value, i) =>
      Math.hypot(spectrum.errors[i]!, spectrum.errors[i + half]!, EPSILON * value),
    );
    return { values, errors };
  }

  /** Errors pass on by the slopes of sigmoid and tanh. */
  function recur(input: Bounded): void {
    const gate = 4 * HIDDEN;
    const biases = ['decoder.lstm.bias_ih', 'decoder.lstm.bias_hh'];
    const own = product(input, HIDDEN, 'decoder.lstm.weight_ih', biases, gate);
    const fed = product(hidden, HIDDEN, 'decoder.lstm.weight_hh', [], gate);
    const z = own.values.map((value, r) => value + fed.values[r]!);
    const before = cell;
    const next = lstmCell(z, before.values, 1, HIDDEN);
    const on = (which: number, j: number): number => next.activations[which * HIDDEN + j]!;
    /** Of a gate's activation. */
    const off = (which: number, j: number): number => {
      const r = which * HIDDEN + j;
      const y = on(which, j);
      const slope = which === 2 ? 1 - y ** 2 : y * (1 - y);
      return Math.hypot(slope * own.errors[r]!, slope * fed.errors[r]!, ELEMENTWISE);
    };
    const cellErrors = next.cell.map((value, j) =>
      Math.hypot(
        off(1, j) * before.values[j]!,
        on(1, j) * before.errors[j]!,
        off(0, j) * on(2, j),
        on(0, j) * off(2, j),
        ELEMENTWISE * value,
      ),
    );
    const hiddenErrors = next.hidden.map((value, j) => {
      const squashed = Math.tanh(next.cell[j]!);
      const ofCell = on(3, j) * (1 - squashed ** 2) * cellErrors[j]!;
      return Math.hypot(off(3, j) * squashed, ofCell, ELEMENTWISE * value);
    });
    cell = { values: next.cell, errors: cellErrors };
    hidden = { values: next.hidden, errors: hiddenErrors };
  }

  /** @param chunk 512 samples */
  return (chunk: ArrayLike<number>): VoiceStep => {
    const heard = [...context, ...Array.from(chunk)];
    context = Float64Array.from(heard.slice(-64));
    const mirrored = [...heard, ...heard.slice(-65, -1).reverse()];
    const samples = { values: Float64Array.from(mirrored), errors: new Float64Array(mirrored.length) };
    const magnitudes = magnitudesOf(product(samples, 1, 'stft.forward_basis', [], 2 * BINS, 128));
    let x = magnitudes;
    const encoded = [
      { inputs: BINS, outputs: 128, stride: 1 },
      { inputs: 128, outputs: 64, stride: 2 },
      { inputs: 64, outputs: 64, stride: 2 },
      { inputs: 64, outputs: 128, stride: 1 },
    ].map(({ inputs, outputs, stride }, i) => {
      const name = `encoder.conv${i + 1}`;
      x = relu(product(x, inputs, `${name}.weight`, [`${name}.bias`], outputs, stride, 1));
      return x;
    });
    recur(x);
    const logit = product(relu(hidden), HIDDEN, 'decoder.conv.weight', ['decoder.conv.bias'], 1);
    const probability = {
      values: logit.values.map(sigmoid),
      errors: logit.errors.map((error, i) => {
        const p = sigmoid(logit.values[i]!);
        return Math.hypot(p * (1 - p) * error, ELEMENTWISE);
      }),
    };
    return { magnitudes, encoded, hidden, cell, probability };
  };
}
