import { f32_l2_normalize, f32_layer_norm, f32_rms_norm } from '../../assembly/kernels/norm';
import { f32_l2_normalize_backward, f32_layer_norm_backward, f32_rms_norm_backward } from '../../assembly/gradients/norm';
import { begin, doubles, expectIntact, getFloat, normals, output, outputFrom, seal, setFloat } from './support/buffers';
import { expectClose, reportWorst } from './support/expect';
import { l2Normalize, l2NormalizeBackward, layerNorm, normBackward, rmsNorm } from './support/reference';
import { FEW_SIZES, SIZES } from './support/sizes';

/** Constant: no variance; Far: a mean 1000 times the deviation; Spike: one element far from the others. */
const enum Content { Plain, Constant, Far, Spike, Tiny, NotANumber, Infinite }
const CONTENTS: i32 = 7;
const ROWS: i32[] = [0, 1, 3];
const EPSILON: f32 = 1e-5;

function content(kind: Content, rows: i32, columns: i32): usize {
  const n = rows * columns;
  const x = normals(n, kind == Content.Tiny ? 1e-4 : 2);
  for (let i = 0; i < n; ++i) {
    if (kind == Content.Constant) setFloat(x, i, 1234.567);
    if (kind == Content.Far) setFloat(x, i, getFloat(x, i) + 2000);
  }
  if (n == 0) return x;
  if (kind == Content.Spike) setFloat(x, n / 2, -1e6);
  if (kind == Content.NotANumber) setFloat(x, n - 1, NaN);
  if (kind == Content.Infinite) setFloat(x, 0, Infinity);
  return x;
}

/** `parts`: bit 0 for a weight, bit 1 for a bias. */
function check(centred: bool, kind: Content, rows: i32, columns: i32, parts: i32, misaligned: bool, inPlace: bool): void {
  begin(
    (centred ? 'layer_norm ' : 'rms_norm ') + rows.toString() + ' x ' + columns.toString() + ' content=' + kind.toString() +
      ' parts=' + parts.toString() + (inPlace ? ' in place' : ''),
    misaligned,
  );
  const n = rows * columns;
  const x = content(kind, rows, columns);
  const weight = parts & 1 ? normals(columns) : 0, bias = parts & 2 ? normals(columns) : 0;
  const out = inPlace ? outputFrom(x, n) : output(n), reference = doubles(n), magnitude = doubles(n);
  seal();
  const source = inPlace ? out : x;
  const k = <f64>columns / 16 + 8;
  if (centred) {
    layerNorm(reference, magnitude, x, weight, bias, rows, columns, EPSILON);
    f32_layer_norm(out, source, weight, bias, rows, columns, EPSILON);
  } else {
    rmsNorm(reference, magnitude, x, weight, rows, columns, EPSILON);
    f32_rms_norm(out, source, weight, rows, columns, EPSILON);
  }
  expectIntact();
  // Weight and bias round once each.
  expectClose(out, reference, magnitude, n, k + 2);
}

function checkAll(centred: bool): void {
  const combinations = centred ? 4 : 2;
  for (let kind = 0; kind < CONTENTS; ++kind) {
    for (let r = 0; r < ROWS.length; ++r) {
      for (let c = 0; c < SIZES.length; ++c) {
        for (let parts = 0; parts < combinations; ++parts) {
          check(centred, kind, ROWS[r], SIZES[c], parts, false, false);
          check(centred, kind, ROWS[r], SIZES[c], parts, true, true);
        }
      }
    }
    check(centred, kind, 2, 1023, 1, true, false);
  }
}

/** NaN stays in its row, wherever it stands there. */
function checkNaNRow(centred: bool): void {
  for (let at = 0; at < 21; ++at) {
    begin('norm with NaN at ' + at.toString());
    const x = normals(63), weight = normals(21), out = output(63);
    setFloat(x, 21 + at, NaN);
    if (centred) f32_layer_norm(out, x, weight, weight, 3, 21, EPSILON);
    else f32_rms_norm(out, x, weight, 3, 21, EPSILON);
    for (let i = 0; i < 63; ++i) expect<bool>(isNaN(getFloat(out, i))).toBe(i >= 21 && i < 42);
  }
}

/** Scaled by 2^40 (epsilon 0), layer norm must not change by a bit. */
function checkScaled(): void {
  begin('layer_norm of scaled rows');
  const n = 3 * 37;
  const x = normals(n), scaled = output(n), out = output(n), scaledOut = output(n);
  for (let i = 0; i < n; ++i) setFloat(scaled, i, getFloat(x, i) * 1099511627776.0);
  f32_layer_norm(out, x, 0, 0, 3, 37, 0);
  f32_layer_norm(scaledOut, scaled, 0, 0, 3, 37, 0);
  for (let i = 0; i < n; ++i) expect<f32>(getFloat(scaledOut, i)).toBe(getFloat(out, i));
}

/** `parts`: bit 0 for a weight, bit 1 for gradients of weight and bias, bit 2 for the gradient of x. */
function checkBackward(centred: bool, rows: i32, columns: i32, parts: i32, misaligned: bool): void {
  begin(
    (centred ? 'layer_norm' : 'rms_norm') + '_backward ' + rows.toString() + ' x ' + columns.toString() + ' parts=' +
      parts.toString(),
    misaligned,
  );
  const n = rows * columns;
  const x = normals(n, 2), gradY = normals(n), before = normals(n), weight = parts & 1 ? normals(columns) : 0;
  if (centred) for (let i = 0; i < n; ++i) setFloat(x, i, getFloat(x, i) + 10);
  if (n > 4) { setFloat(gradY, n / 2, 1e3); setFloat(x, n - 2, -50); }
  const start = normals(columns);
  const gradX = outputFrom(before, n), gradWeight = outputFrom(start, columns), gradBias = outputFrom(start, columns);
  seal();
  const toX = parts & 4 ? gradX : 0, toWeight = parts & 2 ? gradWeight : 0, toBias = parts & 2 ? gradBias : 0;
  if (centred) f32_layer_norm_backward(toX, toWeight, toBias, gradY, x, weight, rows, columns, EPSILON);
  else f32_rms_norm_backward(toX, toWeight, gradY, x, weight, rows, columns, EPSILON);
  expectIntact();
  const k = <f64>columns / 4 + 16, gradients = centred ? 3 : 2;
  for (let which = 0; which < gradients; ++which) {
    const size = which == 0 ? n : columns;
    const out = which == 0 ? gradX : which == 1 ? gradWeight : gradBias;
    const reference = doubles(size), magnitude = doubles(size);
    normBackward(
      reference, magnitude, which == 0 ? before : start, gradY, x, weight, rows, columns, EPSILON, centred ? 1 : 0, which,
    );
    if (parts & (which == 0 ? 4 : 2)) {
      expectClose(out, reference, magnitude, size, k + <f64>rows);
    } else {
      for (let i = 0; i < size; ++i) expect<f32>(getFloat(out, i)).toBe(getFloat(which == 0 ? before : start, i));
    }
  }
}

function checkBackwards(centred: bool): void {
  for (let parts = 2; parts < 8; ++parts) {
    for (let r = 0; r < ROWS.length; ++r) {
      for (let c = 0; c < FEW_SIZES.length; ++c) {
        checkBackward(centred, ROWS[r], FEW_SIZES[c], parts, false);
        checkBackward(centred, ROWS[r], FEW_SIZES[c], parts, true);
      }
    }
  }
  checkBackward(centred, 3, 515, 7, true);
}

function checkL2(kind: Content, rows: i32, columns: i32, misaligned: bool, inPlace: bool): void {
  begin('l2_normalize ' + rows.toString() + ' x ' + columns.toString() + ' content=' + kind.toString(), misaligned);
  const n = rows * columns;
  const x = content(kind, rows, columns);
  // A row of zeros among the others.
  if (rows > 1) for (let j = 0; j < columns; ++j) setFloat(x, columns + j, 0);
  const out = inPlace ? outputFrom(x, n) : output(n), reference = doubles(n), magnitude = doubles(n);
  seal();
  l2Normalize(reference, magnitude, x, rows, columns);
  f32_l2_normalize(out, inPlace ? out : x, rows, columns);
  expectIntact();
  // The bound that the header states.
  expectClose(out, reference, magnitude, n, <f64>columns / 16 + 10);
}

function checkL2Backward(rows: i32, columns: i32, misaligned: bool): void {
  begin('l2_normalize_backward ' + rows.toString() + ' x ' + columns.toString(), misaligned);
  const n = rows * columns;
  const x = normals(n, 2), gradY = normals(n), before = normals(n);
  if (n > 4) { setFloat(gradY, n / 2, 1e3); setFloat(x, n - 2, -50); }
  if (rows > 1) for (let j = 0; j < columns; ++j) setFloat(x, columns + j, 0);
  const gradX = outputFrom(before, n), reference = doubles(n), magnitude = doubles(n);
  seal();
  l2NormalizeBackward(reference, magnitude, before, gradY, x, rows, columns);
  f32_l2_normalize_backward(gradX, gradY, x, rows, columns);
  expectIntact();
  expectClose(gradX, reference, magnitude, n, <f64>columns / 4 + 16);
  if (rows > 1) for (let j = columns; j < 2 * columns; ++j) expect<f32>(getFloat(gradX, j)).toBe(getFloat(before, j));
}

function checkL2All(): void {
  for (let r = 0; r < ROWS.length; ++r) {
    for (let c = 0; c < SIZES.length; ++c) {
      for (let kind = 0; kind < CONTENTS; ++kind) {
        checkL2(kind, ROWS[r], SIZES[c], false, false);
        checkL2(kind, ROWS[r], SIZES[c], true, true);
      }
      checkL2Backward(ROWS[r], SIZES[c], false);
      checkL2Backward(ROWS[r], SIZES[c], true);
    }
  }
  checkL2(Content.Plain, 2, 1023, true, false);
  checkL2Backward(3, 515, true);
}

/** What vanishes when squared counts as zeros, and is no division by zero. */
function checkVanishing(): void {
  begin('l2_normalize of squares that vanish');
  const x = normals(9, 1e-30), gradY = normals(9), out = output(9), gradX = output(9);
  for (let i = 0; i < 9; ++i) setFloat(gradX, i, 0);
  f32_l2_normalize(out, x, 1, 9);
  f32_l2_normalize_backward(gradX, gradY, x, 1, 9);
  for (let i = 0; i < 9; ++i) {
    expect<bool>(getFloat(out, i) == 0).toBe(true);
    expect<bool>(getFloat(gradX, i) == 0).toBe(true);
  }
}

describe('layer norm', () => {
  it('f32_layer_norm: plain, constant, far from zero, spiked, tiny, NaN, infinite', () => checkAll(true));
  it('f32_layer_norm keeps NaN in its row', () => checkNaNRow(true));
  it('f32_layer_norm without epsilon does not see the scale of a row', () => checkScaled());
  it('f32_layer_norm_backward', () => checkBackwards(true));
  afterAll(() => reportWorst('layer norm'));
});
describe('RMS norm', () => {
  it('f32_rms_norm: plain, constant, far from zero, spiked, tiny, NaN, infinite', () => checkAll(false));
  it('f32_rms_norm keeps NaN in its row', () => checkNaNRow(false));
  it('f32_rms_norm_backward', () => checkBackwards(false));
  afterAll(() => reportWorst('RMS norm'));
});
describe('Euclidean norm', () => {
  it('f32_l2_normalize and its gradient: plain, constant, spiked, tiny, zeros, NaN, infinite', () => checkL2All());
  it('f32_l2_normalize leaves zeros where squares vanish', () => checkVanishing());
  afterAll(() => reportWorst('Euclidean norm'));
});
