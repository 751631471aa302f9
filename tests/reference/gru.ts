/**
 * References of assembly/kernels/gru.ts and assembly/gradients/gru.ts: PyTorch's convention, gates side by side as
 * reset r, update z, candidate n, and the reset after the product with the state.
 */

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export type GruSequence = {
  batch: number;
  time: number;
  hidden: number;
  reverse: boolean;
  lengths: ArrayLike<number> | null;
};

/** The time steps of a batch item in the order in which they are taken. */
export function stepsOf(item: number, { time, reverse, lengths }: GruSequence): number[] {
  const length = lengths ? lengths[item]! : time;
  const steps = Array.from({ length }, (_, t) => t);
  return reverse ? steps.reverse() : steps;
}

/**
 * One step: gates [batch, 3 * hidden], products W_hh h + b_hh [batch, 3 * hidden], previous state [batch, hidden].
 */
export function gruCell(
  gates: ArrayLike<number>,
  products: ArrayLike<number>,
  previousHidden: ArrayLike<number>,
  batch: number,
  hidden: number,
) {
  const next = new Float64Array(batch * hidden);
  const activations = new Float64Array(batch * 3 * hidden);
  for (let b = 0; b < batch; b++) {
    for (let j = 0; j < hidden; j++) {
      const at = (gate: number) => (b * 3 + gate) * hidden + j;
      const r = sigmoid(gates[at(0)]! + products[at(0)]!);
      const z = sigmoid(gates[at(1)]! + products[at(1)]!);
      const n = Math.tanh(gates[at(2)]! + r * products[at(2)]!);
      [r, z, n].forEach((value, gate) => {
        activations[at(gate)] = value;
      });
      next[b * hidden + j] = (1 - z) * n + z * previousHidden[b * hidden + j]!;
    }
  }
  return { hidden: next, activations };
}

/** The gradients of one step's gates, products and previous state. */
export function gruCellBackward(
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
  for (let b = 0; b < batch; b++) {
    for (let j = 0; j < hidden; j++) {
      const at = (gate: number) => (b * 3 + gate) * hidden + j;
      const [r, z, n] = [activations[at(0)]!, activations[at(1)]!, activations[at(2)]!];
      const gradient = gradHidden[b * hidden + j]!;
      const gradN = gradient * (1 - z) * (1 - n ** 2);
      const gradZ = gradient * (previousHidden[b * hidden + j]! - n) * z * (1 - z);
      const gradR = gradN * products[at(2)]! * r * (1 - r);
      [gradR, gradZ, gradN].forEach((value, gate) => {
        gradGates[at(gate)] = value;
        gradProducts[at(gate)] = gate === 2 ? value * r : value;
      });
      gradPreviousHidden[b * hidden + j] = gradient * z;
    }
  }
  return { gradGates, gradProducts, gradPreviousHidden };
}

/**
 * A whole sequence. projections [batch, time, 3 * hidden] (inputs and their bias), weight [3 * hidden, hidden]
 * (weight_hh), bias [3 * hidden] (bias_hh) or null, initial state [batch, hidden]. Returns output [batch, time, hidden]
 * with zeros from each length on, the final state, activations, and for each step the state before it and the
 * candidate's product W_hn h + b_hn. What lies past a length is left zero.
 */
export function gruSequence(
  projections: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  initialHidden: ArrayLike<number>,
  shape: GruSequence,
) {
  const { batch, time, hidden } = shape;
  const output = new Float64Array(batch * time * hidden);
  const activations = new Float64Array(batch * time * 3 * hidden);
  const savedHidden = new Float64Array(batch * time * hidden);
  const savedProduct = new Float64Array(batch * time * hidden);
  const finalHidden = Float64Array.from(initialHidden);
  for (let b = 0; b < batch; b++) {
    const h = finalHidden.subarray(b * hidden, (b + 1) * hidden);
    for (const t of stepsOf(b, shape)) {
      const row = b * time + t;
      savedHidden.set(h, row * hidden);
      const x = (i: number) => projections[row * 3 * hidden + i]!;
      const products = Float64Array.from({ length: 3 * hidden }, (_, i) => {
        let sum = bias ? bias[i]! : 0;
        for (let k = 0; k < hidden; k++) sum += weight[i * hidden + k]! * h[k]!;
        return sum;
      });
      savedProduct.set(products.subarray(2 * hidden), row * hidden);
      for (let j = 0; j < hidden; j++) {
        const r = sigmoid(x(j) + products[j]!);
        const z = sigmoid(x(hidden + j) + products[hidden + j]!);
        const n = Math.tanh(x(2 * hidden + j) + r * products[2 * hidden + j]!);
        activations.set([r], row * 3 * hidden + j);
        activations.set([z], row * 3 * hidden + hidden + j);
        activations.set([n], row * 3 * hidden + 2 * hidden + j);
        h[j] = (1 - z) * n + z * h[j]!;
      }
      output.set(h, row * hidden);
    }
  }
  return { output, finalHidden, activations, savedHidden, savedProduct };
}

/**
 * The gradients of a whole sequence: of the projections and of the products W_hh h + b_hh (zeros from each length on),
 * and of the initial state. gradOutput [batch, time, hidden]; gradient of the final state [batch, hidden].
 */
export function gruSequenceBackward(
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
  const gradInitialHidden = Float64Array.from(gradFinalHidden);
  for (let b = 0; b < batch; b++) {
    const dh = gradInitialHidden.subarray(b * hidden, (b + 1) * hidden);
    for (const t of stepsOf(b, shape).reverse()) {
      const row = b * time + t;
      const carried = new Float64Array(hidden);
      for (let j = 0; j < hidden; j++) {
        const at = (gate: number) => (row * 3 + gate) * hidden + j;
        const [r, z, n] = [activations[at(0)]!, activations[at(1)]!, activations[at(2)]!];
        const gradient = dh[j]! + gradOutput[row * hidden + j]!;
        const gradN = gradient * (1 - z) * (1 - n ** 2);
        const gradZ = gradient * (savedHidden[row * hidden + j]! - n) * z * (1 - z);
        const gradR = gradN * savedProduct[row * hidden + j]! * r * (1 - r);
        gradProjections[at(0)] = gradR;
        gradProjections[at(1)] = gradZ;
        gradProjections[at(2)] = gradN;
        gradProducts[at(0)] = gradR;
        gradProducts[at(1)] = gradZ;
        gradProducts[at(2)] = gradN * r;
        carried[j] = gradient * z;
      }
      for (let k = 0; k < hidden; k++) {
        let sum = carried[k]!;
        for (let i = 0; i < 3 * hidden; i++) {
          sum += gradProducts[row * 3 * hidden + i]! * weight[i * hidden + k]!;
        }
        dh[k] = sum;
      }
    }
  }
  return { gradProjections, gradProducts, gradInitialHidden };
}
