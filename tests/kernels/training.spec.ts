/** The loss and the optimizer. */
import { f32_cross_entropy } from '../../assembly/kernels/crossEntropy';
import { f32_adam } from '../../assembly/gradients/adam';
import { f32_cross_entropy_backward } from '../../assembly/gradients/crossEntropy';
import { begin, doubles, expectIntact, getFloat, integers, normals, output, outputFrom, seal, setFloat, uniforms } from './support/buffers';
import { expectClose, reportWorst } from './support/expect';
import { adam, crossEntropy, crossEntropyBackward } from './support/reference';
import { FEW_SIZES, SIZES } from './support/sizes';

const IGNORED: i32 = -100;

function checkCrossEntropy(rows: i32, classes: i32, smoothing: f32, misaligned: bool): void {
  begin('cross_entropy ' + rows.toString() + ' x ' + classes.toString() + ' smoothing=' + smoothing.toString(), misaligned);
  const n = rows * classes;
  const logs = uniforms(n, -20, 0), targets = integers(rows, 0, classes - 1), gradLoss = normals(rows), before = normals(n);
  for (let r = 2; r < rows; r += 3) store<i32>(targets + (<usize>r << 2), IGNORED);
  if (n > 2) setFloat(logs, 1, -1e4);
  const loss = output(rows), gradLogits = outputFrom(before, n);
  const reference = doubles(rows), magnitude = doubles(rows), gradient = doubles(n), gradMagnitude = doubles(n);
  seal();
  crossEntropy(reference, magnitude, logs, targets, rows, classes, IGNORED, smoothing);
  crossEntropyBackward(gradient, gradMagnitude, before, gradLoss, logs, targets, rows, classes, IGNORED, smoothing);
  f32_cross_entropy(loss, logs, targets, rows, classes, IGNORED, smoothing);
  f32_cross_entropy_backward(gradLogits, gradLoss, logs, targets, rows, classes, IGNORED, smoothing);
  expectIntact();
  // 1 - smoothing, a product, a difference; with smoothing also the sum over the classes.
  expectClose(loss, reference, magnitude, rows, smoothing > 0 ? Math.min(64, <f64>classes / 4) + 8 : 3);
  // exp (2), the share, two products, three sums.
  expectClose(gradLogits, gradient, gradMagnitude, n, 9);
}

function checkNonFinite(): void {
  begin('cross_entropy of -inf and NaN');
  const logs = normals(15), targets = integers(3, 2, 2), loss = output(3);
  setFloat(logs, 2, -Infinity);
  setFloat(logs, 7, NaN);
  setFloat(logs, 10, -Infinity);
  f32_cross_entropy(loss, logs, targets, 3, 5, IGNORED, 0);
  expect<f32>(getFloat(loss, 0)).toBe(Infinity);
  expect<bool>(isNaN(getFloat(loss, 1))).toBe(true);
  expect<bool>(isFinite(getFloat(loss, 2))).toBe(true, 'without smoothing only the target counts');
}

function checkAdam(n: i32, step: i32, weightDecay: f32, decoupled: i32, misaligned: bool): void {
  begin('adam n=' + n.toString() + ' step=' + step.toString() + ' decoupled=' + decoupled.toString(), misaligned);
  const parameter = normals(n), first = normals(n, 0.1), second = uniforms(n, 0, 0.1), gradient = normals(n);
  if (step == 1) { memory.fill(first, 0, <usize>n << 2); memory.fill(second, 0, <usize>n << 2); }
  if (n > 2) setFloat(gradient, 1, 1e4);
  // Nothing learnt and nothing to learn: 0 / (0 + epsilon).
  if (n > 3 && step == 1) setFloat(gradient, 2, 0);
  const p = outputFrom(parameter, n), m = outputFrom(first, n), v = outputFrom(second, n);
  const rp = doubles(n), rm = doubles(n), rv = doubles(n), mp = doubles(n), mm = doubles(n), mv = doubles(n);
  const beta1: f64 = 0.9, beta2: f64 = 0.999;
  const rate: f32 = 0.01, epsilon: f32 = 1e-8, scale: f32 = 0.5;
  const correction1 = <f32>(1 - Math.pow(beta1, step)), correction2 = <f32>(1 - Math.pow(beta2, step));
  seal();
  adam(
    rp, rm, rv, mp, mm, mv, parameter, first, second, gradient, n,
    scale, rate, beta1, beta2, epsilon, weightDecay, decoupled, correction1, correction2,
  );
  f32_adam(p, m, v, gradient, n, scale, rate, beta1, beta2, epsilon, weightDecay, decoupled, correction1, correction2);
  expectIntact();
  expectClose(m, rm, mm, n, 1);
  expectClose(v, rv, mv, n, 1);
  expectClose(p, rp, mp, n, 1);
}

describe('cross-entropy', () => {
  it('f32_cross_entropy and its gradient, ignored rows and smoothing included', () => {
    for (let r = 0; r < FEW_SIZES.length; ++r) {
      // At least one class: a target names one.
      for (let c = 1; c < SIZES.length; ++c) {
        checkCrossEntropy(FEW_SIZES[r], SIZES[c], 0, false);
        checkCrossEntropy(FEW_SIZES[r], SIZES[c], 0.1, true);
      }
    }
    checkCrossEntropy(3, 1023, 0.1, false);
  });
  it('f32_cross_entropy of -inf and NaN', () => checkNonFinite());
  afterAll(() => reportWorst('f32_cross_entropy'));
});
describe('adam', () => {
  it('f32_adam: first and later steps, weight decay coupled and decoupled', () => {
    for (let s = 0; s < SIZES.length; ++s) {
      checkAdam(SIZES[s], 1, 0, 0, false);
      checkAdam(SIZES[s], 1000, 0.01, 0, true);
      checkAdam(SIZES[s], 7, 0.01, 1, true);
    }
  });
  afterAll(() => reportWorst('f32_adam'));
});
