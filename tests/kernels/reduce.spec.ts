import { f32_argmax, f32_sum, f32_sum_rows, f32_sum_squares } from '../../assembly/kernels/reduce';
import { begin, doubles, expectIntact, integers, normals, output, outputFrom, seal, setFloat } from './support/buffers';
import { EPSILON, expectClose, reportWorst } from './support/expect';
import { argmax, sum, sumAbsolute, sumRows, sumSquares } from './support/reference';
import { FEW_SIZES, SIZES } from './support/sizes';

const LARGE: i32[] = [255, 256, 257, 511, 1023, 10007];

function checkSums(n: i32, misaligned: bool): void {
  begin('sums of ' + n.toString(), misaligned);
  const x = normals(n);
  if (n > 1) setFloat(x, n - 2, 1e4);
  seal();
  // BLOCK / 16 additions in each chain, up to 3 of a rest, and 4 that join the chains and lanes.
  const additions = Math.min(256, <f64>n) / 16 + 7;
  const error = Math.abs(<f64>f32_sum(x, n) - sum(x, n));
  expect<f64>(error).toBeLessThanOrEqual(additions * EPSILON * sumAbsolute(x, n), 'f32_sum of ' + n.toString());
  const squares = sumSquares(x, n), squareError = Math.abs(<f64>f32_sum_squares(x, n) - squares);
  expect<f64>(squareError).toBeLessThanOrEqual((additions + 1) * EPSILON * squares, 'f32_sum_squares of ' + n.toString());
  expectIntact();
}

function checkNaN(n: i32): void {
  for (let at = 0; at < n; ++at) {
    begin('sums with NaN');
    const x = normals(n);
    setFloat(x, at, NaN);
    expect<bool>(isNaN(f32_sum(x, n)) && isNaN(f32_sum_squares(x, n))).toBe(true);
    setFloat(x, at, -Infinity);
    expect<bool>(f32_sum(x, n) == -Infinity && f32_sum_squares(x, n) == Infinity).toBe(true);
  }
}

function checkRows(rows: i32, columns: i32, misaligned: bool): void {
  begin('sum_rows ' + rows.toString() + ' x ' + columns.toString(), misaligned);
  const x = normals(rows * columns), before = normals(columns);
  if (rows * columns > 3) { setFloat(x, 0, 1e4); setFloat(x, rows * columns - 1, NaN); }
  const out = outputFrom(before, columns), reference = doubles(columns), magnitude = doubles(columns);
  seal();
  sumRows(reference, magnitude, before, x, rows, columns);
  f32_sum_rows(out, x, rows, columns);
  expectIntact();
  expectClose(out, reference, magnitude, columns, rows);
}

/** content 0: distinct values; 1: ties; 2: NaN here and there; 3: all -inf; 4: all NaN; 5: NaN, then -inf. */
function checkArgmax(rows: i32, columns: i32, content: i32): void {
  begin('argmax ' + rows.toString() + ' x ' + columns.toString() + ' content=' + content.toString(), content % 2 == 1);
  const n = rows * columns, x = normals(n), small = integers(n, 0, 2);
  for (let i = 0; i < n; ++i) {
    if (content == 1) setFloat(x, i, <f32>load<i32>(small + (<usize>i << 2)));
    if (content == 2 && i % 3 != 1) setFloat(x, i, NaN);
    if (content == 3) setFloat(x, i, -Infinity);
    if (content == 4) setFloat(x, i, NaN);
    if (content == 5) setFloat(x, i, i % columns < columns / 2 ? NaN : -Infinity);
  }
  const out = output(rows), reference = doubles(rows);
  seal();
  argmax(reference, x, rows, columns);
  f32_argmax(out, x, rows, columns);
  expectIntact();
  for (let r = 0; r < rows; ++r) {
    expect<i32>(load<i32>(out + (<usize>r << 2))).toBe(<i32>load<f64>(reference + (<usize>r << 3)), 'row ' + r.toString());
  }
}

describe('reduce', () => {
  it('f32_sum and f32_sum_squares are within (BLOCK / 4 + 3) and (BLOCK / 4 + 4) eps', () => {
    for (let s = 0; s < SIZES.length; ++s) { checkSums(SIZES[s], false); checkSums(SIZES[s], true); }
    for (let s = 0; s < LARGE.length; ++s) { checkSums(LARGE[s], false); checkSums(LARGE[s], true); }
  });
  it('f32_sum and f32_sum_squares of NaN and infinity', () => { checkNaN(1); checkNaN(9); checkNaN(261); });
  it('f32_sum_rows adds the rows', () => {
    for (let r = 0; r < SIZES.length; ++r) {
      for (let c = 0; c < SIZES.length; ++c) checkRows(SIZES[r], SIZES[c], (r + c) % 2 == 1);
    }
  });
  it('f32_argmax is the first largest that is not NaN', () => {
    for (let content = 0; content < 6; ++content) {
      for (let r = 0; r < FEW_SIZES.length; ++r) {
        for (let c = 0; c < SIZES.length; ++c) checkArgmax(FEW_SIZES[r], SIZES[c], content);
      }
    }
  });
  afterAll(() => reportWorst('f32_sum_rows'));
});
