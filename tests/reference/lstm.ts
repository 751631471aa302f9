/**
 * References of assembly/kernels/lstm.ts and assembly/gradients/lstm.ts: PyTorch's convention, gates side by side as
 * input i, forget f, cell g, output o.
 */

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** One step: the new states and the gates' activations. gates [batch, 4 * hidden], previousCell [batch, hidden]. */
export function lstmCell(
  gates: ArrayLike<number>,
  previousCell: ArrayLike<number>,
  batch: number,
  hidden: number,
): { hidden: Float64Array; cell: Float64Array; activations: Float64Array } {
  const h = new Float64Array(batch * hidden);
  const c = new Float64Array(batch * hidden);
  const activations = new Float64Array(batch * 4 * hidden);
  for (let b = 0; b < batch; b++) {
    for (let j = 0; j < hidden; j++) {
      const at = (gate: number) => (b * 4 + gate) * hidden + j;
      const i = sigmoid(gates[at(0)]!);
      const f = sigmoid(gates[at(1)]!);
      const g = Math.tanh(gates[at(2)]!);
      const o = sigmoid(gates[at(3)]!);
      activations.set([i], at(0));
      activations.set([f], at(1));
      activations.set([g], at(2));
      activations.set([o], at(3));
      const cell = f * previousCell[b * hidden + j]! + i * g;
      c[b * hidden + j] = cell;
      h[b * hidden + j] = o * Math.tanh(cell);
    }
  }
  return { hidden: h, cell: c, activations };
}

export type LstmSequence = {
  batch: number;
  time: number;
  hidden: number;
  reverse: boolean;
  lengths: ArrayLike<number> | null;
};

/** The time steps of a batch item in the order in which they are taken. */
export function stepsOf(item: number, { time, reverse, lengths }: LstmSequence): number[] {
  const length = lengths ? lengths[item]! : time;
  const steps = Array.from({ length }, (_, t) => t);
  return reverse ? steps.reverse() : steps;
}

/**
 * A whole sequence. projections [batch, time, 4 * hidden] (inputs and biases), weight [4 * hidden, hidden] (weight_hh),
 * initial states [batch, hidden]. Returns output [batch, time, hidden] with zeros from each length on, final states,
 * activations, and the states before each step. Activations and saved states past a length are left zero.
 */
export function lstmSequence(
  projections: ArrayLike<number>,
  weight: ArrayLike<number>,
  initialHidden: ArrayLike<number>,
  initialCell: ArrayLike<number>,
  shape: LstmSequence,
) {
  const { batch, time, hidden } = shape;
  const output = new Float64Array(batch * time * hidden);
  const activations = new Float64Array(batch * time * 4 * hidden);
  const savedHidden = new Float64Array(batch * time * hidden);
  const savedCell = new Float64Array(batch * time * hidden);
  const finalHidden = Float64Array.from(initialHidden);
  const finalCell = Float64Array.from(initialCell);
  for (let b = 0; b < batch; b++) {
    const h = finalHidden.subarray(b * hidden, (b + 1) * hidden);
    const c = finalCell.subarray(b * hidden, (b + 1) * hidden);
    for (const t of stepsOf(b, shape)) {
      const row = b * time + t;
      savedHidden.set(h, row * hidden);
      savedCell.set(c, row * hidden);
      const gates = Float64Array.from({ length: 4 * hidden }, (_, r) => {
        let sum = projections[row * 4 * hidden + r]!;
        for (let k = 0; k < hidden; k++) sum += weight[r * hidden + k]! * h[k]!;
        return sum;
      });
      const step = lstmCell(gates, c, 1, hidden);
      h.set(step.hidden);
      c.set(step.cell);
      output.set(h, row * hidden);
      activations.set(step.activations, row * 4 * hidden);
    }
  }
  return { output, finalHidden, finalCell, activations, savedHidden, savedCell };
}

/** The gradients of one step's projections and previous cell. gates: the activations. */
export function lstmCellBackward(
  gradHidden: ArrayLike<number>,
  gradCell: ArrayLike<number>,
  gates: ArrayLike<number>,
  previousCell: ArrayLike<number>,
  batch: number,
  hidden: number,
): { gradGates: Float64Array; gradPreviousCell: Float64Array } {
  const gradGates = new Float64Array(batch * 4 * hidden);
  const gradPreviousCell = new Float64Array(batch * hidden);
  for (let b = 0; b < batch; b++) {
    for (let j = 0; j < hidden; j++) {
      const at = (gate: number) => (b * 4 + gate) * hidden + j;
      const [i, f, g, o] = [gates[at(0)]!, gates[at(1)]!, gates[at(2)]!, gates[at(3)]!];
      const before = previousCell[b * hidden + j]!;
      const tanhCell = Math.tanh(f * before + i * g);
      const dh = gradHidden[b * hidden + j]!;
      const dc = gradCell[b * hidden + j]! + dh * o * (1 - tanhCell ** 2);
      gradGates[at(0)] = dc * g * i * (1 - i);
      gradGates[at(1)] = dc * before * f * (1 - f);
      gradGates[at(2)] = dc * i * (1 - g ** 2);
      gradGates[at(3)] = dh * tanhCell * o * (1 - o);
      gradPreviousCell[b * hidden + j] = dc * f;
    }
  }
  return { gradGates, gradPreviousCell };
}

/**
 * The gradients of a whole sequence: of the projections (zeros from each length on) and of the initial states.
 * gradOutput [batch, time, hidden]; gradients of the final states [batch, hidden].
 */
export function lstmSequenceBackward(
  gradOutput: ArrayLike<number>,
  gradFinalHidden: ArrayLike<number>,
  gradFinalCell: ArrayLike<number>,
  activations: ArrayLike<number>,
  savedCell: ArrayLike<number>,
  weight: ArrayLike<number>,
  shape: LstmSequence,
) {
  const { batch, time, hidden } = shape;
  const gradProjections = new Float64Array(batch * time * 4 * hidden);
  const gradInitialHidden = Float64Array.from(gradFinalHidden);
  const gradInitialCell = Float64Array.from(gradFinalCell);
  for (let b = 0; b < batch; b++) {
    const dh = gradInitialHidden.subarray(b * hidden, (b + 1) * hidden);
    const dc = gradInitialCell.subarray(b * hidden, (b + 1) * hidden);
    for (const t of stepsOf(b, shape).reverse()) {
      const row = b * time + t;
      for (let j = 0; j < hidden; j++) dh[j] = dh[j]! + gradOutput[row * hidden + j]!;
      const gates = Float64Array.from({ length: 4 * hidden }, (_, r) => activations[row * 4 * hidden + r]!);
      const cell = Float64Array.from({ length: hidden }, (_, j) => savedCell[row * hidden + j]!);
      const step = lstmCellBackward(dh, dc, gates, cell, 1, hidden);
      gradProjections.set(step.gradGates, row * 4 * hidden);
      dc.set(step.gradPreviousCell);
      for (let k = 0; k < hidden; k++) {
        let sum = 0;
        for (let r = 0; r < 4 * hidden; r++) sum += step.gradGates[r]! * weight[r * hidden + k]!;
        dh[k] = sum;
      }
    }
  }
  return { gradProjections, gradInitialHidden, gradInitialCell };
}
