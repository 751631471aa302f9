import { f32_log_softmax, f32_softmax } from '../../assembly/kernels/softmax';
import { f32_log_softmax_backward, f32_softmax_backward } from '../../assembly/gradients/softmax';
import { begin, doubles, expectIntact, getFloat, normals, output, outputFrom, seal, setFloat, uniforms } from './support/buffers';
import { expectClose, reportWorst } from './support/expect';
import { random } from './support/random';
import { logSoftmaxBackward, softmax, softmaxBackward } from './support/reference';
import { SIZES } from './support/sizes';

const enum Content { Plain, Spike, Mask, Lengths, MaskAndLengths, NotANumber, Infinite }
const CONTENTS: i32 = 7;
const ROWS: i32[] = [0, 1, 2, 6];

function check(content: Content, rows: i32, columns: i32, log: bool, misaligned: bool, inPlace: bool): void {
  begin(
    (log ? 'log_softmax ' : 'softmax ') + rows.toString() + ' x ' + columns.toString() + ' content=' + content.toString() +
      (inPlace ? ' in place' : ''),
    misaligned,
  );
  const n = rows * columns;
  const maskRows = 2, rowsPerLength = 3;
  const x = normals(n, 3), masks = normals(maskRows * columns), lengths = output((rows + rowsPerLength - 1) / rowsPerLength);
  if (content == Content.Spike && n > 1) { setFloat(x, n / 2, 1e4); setFloat(x, 0, -1e4); }
  if (content == Content.NotANumber && n > 0) setFloat(x, random.integer(0, n - 1), NaN);
  if (content == Content.Infinite && n > 0) { setFloat(x, n - 1, Infinity); setFloat(x, 0, -Infinity); }
  const hasMask = content == Content.Mask || content == Content.MaskAndLengths;
  const hasLengths = content == Content.Lengths || content == Content.MaskAndLengths;
  // The first mask row hides all, the second some.
  for (let j = 0; j < maskRows * columns; ++j) if (j < columns || j % 3 == 1) setFloat(masks, j, -Infinity);
  for (let i = 0; i < (rows + rowsPerLength - 1) / rowsPerLength; ++i) {
    store<i32>(lengths + (<usize>i << 2), i % 3 == 0 ? columns / 2 : i % 3 == 1 ? 0 : columns);
  }
  const out = inPlace ? outputFrom(x, n) : output(n), reference = doubles(n), magnitude = doubles(n);
  seal();
  const mask: usize = hasMask ? masks : 0, length: usize = hasLengths ? lengths : 0;
  softmax(reference, magnitude, x, mask, length, rows, columns, maskRows, rowsPerLength, log ? 1 : 0);
  const source = inPlace ? out : x;
  if (log) f32_log_softmax(out, source, mask, length, rows, columns, maskRows, rowsPerLength);
  else f32_softmax(out, source, mask, length, rows, columns, maskRows, rowsPerLength);
  expectIntact();
  expectClose(out, reference, magnitude, n, 1);
}

function checkAll(log: bool): void {
  for (let content = 0; content < CONTENTS; ++content) {
    for (let r = 0; r < ROWS.length; ++r) {
      for (let c = 0; c < SIZES.length; ++c) {
        check(content, ROWS[r], SIZES[c], log, false, false);
        check(content, ROWS[r], SIZES[c], log, true, true);
      }
    }
    check(content, 4, 1023, log, true, false);
  }
}

/** Each length from 0 to the full row, one row each. */
function checkEveryLength(log: bool): void {
  const columns = 17, rows = columns + 1;
  begin('softmax of every length');
  const x = normals(rows * columns), lengths = output(rows), out = output(rows * columns);
  for (let r = 0; r < rows; ++r) store<i32>(lengths + (<usize>r << 2), r);
  seal();
  const reference = doubles(rows * columns), magnitude = doubles(rows * columns);
  softmax(reference, magnitude, x, 0, lengths, rows, columns, 1, 1, log ? 1 : 0);
  if (log) f32_log_softmax(out, x, 0, lengths, rows, columns, 1, 1);
  else f32_softmax(out, x, 0, lengths, rows, columns, 1, 1);
  expectIntact();
  expectClose(out, reference, magnitude, rows * columns, 1);
}

/** A row with a NaN, between two without; `hidden`: all else in it is -inf, which the maximum alone cannot tell. */
function checkNaNRow(log: bool, hidden: bool): void {
  for (let at = 0; at < 9; ++at) {
    begin('softmax with NaN at ' + at.toString());
    const x = normals(27), out = output(27);
    if (hidden) for (let i = 9; i < 18; ++i) setFloat(x, i, -Infinity);
    setFloat(x, 9 + at, NaN);
    if (log) f32_log_softmax(out, x, 0, 0, 3, 9, 1, 1);
    else f32_softmax(out, x, 0, 0, 3, 9, 1, 1);
    for (let i = 0; i < 27; ++i) expect<bool>(isNaN(getFloat(out, i))).toBe(i >= 9 && i < 18);
  }
}

function checkBackward(rows: i32, columns: i32, log: bool, misaligned: bool): void {
  begin((log ? 'log_' : '') + 'softmax_backward ' + rows.toString() + ' x ' + columns.toString(), misaligned);
  const n = rows * columns;
  const before = normals(n), gradY = normals(n), y = log ? uniforms(n, -20, 0) : uniforms(n, 0, 1);
  if (n > 2) setFloat(gradY, n - 2, 1e4);
  const gradX = outputFrom(before, n), reference = doubles(n), magnitude = doubles(n);
  seal();
  if (log) {
    logSoftmaxBackward(reference, magnitude, before, gradY, y, rows, columns);
    f32_log_softmax_backward(gradX, gradY, y, rows, columns);
  } else {
    softmaxBackward(reference, magnitude, before, gradY, y, rows, columns);
    f32_softmax_backward(gradX, gradY, y, rows, columns);
  }
  expectIntact();
  expectClose(gradX, reference, magnitude, n, <f64>columns / 4 + 8);
}

function checkBackwards(log: bool): void {
  for (let r = 0; r < ROWS.length; ++r) {
    for (let c = 0; c < SIZES.length; ++c) {
      checkBackward(ROWS[r], SIZES[c], log, false);
      checkBackward(ROWS[r], SIZES[c], log, true);
    }
  }
  checkBackward(2, 1023, log, false);
}

describe('softmax', () => {
  it('f32_softmax: plain, spiked, masked, shortened, NaN, infinite', () => checkAll(false));
  it('f32_softmax of every length', () => checkEveryLength(false));
  it('f32_softmax keeps NaN in its row', () => checkNaNRow(false, false));
  it('f32_softmax finds a NaN among -Infinity', () => checkNaNRow(false, true));
  afterAll(() => reportWorst('f32_softmax'));
});
describe('log_softmax', () => {
  it('f32_log_softmax: plain, spiked, masked, shortened, NaN, infinite', () => checkAll(true));
  it('f32_log_softmax of every length', () => checkEveryLength(true));
  it('f32_log_softmax keeps NaN in its row', () => checkNaNRow(true, false));
  it('f32_log_softmax finds a NaN among -Infinity', () => checkNaNRow(true, true));
  afterAll(() => reportWorst('f32_log_softmax'));
});
describe('softmax gradients', () => {
  it('f32_softmax_backward', () => checkBackwards(false));
  it('f32_log_softmax_backward', () => checkBackwards(true));
  afterAll(() => reportWorst('softmax gradients'));
});
