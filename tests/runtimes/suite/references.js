// The equations, in double precision, as plainly as they can be written.

export const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** By its series, which is accurate to 1e-12 for |x| up to 3. */
export function erf(x) {
  let term = x;
  let total = x;
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

export const activations = {
  none: (x) => x,
  relu: (x) => Math.max(0, x),
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  geluTanh: (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  silu: (x) => x * sigmoid(x),
  tanh: Math.tanh,
  sigmoid,
};

/** a [rows, depth] times b [depth, columns]. */
export function product(a, b, rows, depth, columns) {
  const c = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < depth; k++) c[i * columns + j] += a[i * depth + k] * b[k * columns + j];
    }
  }
  return c;
}

/** x [rows, inputs] times weight [outputs, inputs] transposed, plus bias. */
export function linear(x, weight, bias, rows, inputs, outputs) {
  const y = new Float64Array(rows * outputs);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < outputs; j++) {
      let total = bias?.[j] ?? 0;
      for (let k = 0; k < inputs; k++) total += x[i * inputs + k] * weight[j * inputs + k];
      y[i * outputs + j] = total;
    }
  }
  return y;
}

/** Over rows of `columns`; what is not visible gets 0, and a row that sees nothing is zeros. */
export function softmax(x, columns, visible = () => true) {
  const y = new Float64Array(x.length);
  for (let row = 0; row * columns < x.length; row++) {
    const at = row * columns;
    const seen = Array.from({ length: columns }, (_, j) => j).filter((j) => visible(row, j));
    const most = Math.max(...seen.map((j) => x[at + j]));
    const total = seen.reduce((sum, j) => sum + Math.exp(x[at + j] - most), 0);
    for (const j of seen) y[at + j] = Math.exp(x[at + j] - most) / total;
  }
  return y;
}

/** Over rows of `size`, then weight and bias where there are any. */
export function layerNorm(x, size, { weight, bias, epsilon = 1e-5 } = {}) {
  return rowwise(x, size, (row) => {
    const mean = row.reduce((a, b) => a + b, 0) / size;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
    return row.map(
      (value, j) => ((value - mean) / Math.sqrt(variance + epsilon)) * (weight?.[j] ?? 1) + (bias?.[j] ?? 0),
    );
  });
}

export function rmsNorm(x, size, { weight, epsilon = 1e-6 } = {}) {
  return rowwise(x, size, (row) => {
    const square = row.reduce((sum, value) => sum + value * value, 0) / size;
    return row.map((value, j) => (value / Math.sqrt(square + epsilon)) * (weight?.[j] ?? 1));
  });
}

function rowwise(x, size, change) {
  const y = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += size) y.set(change(Array.from(x.slice(at, at + size))), at);
  return y;
}

/**
 * Multi-head attention on projected rows.
 * @param q [batch, queries, heads * size]; k and v [batch, keys, heads * size]
 * @param visible whether query i of an item sees key j
 * @returns output as q, weights [batch, heads, queries, keys]
 */
export function attention(q, k, v, { batch, heads, queries, keys, size, visible = () => true }) {
  const width = heads * size;
  const output = new Float64Array(batch * queries * width);
  const weights = new Float64Array(batch * heads * queries * keys);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const scores = new Float64Array(queries * keys);
      for (let i = 0; i < queries; i++) {
        for (let j = 0; j < keys; j++) {
          for (let s = 0; s < size; s++) {
            const column = h * size + s;
            scores[i * keys + j] +=
              q[(b * queries + i) * width + column] * k[(b * keys + j) * width + column];
          }
          scores[i * keys + j] /= Math.sqrt(size);
        }
      }
      const own = softmax(scores, keys, (i, j) => visible(b, i, j));
      weights.set(own, (b * heads + h) * queries * keys);
      for (let i = 0; i < queries; i++) {
        for (let j = 0; j < keys; j++) {
          for (let s = 0; s < size; s++) {
            const column = h * size + s;
            output[(b * queries + i) * width + column] +=
              own[i * keys + j] * v[(b * keys + j) * width + column];
          }
        }
      }
    }
  }
  return { output, weights };
}

/** One step of one cell by PyTorch's equations: gates of the input and of the state, with their biases, are given. */
const cells = {
  RNN: ({ input: [x], recurrent: [h] }) => ({ hidden: Math.tanh(x + h) }),
  LSTM: ({ input: x, recurrent: h }, { cell }) => {
    const [i, f, o] = [0, 1, 3].map((gate) => sigmoid(x[gate] + h[gate]));
    const next = f * cell + i * Math.tanh(x[2] + h[2]);
    return { hidden: o * Math.tanh(next), cell: next };
  },
  GRU: ({ input: x, recurrent: h }, { hidden }) => {
    const [r, z] = [0, 1].map((gate) => sigmoid(x[gate] + h[gate]));
    const candidate = Math.tanh(x[2] + r * h[2]);
    return { hidden: (1 - z) * candidate + z * hidden };
  },
};

/**
 * One layer over whole sequences.
 * @param kind RNN, LSTM or GRU
 * @param x [batch, time, inputSize]
 * @param weights by PyTorch's names
 * @param suffix of those names: l0, l0_reverse
 * @returns output [batch, time, hiddenSize], zeros from a row's length on, and the final state
 */
export function recurrent(kind, x, weights, { batch, time, inputSize, hiddenSize, lengths, suffix = 'l0' }) {
  const of = (name) => weights.get(`${name}_${suffix}`).values;
  const gates = of('bias_ih').length / hiddenSize;
  const output = new Float64Array(batch * time * hiddenSize);
  const state = { hidden: new Float64Array(batch * hiddenSize), cell: new Float64Array(batch * hiddenSize) };
  for (let b = 0; b < batch; b++) {
    const steps = Array.from({ length: lengths?.[b] ?? time }, (_, t) => t);
    if (suffix.endsWith('_reverse')) steps.reverse();
    for (const t of steps) {
      const at = (b * time + t) * inputSize;
      const before = state.hidden.slice(b * hiddenSize, (b + 1) * hiddenSize);
      const rows = gates * hiddenSize;
      const input = linear(x.slice(at, at + inputSize), of('weight_ih'), of('bias_ih'), 1, inputSize, rows);
      const own = linear(before, of('weight_hh'), of('bias_hh'), 1, hiddenSize, rows);
      for (let j = 0; j < hiddenSize; j++) {
        const gatesOf = (all) => Array.from({ length: gates }, (_, gate) => all[gate * hiddenSize + j]);
        const from = { hidden: before[j], cell: state.cell[b * hiddenSize + j] };
        const next = cells[kind]({ input: gatesOf(input), recurrent: gatesOf(own) }, from);
        state.hidden[b * hiddenSize + j] = next.hidden;
        if (kind === 'LSTM') state.cell[b * hiddenSize + j] = next.cell;
        output[(b * time + t) * hiddenSize + j] = next.hidden;
      }
    }
  }
  return { output, state };
}
