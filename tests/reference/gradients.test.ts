/** The gradients that the kernels are held to, themselves held to central differences of the forward references. */
import { describe, expect, it } from 'vitest';
import { seededRandom, testSeed } from '../support/random.ts';
import { crossEntropy, crossEntropyBackward } from './crossEntropy.ts';
import { sigmoid, sigmoidBackward, tanh, tanhBackward } from './elementwise.ts';
import { gather, scatterAdd } from './embedding.ts';
import { entropy, entropyBackward } from './entropy.ts';
import { gaussianWindow, gaussianWindowBackward } from './gaussianWindow.ts';
import { lstmCell, lstmCellBackward, lstmSequence, lstmSequenceBackward } from './lstm.ts';
import { matmul, transpose } from './matmul.ts';
import { l2Normalize, l2NormalizeBackward } from './norm.ts';
import { scoreAdditive, scoreAdditiveBackward, scoreDot } from './score.ts';
import { logSoftmax, logSoftmaxBackward, softmax, softmaxBackward } from './softmax.ts';
import { weightedSum, weightedSumTransposed } from './weightedSum.ts';

const seed = testSeed();
const random = seededRandom(seed);
const normals = (n: number): Float64Array => Float64Array.from({ length: n }, random.normal);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, v, i) => sum + v * b[i]!, 0);

const STEP = 1e-5;

/**
 * Expects `gradient` to be that of `loss` at x. The difference quotient errs by STEP^2 f'''/6, about 1e-10, and by
 * rounding, 2^-53 |loss| / STEP, about 1e-11 for losses of order one.
 */
function expectGradient(
  x: Float64Array,
  gradient: ArrayLike<number>,
  loss: (x: Float64Array) => number,
): void {
  expect(gradient.length).toBe(x.length);
  for (let i = 0; i < x.length; i++) {
    const at = (shift: number) => loss(x.map((v, j) => (j === i ? v + shift : v)));
    const difference = (at(STEP) - at(-STEP)) / (2 * STEP);
    expect(
      Math.abs(gradient[i]! - difference),
      `element ${i}: ${gradient[i]} against ${difference}, seed ${seed}`,
    ).toBeLessThan(1e-8 * (1 + Math.abs(difference)));
  }
}

describe('reference gradients against central differences', () => {
  it('tanh and sigmoid', () => {
    const x = normals(7);
    const dy = normals(7);
    expectGradient(x, tanhBackward(dy, tanh(x)), (v) => dot(dy, tanh(v)));
    expectGradient(x, sigmoidBackward(dy, sigmoid(x)), (v) => dot(dy, sigmoid(v)));
  });

  it('softmax and log-softmax', () => {
    const x = normals(10);
    const dy = normals(10);
    const forward = (v: Float64Array) => softmax(v, null, null, 2, 5);
    const logForward = (v: Float64Array) => logSoftmax(v, null, null, 2, 5);
    expectGradient(x, softmaxBackward(dy, forward(x), 2, 5), (v) => dot(dy, forward(v)));
    expectGradient(x, logSoftmaxBackward(dy, logForward(x), 2, 5), (v) => dot(dy, logForward(v)));
  });

  it('cross-entropy of log-softmax, towards the logits', () => {
    const logits = normals(15);
    const targets = [2, -100, 0];
    const dl = normals(3);
    const logs = (v: Float64Array) => logSoftmax(v, null, null, 3, 5);
    for (const smoothing of [0, 0.1]) {
      const gradient = crossEntropyBackward(dl, logs(logits), targets, 5, -100, smoothing);
      expectGradient(logits, gradient, (v) => dot(dl, crossEntropy(logs(v), targets, 5, -100, smoothing)));
    }
  });

  it('matmul: dA = dC B^T and dB = A^T dC', () => {
    const [M, N, K] = [3, 4, 5];
    const a = normals(M * K);
    const b = normals(K * N);
    const dc = normals(M * N);
    const forward = (left: Float64Array, right: Float64Array) =>
      dot(dc, matmul(left, right, null, null, M, N, K));
    expectGradient(a, matmul(dc, transpose(b, K, N), null, null, M, K, N), (v) => forward(v, b));
    expectGradient(b, matmul(transpose(a, M, K), dc, null, null, K, N, M), (v) => forward(a, v));
  });

  it('gather: scatter-add', () => {
    const table = normals(12);
    const ids = [3, 0, 3];
    const dy = normals(9);
    const gradient = scatterAdd(new Float64Array(12), dy, ids, 3);
    expectGradient(table, gradient, (v) => dot(dy, gather(v, ids, 3)));
  });

  it('dot score: weighted sums of the other side', () => {
    const [B, Q, K, D, scale] = [2, 3, 2, 4, 0.3];
    const query = normals(B * Q * D);
    const key = normals(B * K * D);
    const ds = normals(B * Q * K);
    const forward = (q: Float64Array, k: Float64Array) => dot(ds, scoreDot(q, k, B, Q, K, D, scale));
    const gradQuery = weightedSum(ds, key, B, Q, K, D).map((v) => scale * v);
    expectGradient(query, gradQuery, (v) => forward(v, key));
    expectGradient(key, weightedSumTransposed(ds, query, B, Q, K, D, scale), (v) => forward(query, v));
  });

  it('additive score', () => {
    const [B, Q, K, D] = [2, 3, 2, 4];
    const query = normals(B * Q * D);
    const key = normals(B * K * D);
    const vector = normals(D);
    const ds = normals(B * Q * K);
    const forward = (q: Float64Array, k: Float64Array, v: Float64Array) =>
      dot(ds, scoreAdditive(q, k, v, B, Q, K, D));
    const gradients = scoreAdditiveBackward(ds, query, key, vector, B, Q, K, D);
    expectGradient(query, gradients.gradQuery, (v) => forward(v, key, vector));
    expectGradient(key, gradients.gradKey, (v) => forward(query, v, vector));
    expectGradient(vector, gradients.gradVector, (v) => forward(query, key, v));
  });

  it('weighted sum, towards weights and values', () => {
    const [B, Q, K, D] = [2, 3, 2, 4];
    const weights = normals(B * Q * K);
    const value = normals(B * K * D);
    const dy = normals(B * Q * D);
    const forward = (w: Float64Array, v: Float64Array) => dot(dy, weightedSum(w, v, B, Q, K, D));
    expectGradient(weights, scoreDot(dy, value, B, Q, K, D, 1), (v) => forward(v, value));
    expectGradient(value, weightedSumTransposed(weights, dy, B, Q, K, D, 1), (v) => forward(weights, v));
  });

  it('l2 norm', () => {
    const x = normals(12);
    const dy = normals(12);
    expectGradient(x, l2NormalizeBackward(dy, x, 3, 4), (v) => dot(dy, l2Normalize(v, 3, 4)));
  });

  it('Gaussian window, towards weights and positions', () => {
    const weights = normals(15);
    const positions = Float64Array.of(-0.5, 2.3, 4);
    const dy = normals(15);
    const gradients = gaussianWindowBackward(dy, weights, positions, 5, 1.5);
    expectGradient(weights, gradients.gradWeights, (v) => dot(dy, gaussianWindow(v, positions, 5, 1.5)));
    expectGradient(positions, gradients.gradPositions, (v) => dot(dy, gaussianWindow(weights, v, 5, 1.5)));
  });

  it('entropy', () => {
    const weights = softmax(normals(12), null, null, 3, 4);
    const dy = normals(3);
    expectGradient(weights, entropyBackward(dy, weights, 4), (v) => dot(dy, entropy(v, 3, 4)));
  });

  it('LSTM cell', () => {
    const [batch, hidden] = [2, 3];
    const gates = normals(batch * 4 * hidden);
    const cell = normals(batch * hidden);
    const dh = normals(batch * hidden);
    const dc = normals(batch * hidden);
    const forward = (g: Float64Array, c: Float64Array) => {
      const step = lstmCell(g, c, batch, hidden);
      return dot(dh, step.hidden) + dot(dc, step.cell);
    };
    const { activations } = lstmCell(gates, cell, batch, hidden);
    const gradients = lstmCellBackward(dh, dc, activations, cell, batch, hidden);
    expectGradient(gates, gradients.gradGates, (v) => forward(v, cell));
    expectGradient(cell, gradients.gradPreviousCell, (v) => forward(gates, v));
  });

  it.each([
    { reverse: false, lengths: null },
    { reverse: true, lengths: null },
    { reverse: false, lengths: [3, 0, 4] },
    { reverse: true, lengths: [3, 0, 4] },
  ])('LSTM sequence, reverse $reverse, lengths $lengths', ({ reverse, lengths }) => {
    const shape = { batch: 3, time: 4, hidden: 2, reverse, lengths };
    const states = shape.batch * shape.hidden;
    const x = normals(shape.time * states * 4);
    const weight = normals(4 * shape.hidden * shape.hidden);
    const h0 = normals(states);
    const c0 = normals(states);
    const dOutput = normals(shape.time * states);
    const dh = normals(states);
    const dc = normals(states);
    const forward = (p: Float64Array, w: Float64Array, h: Float64Array, c: Float64Array) => {
      const run = lstmSequence(p, w, h, c, shape);
      return dot(dOutput, run.output) + dot(dh, run.finalHidden) + dot(dc, run.finalCell);
    };
    const run = lstmSequence(x, weight, h0, c0, shape);
    const gradients = lstmSequenceBackward(dOutput, dh, dc, run.activations, run.savedCell, weight, shape);
    expectGradient(x, gradients.gradProjections, (v) => forward(v, weight, h0, c0));
    expectGradient(h0, gradients.gradInitialHidden, (v) => forward(x, weight, v, c0));
    expectGradient(c0, gradients.gradInitialCell, (v) => forward(x, weight, h0, v));
    // The weight's gradient, as the caller forms it: gradients of the projections^T times the saved hidden states.
    const rows = shape.batch * shape.time;
    const gates = 4 * shape.hidden;
    const transposed = transpose(gradients.gradProjections, rows, gates);
    const gradWeight = matmul(transposed, run.savedHidden, null, null, gates, shape.hidden, rows);
    expectGradient(weight, gradWeight, (v) => forward(x, v, h0, c0));
  });
});
