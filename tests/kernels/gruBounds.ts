/** What the errors of the GRU kernels may be, as bounds.ts has it for the others: in units of EPSILON. */
import { type GruSequence, stepsOf } from '../reference/gru.ts';
import { absolute, SIGMOID_ERROR, TANH_ERROR } from './bounds.ts';

/** One step, its products given: the sums in front of sigmoid and tanh, those two, and the mixing. */
export function gruCellError(
  gates: ArrayLike<number>,
  products: ArrayLike<number>,
  previousHidden: ArrayLike<number>,
  run: { hidden: ArrayLike<number>; activations: ArrayLike<number> },
  batch: number,
  hidden: number,
) {
  const error = { hidden: new Float64Array(batch * hidden), gates: new Float64Array(batch * 3 * hidden) };
  for (let i = 0; i < batch * hidden; i++) {
    const at = (gate: number) => (Math.floor(i / hidden) * 3 + gate) * hidden + (i % hidden);
    const [r, z, n] = [0, 1, 2].map((gate) => run.activations[at(gate)]!) as [number, number, number];
    for (const [gate, y] of [r, z].entries()) {
      const argument = Math.abs(gates[at(gate)]!) + Math.abs(products[at(gate)]!);
      error.gates[at(gate)] = argument * y * (1 - y) + SIGMOID_ERROR * y;
    }
    const argument = (error.gates[at(0)]! + 2 * r) * Math.abs(products[at(2)]!) + Math.abs(gates[at(2)]!);
    error.gates[at(2)] = argument * (1 - n * n) + TANH_ERROR * Math.abs(n);
    error.hidden[i] =
      (1 - z) * error.gates[at(2)]! +
      (error.gates[at(1)]! + 2 * z) * Math.abs(previousHidden[i]! - n) +
      Math.abs(run.hidden[i]!);
  }
  return error;
}

/** gruCellBackward in absolute values, where `1 - y` counts as 1 + y. */
export function gruCellBackwardMagnitude(
  gradHidden: ArrayLike<number>,
  activations: ArrayLike<number>,
  products: ArrayLike<number>,
  previousHidden: ArrayLike<number>,
  batch: number,
  hidden: number,
) {
  const gradGates = new Float64Array(batch * 3 * hidden);
  const gradProducts = new Float64Array(batch * 3 * hidden);
  const gradPreviousHidden = new Float64Array(batch * hidden);
  for (let i = 0; i < batch * hidden; i++) {
    const at = (gate: number) => (Math.floor(i / hidden) * 3 + gate) * hidden + (i % hidden);
    const [r, z, n] = [0, 1, 2].map((gate) => Math.abs(activations[at(gate)]!)) as [number, number, number];
    const gradient = Math.abs(gradHidden[i]!);
    const gradN = gradient * (1 + z) * (1 + n ** 2);
    const gradZ = gradient * (Math.abs(previousHidden[i]!) + n) * z * (1 + z);
    const gradR = gradN * Math.abs(products[at(2)]!) * r * (1 + r);
    gradGates.set([gradR], at(0));
    gradGates.set([gradZ], at(1));
    gradGates.set([gradN], at(2));
    gradProducts.set([gradR], at(0));
    gradProducts.set([gradZ], at(1));
    gradProducts.set([gradN * r], at(2));
    gradPreviousHidden[i] = gradient * z;
  }
  return { gradGates, gradProducts, gradPreviousHidden };
}

/** The GRU over time: each step's rounding, and the previous step's error carried through its slopes. */
export function gruSequenceError(
  projections: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  run: {
    output: ArrayLike<number>;
    activations: ArrayLike<number>;
    savedHidden: ArrayLike<number>;
    savedProduct: ArrayLike<number>;
  },
  shape: GruSequence,
) {
  const { batch, time, hidden } = shape;
  const output = new Float64Array(batch * time * hidden);
  const gates = new Float64Array(batch * time * 3 * hidden);
  const savedHidden = new Float64Array(batch * time * hidden);
  const savedProduct = new Float64Array(batch * time * hidden);
  const finalHidden = new Float64Array(batch * hidden);
  for (let b = 0; b < batch; b++) {
    const hiddenError = finalHidden.subarray(b * hidden, (b + 1) * hidden);
    for (const t of stepsOf(b, shape)) {
      const row = b * time + t;
      savedHidden.set(hiddenError, row * hidden);
      /** Error of W_hh h + b_hh, and the magnitude of its sum. */
      const product = (i: number) => {
        let magnitude = bias ? Math.abs(bias[i]!) : 0;
        let carried = 0;
        for (let k = 0; k < hidden; k++) {
          magnitude += Math.abs(weight[i * hidden + k]! * run.savedHidden[row * hidden + k]!);
          carried += Math.abs(weight[i * hidden + k]!) * savedHidden[row * hidden + k]!;
        }
        return { magnitude, error: (hidden + 1) * magnitude + carried };
      };
      for (let j = 0; j < hidden; j++) {
        const at = (gate: number) => (row * 3 + gate) * hidden + j;
        const [r, z, n] = [0, 1, 2].map((gate) => run.activations[at(gate)]!) as [number, number, number];
        for (const [gate, y] of [r, z].entries()) {
          const { magnitude, error } = product(gate * hidden + j);
          const argument = error + magnitude + Math.abs(projections[at(gate)]!);
          gates[at(gate)] = argument * y * (1 - y) + SIGMOID_ERROR * y;
        }
        const p = run.savedProduct[row * hidden + j]!;
        savedProduct[row * hidden + j] = product(2 * hidden + j).error;
        const argument =
          r * savedProduct[row * hidden + j]! +
          (gates[at(0)]! + 2 * r) * Math.abs(p) +
          Math.abs(projections[at(2)]!);
        gates[at(2)] = argument * (1 - n * n) + TANH_ERROR * Math.abs(n);
        const h = run.savedHidden[row * hidden + j]!;
        hiddenError[j] =
          (1 - z) * gates[at(2)]! +
          z * savedHidden[row * hidden + j]! +
          (gates[at(1)]! + 2 * z) * Math.abs(h - n) +
          Math.abs(run.output[row * hidden + j]!);
        output[row * hidden + j] = hiddenError[j]!;
      }
    }
  }
  return { output, finalHidden, gates, savedHidden, savedProduct };
}

/** gruSequenceBackward in absolute values, where `1 - y` counts as 1 + y. */
export function gruSequenceBackwardMagnitude(
  gradOutput: ArrayLike<number>,
  gradFinalHidden: ArrayLike<number>,
  activations: ArrayLike<number>,
  savedHidden: ArrayLike<number>,
  savedProduct: ArrayLike<number>,
  weight: ArrayLike<number>,
  shape: GruSequence,
) {
  const { batch, time, hidden } = shape;
  const gradProjections = new Float64Array(batch * time * 3 * hidden);
  const gradProducts = new Float64Array(batch * time * 3 * hidden);
  const gradInitialHidden = absolute(gradFinalHidden);
  for (let b = 0; b < batch; b++) {
    const dh = gradInitialHidden.subarray(b * hidden, (b + 1) * hidden);
    for (const t of stepsOf(b, shape).reverse()) {
      const row = b * time + t;
      const carried = new Float64Array(hidden);
      for (let j = 0; j < hidden; j++) {
        const at = (gate: number) => (row * 3 + gate) * hidden + j;
        const [r, z, n] = [0, 1, 2].map((gate) => Math.abs(activations[at(gate)]!)) as [
          number,
          number,
          number,
        ];
        const gradient = dh[j]! + Math.abs(gradOutput[row * hidden + j]!);
        const gradN = gradient * (1 + z) * (1 + n ** 2);
        const gradZ = gradient * (Math.abs(savedHidden[row * hidden + j]!) + n) * z * (1 + z);
        const gradR = gradN * Math.abs(savedProduct[row * hidden + j]!) * r * (1 + r);
        gradProjections.set([gradR], at(0));
        gradProjections.set([gradZ], at(1));
        gradProjections.set([gradN], at(2));
        gradProducts.set([gradR], at(0));
        gradProducts.set([gradZ], at(1));
        gradProducts.set([gradN * r], at(2));
        carried[j] = gradient * z;
      }
      for (let k = 0; k < hidden; k++) {
        let sum = carried[k]!;
        for (let i = 0; i < 3 * hidden; i++) {
          sum += gradProducts[row * 3 * hidden + i]! * Math.abs(weight[i * hidden + k]!);
        }
        dh[k] = sum;
      }
    }
  }
  return { gradProjections, gradProducts, gradInitialHidden };
}
