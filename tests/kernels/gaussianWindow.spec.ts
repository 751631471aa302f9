import { f32_gaussian_window } from '../../assembly/kernels/gaussianWindow';
import { f32_gaussian_window_backward } from '../../assembly/gradients/gaussianWindow';
import { begin, doubles, expectIntact, getFloat, normals, output, outputFrom, seal, setFloat, uniforms } from './support/buffers';
import { expectClose, reportWorst } from './support/expect';
import { gaussianWindow, gaussianWindowBackward } from './support/reference';
import { SIZES } from './support/sizes';

const ROWS: i32[] = [0, 1, 3];
const HALF_WIDTHS: f32[] = [0.3, 1, 2.5, 10, 1e6];

function positionsFor(rows: i32, columns: i32): usize {
  const positions = uniforms(rows, -1, <f64>columns + 1);
  // On a column, and far off.
  if (rows > 1) setFloat(positions, 1, <f32>(columns / 2));
  if (rows > 2) setFloat(positions, 2, -1e5);
  return positions;
}

function check(rows: i32, columns: i32, halfWidth: f32, misaligned: bool, inPlace: bool): void {
  begin('gaussian_window ' + rows.toString() + ' x ' + columns.toString() + ' D=' + halfWidth.toString(), misaligned);
  const n = rows * columns;
  const weights = normals(n), positions = positionsFor(rows, columns);
  if (n > 2) { setFloat(weights, 1, 1e4); setFloat(weights, 2, 0); }
  const out = inPlace ? outputFrom(weights, n) : output(n), reference = doubles(n), magnitude = doubles(n);
  seal();
  gaussianWindow(reference, magnitude, weights, positions, rows, columns, halfWidth);
  f32_gaussian_window(out, inPlace ? out : weights, positions, rows, columns, halfWidth);
  expectIntact();
  // The bound that the header states.
  expectClose(out, reference, magnitude, n, 1);
}

/** `parts`: bit 0 for the gradient of the weights, bit 1 for that of the positions. */
function checkBackward(rows: i32, columns: i32, halfWidth: f32, parts: i32, misaligned: bool): void {
  begin(
    'gaussian_window_backward ' + rows.toString() + ' x ' + columns.toString() + ' D=' + halfWidth.toString() +
      ' parts=' + parts.toString(),
    misaligned,
  );
  const n = rows * columns;
  const weights = normals(n), gradOut = normals(n), positions = positionsFor(rows, columns);
  if (n > 2) setFloat(gradOut, 1, 1e4);
  const beforeWeights = normals(n), beforePositions = normals(rows);
  const gradWeights = outputFrom(beforeWeights, n), gradPositions = outputFrom(beforePositions, rows);
  const w = doubles(n), p = doubles(rows), mw = doubles(n), mp = doubles(rows);
  seal();
  gaussianWindowBackward(
    w, p, mw, mp, beforeWeights, beforePositions, gradOut, weights, positions, rows, columns, halfWidth,
  );
  f32_gaussian_window_backward(
    parts & 1 ? gradWeights : 0, parts & 2 ? gradPositions : 0, gradOut, weights, positions, rows, columns, halfWidth,
  );
  expectIntact();
  if (parts & 1) expectClose(gradWeights, w, mw, n, 1);
  else for (let i = 0; i < n; ++i) expect<f32>(getFloat(gradWeights, i)).toBe(getFloat(beforeWeights, i));
  if (parts & 2) expectClose(gradPositions, p, mp, rows, 1);
  else for (let i = 0; i < rows; ++i) expect<f32>(getFloat(gradPositions, i)).toBe(getFloat(beforePositions, i));
}

function sweep(backward: bool): void {
  for (let r = 0; r < ROWS.length; ++r) {
    for (let c = 0; c < SIZES.length; ++c) {
      for (let h = 0; h < HALF_WIDTHS.length; ++h) {
        const misaligned = (r + c + h) % 2 == 1;
        if (!backward) {
          check(ROWS[r], SIZES[c], HALF_WIDTHS[h], misaligned, false);
          check(ROWS[r], SIZES[c], HALF_WIDTHS[h], !misaligned, true);
        } else {
          for (let parts = 1; parts < 4; ++parts) checkBackward(ROWS[r], SIZES[c], HALF_WIDTHS[h], parts, misaligned);
        }
      }
    }
  }
}

/** A NaN position taints its row, a NaN weight itself; an infinite position leaves nothing. */
function checkNaN(): void {
  begin('gaussian_window with NaN');
  const weights = uniforms(28, 0.1, 1), positions = uniforms(4, 0, 6), out = output(28);
  setFloat(positions, 1, NaN);
  setFloat(positions, 3, Infinity);
  setFloat(weights, 5, NaN);
  f32_gaussian_window(out, weights, positions, 4, 7, 2);
  for (let i = 0; i < 28; ++i) {
    expect<bool>(isNaN(getFloat(out, i))).toBe(i == 5 || (i >= 7 && i < 14), i.toString());
    if (i >= 21) expect<f32>(getFloat(out, i)).toBe(0);
  }
}

describe('Gaussian window', () => {
  it('f32_gaussian_window is within (3 + 14 (j - p)^2 / D^2) eps |out|', () => sweep(false));
  it('f32_gaussian_window keeps NaN where it belongs', () => checkNaN());
  it('f32_gaussian_window_backward, towards either operand or both', () => sweep(true));
  afterAll(() => reportWorst('Gaussian window'));
});
