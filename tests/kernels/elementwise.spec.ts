import {
  f32_add, f32_add_scaled, f32_copy_columns, f32_exp, f32_fill, f32_multiply, f32_multiply_add, f32_scale, f32_sigmoid,
  f32_tanh,
} from '../../assembly/kernels/elementwise';
import { f32_sigmoid_backward, f32_tanh_backward } from '../../assembly/gradients/elementwise';
import { f32_dropout } from '../../assembly/gradients/dropout';
import {
  begin, doubles, expectIntact, getFloat, normals, output, outputFrom, seal, setFloat, uniforms,
} from './support/buffers';
import { expectClose, expectExact, reportWorst } from './support/expect';
import { random } from './support/random';
import {
  add, addScaled, copyColumns, dropout, exp, fill, multiply, multiplyAdd, scale, sigmoid, sigmoidBackward, tanh,
  tanhBackward,
} from './support/reference';
import { FEW_SIZES, SIZES } from './support/sizes';

const enum Operation { Exp, Sigmoid, Tanh, Add, Multiply, Scale, Fill }
const NAMES: string[] = ['exp', 'sigmoid', 'tanh', 'add', 'multiply', 'scale', 'fill'];
const SPECIAL: f32[] = [NaN, Infinity, -Infinity];

/** Runs the reference before the kernel, whose output may be an input. Returns the bound in eps, 0 for exact. */
function run(which: Operation, out: usize, reference: usize, a: usize, b: usize, n: i32): f64 {
  if (which == Operation.Exp) { exp(reference, a, n); f32_exp(out, a, n); return 1.0e-7 * 16777216; }
  if (which == Operation.Sigmoid) { sigmoid(reference, a, n); f32_sigmoid(out, a, n); return 1.6e-7 * 16777216; }
  if (which == Operation.Tanh) { tanh(reference, a, n); f32_tanh(out, a, n); return 4.5e-7 * 16777216; }
  if (which == Operation.Add) { add(reference, a, b, n); f32_add(out, a, b, n); }
  if (which == Operation.Multiply) { multiply(reference, a, b, n); f32_multiply(out, a, b, n); }
  if (which == Operation.Scale) { scale(reference, a, n, -1.7); f32_scale(out, a, n, -1.7); }
  if (which == Operation.Fill) { fill(reference, n, 0.3); f32_fill(out, n, 0.3); }
  return 0;
}

function check(which: Operation, n: i32, misaligned: bool, inPlace: bool, special: bool): void {
  begin(NAMES[which] + ' n=' + n.toString() + (inPlace ? ' in place' : '') + (special ? ' special' : ''), misaligned);
  const a = normals(n, 3), b = normals(n, 3);
  if (special) for (let i = 0; i < n; i += 2) setFloat(a, i, SPECIAL[(i >> 1) % 3]);
  const out = inPlace ? outputFrom(a, n) : output(n), reference = doubles(n);
  seal();
  const factor = run(which, out, reference, inPlace ? out : a, b, n);
  expectIntact();
  if (factor == 0) { expectExact(out, reference, n); return; }
  const magnitude = doubles(n);
  memory.copy(magnitude, reference, <usize>n << 3);
  for (let i = 0; i < n; ++i) store<f64>(magnitude + (<usize>i << 3), Math.abs(load<f64>(magnitude + (<usize>i << 3))));
  expectClose(out, reference, magnitude, n, factor);
}

function checkAll(which: Operation): void {
  for (let s = 0; s < SIZES.length; ++s) {
    check(which, SIZES[s], false, false, false);
    check(which, SIZES[s], true, false, false);
    check(which, SIZES[s], true, true, false);
    check(which, SIZES[s], false, false, true);
  }
}

function checkMultiplyAdd(n: i32, misaligned: bool): void {
  begin('multiply_add n=' + n.toString(), misaligned);
  const before = normals(n), a = normals(n), b = normals(n);
  if (n > 2) setFloat(a, 1, 1e4);
  if (n > 3) setFloat(b, 2, NaN);
  const out = outputFrom(before, n), reference = doubles(n), magnitude = doubles(n);
  seal();
  multiplyAdd(reference, magnitude, before, a, b, n);
  f32_multiply_add(out, a, b, n);
  expectIntact();
  expectClose(out, reference, magnitude, n, 2);
}

function checkAddScaled(n: i32, factor: f32, misaligned: bool): void {
  begin('add_scaled n=' + n.toString(), misaligned);
  const before = normals(n), x = normals(n);
  if (n > 2) setFloat(x, 1, 1e4);
  if (n > 3) setFloat(x, 2, NaN);
  const out = outputFrom(before, n), reference = doubles(n), magnitude = doubles(n);
  seal();
  addScaled(reference, magnitude, before, x, n, factor);
  f32_add_scaled(out, x, n, factor);
  expectIntact();
  expectClose(out, reference, magnitude, n, 2);
}

function checkCopyColumns(rows: i32, columns: i32, accumulate: i32, padding: i32, misaligned: bool): void {
  begin('copy_columns ' + rows.toString() + ' x ' + columns.toString() + ' accumulate=' + accumulate.toString(), misaligned);
  const outStride = columns + padding, xStride = columns + 2 * padding;
  const before = normals(rows * outStride), x = normals(rows * xStride);
  const out = outputFrom(before, rows * outStride), reference = doubles(rows * outStride);
  seal();
  copyColumns(reference, before, x, rows, columns, outStride, xStride, accumulate);
  f32_copy_columns(out, x, rows, columns, outStride, xStride, accumulate);
  expectIntact();
  // All of `out`, gaps included.
  expectExact(out, reference, rows * outStride);
}

function checkSlope(isTanh: bool, n: i32, misaligned: bool, special: bool): void {
  begin((isTanh ? 'tanh' : 'sigmoid') + '_backward n=' + n.toString(), misaligned);
  const before = normals(n), gradY = normals(n), y = uniforms(n, isTanh ? -1 : 0, 1);
  if (special && n > 0) setFloat(gradY, n - 1, NaN);
  if (n > 2) setFloat(gradY, 1, 1e4);
  const gradX = outputFrom(before, n), reference = doubles(n), magnitude = doubles(n);
  seal();
  if (isTanh) { tanhBackward(reference, magnitude, before, gradY, y, n); f32_tanh_backward(gradX, gradY, y, n); }
  else { sigmoidBackward(reference, magnitude, before, gradY, y, n); f32_sigmoid_backward(gradX, gradY, y, n); }
  expectIntact();
  expectClose(gradX, reference, magnitude, n, 4);
}

function checkDropout(n: i32, keep: f64, accumulate: bool, misaligned: bool): void {
  begin('dropout n=' + n.toString() + ' keep=' + keep.toString(), misaligned);
  const before = normals(n), x = normals(n);
  const out = accumulate ? outputFrom(before, n) : output(n), reference = doubles(n);
  const threshold = <i32>min(keep * 2147483648.0, 2147483647.0), dropSeed = <i32>random.state;
  const factor = <f32>(1 / max(keep, 0.01));
  seal();
  dropout(reference, accumulate ? before : 0, x, n, dropSeed, threshold, factor);
  f32_dropout(out, x, n, dropSeed, threshold, factor, accumulate ? 1 : 0);
  expectIntact();
  expectExact(out, reference, n);
}

function checkKeptShare(keep: f64): void {
  begin('dropout share kept');
  const n = 100000;
  const x = uniforms(n, 1, 2), out = output(n);
  f32_dropout(out, x, n, 12345, <i32>(keep * 2147483648.0), 1, 0);
  let kept = 0;
  for (let i = 0; i < n; ++i) kept += getFloat(out, i) != 0 ? 1 : 0;
  // Five standard deviations of a binomial.
  expect<f64>(Math.abs(<f64>kept / n - keep)).toBeLessThan(5 * Math.sqrt(keep * (1 - keep) / n));
}

describe('elementwise', () => {
  it('f32_exp', () => checkAll(Operation.Exp));
  it('f32_sigmoid', () => checkAll(Operation.Sigmoid));
  it('f32_tanh', () => checkAll(Operation.Tanh));
  it('f32_add is exact to one rounding', () => checkAll(Operation.Add));
  it('f32_multiply is exact to one rounding', () => checkAll(Operation.Multiply));
  it('f32_scale is exact to one rounding', () => checkAll(Operation.Scale));
  it('f32_fill', () => checkAll(Operation.Fill));
  it('f32_multiply_add is within two roundings', () => {
    for (let s = 0; s < SIZES.length; ++s) { checkMultiplyAdd(SIZES[s], false); checkMultiplyAdd(SIZES[s], true); }
  });
  it('f32_add_scaled is within two roundings', () => {
    for (let s = 0; s < SIZES.length; ++s) { checkAddScaled(SIZES[s], -0.7, false); checkAddScaled(SIZES[s], 3, true); }
  });
  it('f32_copy_columns copies or adds its columns and no others', () => {
    for (let r = 0; r < FEW_SIZES.length; ++r) {
      for (let c = 0; c < SIZES.length; ++c) {
        checkCopyColumns(FEW_SIZES[r], SIZES[c], 0, 0, false);
        checkCopyColumns(FEW_SIZES[r], SIZES[c], 0, 3, true);
        checkCopyColumns(FEW_SIZES[r], SIZES[c], 1, 3, true);
      }
    }
  });
  it('f32_tanh_backward and f32_sigmoid_backward', () => {
    for (let s = 0; s < SIZES.length; ++s) {
      checkSlope(true, SIZES[s], false, false); checkSlope(true, SIZES[s], true, true);
      checkSlope(false, SIZES[s], false, false); checkSlope(false, SIZES[s], true, true);
    }
  });
  it('f32_dropout keeps what the hash says, to the bit', () => {
    for (let s = 0; s < SIZES.length; ++s) {
      checkDropout(SIZES[s], 0.8, false, false); checkDropout(SIZES[s], 0.5, true, true);
      checkDropout(SIZES[s], 0, false, true); checkDropout(SIZES[s], 1, true, false);
    }
    checkDropout(1023, 0.1, false, true);
  });
  it('f32_dropout keeps the share that it should', () => { checkKeptShare(0.9); checkKeptShare(0.5); checkKeptShare(0.1); });
  afterAll(() => reportWorst('elementwise'));
});
