import { f32_entropy } from '../../assembly/kernels/entropy';
import { f32_entropy_backward } from '../../assembly/gradients/entropy';
import { begin, doubles, expectIntact, getFloat, normals, output, outputFrom, seal, setFloat, uniforms } from './support/buffers';
import { expectClose, reportWorst } from './support/expect';
import { entropy, entropyBackward } from './support/reference';
import { SIZES } from './support/sizes';

const ROWS: i32[] = [0, 1, 3];

function weightsOf(rows: i32, columns: i32): usize {
  const n = rows * columns;
  const weights = uniforms(n, 0, 1);
  // Hidden, certain, the least normal number, and one below it.
  for (let i = 0; i < n; ++i) if (i % 5 == 2) setFloat(weights, i, 0);
  if (n > 0) setFloat(weights, 0, 1);
  if (n > 3) setFloat(weights, 3, 1.1754943508222875e-38);
  if (n > 4) setFloat(weights, 4, 1e-42);
  return weights;
}

function check(rows: i32, columns: i32, misaligned: bool): void {
  begin('entropy ' + rows.toString() + ' x ' + columns.toString(), misaligned);
  const n = rows * columns;
  const weights = weightsOf(rows, columns), gradOut = normals(rows), before = normals(n);
  const out = output(rows), gradWeights = outputFrom(before, n);
  const reference = doubles(rows), magnitude = doubles(rows), gradient = doubles(n), gradMagnitude = doubles(n);
  seal();
  entropy(reference, magnitude, weights, rows, columns);
  entropyBackward(gradient, gradMagnitude, before, gradOut, weights, rows, columns);
  f32_entropy(out, weights, rows, columns);
  f32_entropy_backward(gradWeights, gradOut, weights, rows, columns);
  expectIntact();
  // The bound that the header states.
  expectClose(out, reference, magnitude, rows, 2);
  // ln, two sums, a product.
  expectClose(gradWeights, gradient, gradMagnitude, n, 4);
  for (let i = 0; i < n; ++i) {
    if (getFloat(weights, i) == 0) expect<f32>(getFloat(gradWeights, i)).toBe(getFloat(before, i));
  }
}

function checkNaN(): void {
  begin('entropy with NaN');
  const weights = uniforms(15, 0.1, 1), out = output(3);
  setFloat(weights, 7, NaN);
  f32_entropy(out, weights, 3, 5);
  for (let i = 0; i < 3; ++i) expect<bool>(isNaN(getFloat(out, i))).toBe(i == 1);
}

describe('entropy', () => {
  it('f32_entropy and its gradient: zeros, one, the smallest numbers', () => {
    for (let r = 0; r < ROWS.length; ++r) {
      for (let c = 0; c < SIZES.length; ++c) {
        check(ROWS[r], SIZES[c], false);
        check(ROWS[r], SIZES[c], true);
      }
    }
    check(2, 1023, false);
  });
  it('f32_entropy keeps NaN in its row', () => checkNaN());
  afterAll(() => reportWorst('entropy'));
});
