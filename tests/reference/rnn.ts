/** References of assembly/kernels/rnn.ts and assembly/gradients/rnn.ts: h' = tanh(x + W_hh h). */

export type RnnSequence = {
  batch: number;
  time: number;
  hidden: number;
  reverse: boolean;
  lengths: ArrayLike<number> | null;
};

/** The time steps of a batch item in the order in which they are taken. */
export function stepsOf(item: number, { time, reverse, lengths }: RnnSequence): number[] {
  const length = lengths ? lengths[item]! : time;
  const steps = Array.from({ length }, (_, t) => t);
  return reverse ? steps.reverse() : steps;
}

/**
 * A whole sequence. projections [batch, time, hidden] (inputs and biases), weight [hidden, hidden] (weight_hh), initial
 * state [batch, hidden]. Returns output [batch, time, hidden] with zeros from each length on, the final state, and the
 * state before each step. What lies past a length is left zero.
 */
export function rnnSequence(
  projections: ArrayLike<number>,
  weight: ArrayLike<number>,
  initialHidden: ArrayLike<number>,
  shape: RnnSequence,
) {
  const { batch, time, hidden } = shape;
  const output = new Float64Array(batch * time * hidden);
  const savedHidden = new Float64Array(batch * time * hidden);
  const finalHidden = Float64Array.from(initialHidden);
  for (let b = 0; b < batch; b++) {
    const h = finalHidden.subarray(b * hidden, (b + 1) * hidden);
    for (const t of stepsOf(b, shape)) {
      const row = b * time + t;
      savedHidden.set(h, row * hidden);
      for (let j = 0; j < hidden; j++) {
        let sum = projections[row * hidden + j]!;
        for (let k = 0; k < hidden; k++) sum += weight[j * hidden + k]! * savedHidden[row * hidden + k]!;
        h[j] = Math.tanh(sum);
      }
      output.set(h, row * hidden);
    }
  }
  return { output, finalHidden, savedHidden };
}

/**
 * The gradients of a whole sequence: of the projections (zeros from each length on) and of the initial state.
 * gradOutput and states [batch, time, hidden]; gradient of the final state [batch, hidden].
 */
export function rnnSequenceBackward(
  gradOutput: ArrayLike<number>,
  gradFinalHidden: ArrayLike<number>,
  states: ArrayLike<number>,
  weight: ArrayLike<number>,
  shape: RnnSequence,
) {
  const { batch, time, hidden } = shape;
  const gradProjections = new Float64Array(batch * time * hidden);
  const gradInitialHidden = Float64Array.from(gradFinalHidden);
  for (let b = 0; b < batch; b++) {
    const dh = gradInitialHidden.subarray(b * hidden, (b + 1) * hidden);
    for (const t of stepsOf(b, shape).reverse()) {
      const row = b * time + t;
      for (let j = 0; j < hidden; j++) {
        const i = row * hidden + j;
        gradProjections[i] = (dh[j]! + gradOutput[i]!) * (1 - states[i]! ** 2);
      }
      for (let k = 0; k < hidden; k++) {
        let sum = 0;
        for (let j = 0; j < hidden; j++) sum += gradProjections[row * hidden + j]! * weight[j * hidden + k]!;
        dh[k] = sum;
      }
    }
  }
  return { gradProjections, gradInitialHidden };
}
