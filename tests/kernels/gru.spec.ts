import { f32_gru_cell, f32_gru_sequence } from '../../assembly/kernels/gru';
import { f32_pack, f32_pack_transposed } from '../../assembly/kernels/matmul';
import { f32_gru_cell_backward, f32_gru_sequence_backward } from '../../assembly/gradients/gru';
import {
  begin, doubles, expectIntact, getFloat, normals, output, outputFrom, seal, setFloat, uniforms,
} from './support/buffers';
import { expectClose, expectCloseRows, expectGapsUntouched, reportWorst } from './support/expect';
import { gruCell, gruCellBackward, gruSequence, gruSequenceBackward } from './support/reference';
import { FEW_SIZES, SIZES } from './support/sizes';

const BATCHES: i32[] = [0, 1, 2, 5];
const TIMES: i32[] = [0, 1, 2, 7];

function panels(columns: i32): i32 {
  return (columns + 7) & ~7;
}

/** Lengths 0, full and in between over the batch; 0 for none. */
function lengthsFor(batch: i32, time: i32): usize {
  const lengths = output(batch);
  for (let b = 0; b < batch; ++b) store<i32>(lengths + (<usize>b << 2), b % 3 == 0 ? time / 2 : b % 3 == 1 ? time : 0);
  return lengths;
}

/** Rows of gates and saved values from each length on are not promised: compared step by step. */
function expectSteps(
  actual: usize, reference: usize, magnitude: usize, lengths: usize, batch: i32, time: i32, width: i32,
): void {
  for (let b = 0; b < batch; ++b) {
    const steps = lengths ? load<i32>(lengths + (<usize>b << 2)) : time;
    const at = <usize>(b * time * width);
    expectClose(actual + (at << 2), reference + (at << 3), magnitude + (at << 3), steps * width, 1);
  }
}

function title(name: string, batch: i32, time: i32, hidden: i32, reverse: i32, lengths: bool): string {
  return name + ' batch=' + batch.toString() + ' time=' + time.toString() + ' hidden=' + hidden.toString() +
    ' reverse=' + reverse.toString() + (lengths ? ' lengths' : '');
}

function checkCell(batch: i32, hidden: i32, inPlace: bool, misaligned: bool): void {
  begin('gru_cell ' + batch.toString() + ' x ' + hidden.toString() + (inPlace ? ' in place' : ''), misaligned);
  const n = batch * hidden;
  const gates = normals(3 * n, 2), products = normals(3 * n, 2), previous = normals(n, 2);
  if (n > 1) { setFloat(gates, 1, 1e4); setFloat(gates, 3 * n - 1, -1e4); setFloat(products, 2 * n, NaN); }
  const activations = outputFrom(gates, 3 * n), h = inPlace ? outputFrom(previous, n) : output(n);
  const rh = doubles(n), rg = doubles(3 * n), mh = doubles(n), mg = doubles(3 * n);
  seal();
  gruCell(rh, rg, mh, mg, gates, products, previous, batch, hidden);
  f32_gru_cell(h, activations, products, inPlace ? h : previous, batch, hidden);
  expectIntact();
  expectClose(activations, rg, mg, 3 * n, 1);
  expectClose(h, rh, mh, n, 1);
}

function checkSequence(
  batch: i32, time: i32, hidden: i32, reverse: i32, withLengths: bool, withBias: bool, save: bool, padding: i32, misaligned: bool,
  outlier: f32 = 1e3,
): void {
  begin(title('gru_sequence', batch, time, hidden, reverse, withLengths), misaligned);
  const state = batch * hidden, cells = batch * time * hidden, stride = hidden + padding;
  const projections = normals(3 * cells), weight = normals(3 * hidden * hidden, 1 / Math.sqrt(<f64>max(1, hidden)));
  const hidden0 = normals(state, 0.5), bias: usize = withBias ? normals(3 * hidden) : 0;
  if (cells > 1) setFloat(projections, 1, outlier);
  const lengths: usize = withLengths ? lengthsFor(batch, time) : 0;
  const packed = output(panels(3 * hidden) * hidden), gates = outputFrom(projections, 3 * cells), products = output(3 * state);
  const h = outputFrom(hidden0, state), out = output(batch * time * stride);
  const savedHidden = output(cells), savedProduct = output(cells);
  const ro = doubles(cells), rh = doubles(state), rg = doubles(3 * cells), rsh = doubles(cells), rsp = doubles(cells);
  const mo = doubles(cells), mh = doubles(state), mg = doubles(3 * cells), msh = doubles(cells), msp = doubles(cells);
  seal();
  gruSequence(
    ro, rh, rg, rsh, rsp, mo, mh, mg, msh, msp,
    projections, weight, bias, hidden0, lengths, batch, time, hidden, reverse,
  );
  f32_pack_transposed(packed, weight, hidden, 3 * hidden, hidden);
  f32_gru_sequence(
    out, h, save ? savedHidden : 0, save ? savedProduct : 0, gates, products, packed, bias, lengths,
    batch, time, hidden, stride, reverse,
  );
  expectIntact();
  if (isNaN(outlier)) {
    // What is NaN must be the same elements: a NaN cell spreads to all cells of its row, to no other row.
    for (let i = 0; i < cells; ++i) {
      const at = (i / hidden) * stride + (i % hidden);
      expect<bool>(isNaN(getFloat(out, at))).toBe(isNaN(load<f64>(ro + ((<usize>i) << 3))), 'NaN at ' + i.toString());
    }
    return;
  }
  expectCloseRows(out, stride, ro, mo, batch * time, hidden, 1);
  expectGapsUntouched(out, stride, batch * time, hidden);
  expectClose(h, rh, mh, state, 1);
  expectSteps(gates, rg, mg, lengths, batch, time, 3 * hidden);
  if (save) {
    expectSteps(savedHidden, rsh, msh, lengths, batch, time, hidden);
    expectSteps(savedProduct, rsp, msp, lengths, batch, time, hidden);
  } else {
    expectGapsUntouched(savedHidden, cells, 1, 0);
    expectGapsUntouched(savedProduct, cells, 1, 0);
  }
}

function sequences(reverse: i32): void {
  for (let b = 0; b < BATCHES.length; ++b) {
    for (let t = 0; t < TIMES.length; ++t) {
      for (let s = 0; s < FEW_SIZES.length; ++s) {
        checkSequence(BATCHES[b], TIMES[t], FEW_SIZES[s], reverse, false, t % 2 == 0, (b + s) % 2 == 0, 0, false);
        checkSequence(BATCHES[b], TIMES[t], FEW_SIZES[s], reverse, true, t % 2 != 0, (t + s) % 2 == 0, 3, true);
      }
    }
  }
  checkSequence(3, 4, 33, reverse, true, true, true, 33, false);
  checkSequence(3, 4, 9, reverse, false, true, false, 0, false, NaN);
}

/** One step in place, as a layer takes it: the output is the state. */
function checkStep(batch: i32, hidden: i32): void {
  begin('gru_sequence, one step in place, batch=' + batch.toString() + ' hidden=' + hidden.toString());
  const n = batch * hidden;
  const projections = normals(3 * n), weight = normals(3 * hidden * hidden, 0.3), bias = normals(3 * hidden), hidden0 = normals(n);
  const packed = output(panels(3 * hidden) * hidden);
  const gates = outputFrom(projections, 3 * n), again = outputFrom(projections, 3 * n), products = output(3 * n);
  const h = outputFrom(hidden0, n), state = outputFrom(hidden0, n), out = output(n);
  seal();
  f32_pack_transposed(packed, weight, hidden, 3 * hidden, hidden);
  f32_gru_sequence(out, state, 0, 0, gates, products, packed, bias, 0, batch, 1, hidden, hidden, 0);
  f32_gru_sequence(h, h, 0, 0, again, products, packed, bias, 0, batch, 1, hidden, hidden, 0);
  expectIntact();
  for (let i = 0; i < n; ++i) {
    expect<f32>(getFloat(h, i)).toBe(getFloat(out, i));
    expect<f32>(getFloat(state, i)).toBe(getFloat(out, i));
  }
}

/** Activations as a forward pass leaves them: r, z in (0, 1), n in (-1, 1). */
function activationsFor(rows: i32, hidden: i32): usize {
  const gates = uniforms(rows * 3 * hidden, 0, 1);
  for (let r = 0; r < rows; ++r) {
    for (let j = 0; j < hidden; ++j) {
      const at = (r * 3 + 2) * hidden + j;
      setFloat(gates, at, 2 * getFloat(gates, at) - 1);
    }
  }
  return gates;
}

function checkCellBackward(batch: i32, hidden: i32, misaligned: bool): void {
  begin('gru_cell_backward ' + batch.toString() + ' x ' + hidden.toString(), misaligned);
  const n = batch * hidden;
  const activations = activationsFor(batch, hidden), products = normals(3 * n, 2), previous = normals(n, 2), gradient = normals(n);
  if (n > 1) { setFloat(gradient, 1, 1e3); setFloat(gradient, n - 1, NaN); }
  const gates = outputFrom(activations, 3 * n), gradProducts = output(3 * n), dh = outputFrom(gradient, n);
  const rg = doubles(3 * n), rp = doubles(3 * n), rh = doubles(n), mg = doubles(3 * n), mp = doubles(3 * n), mh = doubles(n);
  seal();
  gruCellBackward(rg, rp, rh, mg, mp, mh, gradient, activations, products, previous, batch, hidden);
  f32_gru_cell_backward(gates, gradProducts, dh, products, previous, batch, hidden);
  expectIntact();
  // The reset gate's, the longest: nine roundings.
  expectClose(gates, rg, mg, 3 * n, 9);
  expectClose(gradProducts, rp, mp, 3 * n, 9);
  expectClose(dh, rh, mh, n, 9);
}

function checkSequenceBackward(
  batch: i32, time: i32, hidden: i32, reverse: i32, withLengths: bool, padding: i32, misaligned: bool,
): void {
  begin(title('gru_sequence_backward', batch, time, hidden, reverse, withLengths), misaligned);
  const state = batch * hidden, cells = batch * time * hidden, stride = hidden + padding;
  const activations = activationsFor(batch * time, hidden), savedHidden = normals(cells), savedProduct = normals(cells);
  const gradOutput = normals(batch * time * stride), gradHidden = normals(state);
  const weight = normals(3 * hidden * hidden, 1 / Math.sqrt(<f64>max(1, hidden)));
  if (state > 1) setFloat(gradHidden, 1, 1e3);
  const lengths: usize = withLengths ? lengthsFor(batch, time) : 0;
  const packed = output(panels(hidden) * 3 * hidden), gates = outputFrom(activations, 3 * cells), products = output(3 * cells);
  const dh = outputFrom(gradHidden, state);
  const rg = doubles(3 * cells), rp = doubles(3 * cells), rh = doubles(state);
  const mg = doubles(3 * cells), mp = doubles(3 * cells), mh = doubles(state);
  seal();
  gruSequenceBackward(
    rg, rp, rh, mg, mp, mh, gradOutput, gradHidden, activations, savedHidden, savedProduct, weight, lengths,
    batch, time, hidden, stride, reverse,
  );
  f32_pack(packed, weight, 3 * hidden, hidden, hidden);
  f32_gru_sequence_backward(
    gates, products, dh, gradOutput, savedHidden, savedProduct, packed, lengths, batch, time, hidden, stride, reverse,
  );
  expectIntact();
  // Per step: the product over 3 hidden gates, the sum with the output's gradient, the row's nine at most.
  const factor = <f64>max(1, time) * (3 * hidden + 2 + 9);
  expectClose(gates, rg, mg, 3 * cells, factor);
  expectClose(products, rp, mp, 3 * cells, factor);
  expectClose(dh, rh, mh, state, factor);
}

function sequenceGradients(reverse: i32): void {
  for (let b = 0; b < BATCHES.length; ++b) {
    for (let t = 0; t < TIMES.length; ++t) {
      for (let s = 0; s < FEW_SIZES.length; ++s) {
        checkSequenceBackward(BATCHES[b], TIMES[t], FEW_SIZES[s], reverse, false, 0, false);
        checkSequenceBackward(BATCHES[b], TIMES[t], FEW_SIZES[s], reverse, true, 3, true);
      }
    }
  }
}

describe('gru cell', () => {
  it('f32_gru_cell', () => {
    for (let s = 0; s < SIZES.length; ++s) {
      checkCell(1, SIZES[s], false, false);
      checkCell(5, SIZES[s], true, true);
    }
    checkCell(0, 4, false, false);
  });
  afterAll(() => reportWorst('f32_gru_cell'));
});
describe('gru cell gradient', () => {
  it('f32_gru_cell_backward', () => {
    for (let s = 0; s < SIZES.length; ++s) {
      checkCellBackward(1, SIZES[s], false);
      checkCellBackward(5, SIZES[s], true);
    }
    checkCellBackward(0, 4, false);
  });
  afterAll(() => reportWorst('f32_gru_cell_backward'));
});
describe('gru sequence', () => {
  it('f32_gru_sequence forwards', () => sequences(0));
  it('f32_gru_sequence backwards in time', () => sequences(1));
  it('f32_gru_sequence of one step may write its output over its state', () => {
    for (let s = 0; s < FEW_SIZES.length; ++s) { checkStep(1, FEW_SIZES[s]); checkStep(5, FEW_SIZES[s]); }
  });
  afterAll(() => reportWorst('f32_gru_sequence'));
});
describe('gru sequence gradient', () => {
  it('f32_gru_sequence_backward forwards', () => sequenceGradients(0));
  it('f32_gru_sequence_backward backwards in time', () => sequenceGradients(1));
  afterAll(() => reportWorst('f32_gru_sequence_backward'));
});
