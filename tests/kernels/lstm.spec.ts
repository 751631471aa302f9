import { f32_lstm_cell, f32_lstm_sequence } from '../../assembly/kernels/lstm';
import { f32_pack, f32_pack_transposed } from '../../assembly/kernels/matmul';
import { f32_lstm_cell_backward, f32_lstm_sequence_backward } from '../../assembly/gradients/lstm';
import {
  begin, doubles, expectIntact, getFloat, normals, output, outputFrom, seal, setFloat, uniforms,
} from './support/buffers';
import { expectClose, expectCloseRows, expectGapsUntouched, reportWorst } from './support/expect';
import { lstmCell, lstmCellBackward, lstmSequence, lstmSequenceBackward } from './support/reference';
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

function checkCell(batch: i32, hidden: i32, inPlace: bool, misaligned: bool): void {
  begin('lstm_cell ' + batch.toString() + ' x ' + hidden.toString() + (inPlace ? ' in place' : ''), misaligned);
  const n = batch * hidden;
  const gates = normals(4 * n, 2), previous = normals(n, 2);
  if (n > 1) { setFloat(gates, 1, 1e4); setFloat(gates, 4 * n - 1, -1e4); setFloat(gates, 2 * n, NaN); }
  const activations = outputFrom(gates, 4 * n), h = output(n), c = inPlace ? outputFrom(previous, n) : output(n);
  const rh = doubles(n), rc = doubles(n), rg = doubles(4 * n), magnitude = doubles(n), gateMagnitude = doubles(4 * n);
  seal();
  lstmCell(rh, rc, rg, magnitude, gateMagnitude, gates, previous, batch, hidden);
  f32_lstm_cell(h, c, activations, inPlace ? c : previous, batch, hidden);
  expectIntact();
  expectClose(c, rc, magnitude, n, 8);
  expectClose(h, rh, magnitude, n, 8);
  // The larger of the stated errors, that of tanh.
  expectClose(activations, rg, gateMagnitude, 4 * n, 4.5e-7 * 16777216);
}

/** Rows of gates and saved states from each length on are not promised: compared step by step. */
function expectSteps(
  actual: usize, reference: usize, magnitude: usize, lengths: usize, batch: i32, time: i32, width: i32,
): void {
  for (let b = 0; b < batch; ++b) {
    const steps = lengths ? load<i32>(lengths + (<usize>b << 2)) : time;
    const at = <usize>(b * time * width);
    expectClose(actual + (at << 2), reference + (at << 3), magnitude + (at << 3), steps * width, 1);
  }
}

function checkSequence(
  batch: i32, time: i32, hidden: i32, reverse: i32, withLengths: bool, save: bool, padding: i32, misaligned: bool,
): void {
  begin(
    'lstm_sequence batch=' + batch.toString() + ' time=' + time.toString() + ' hidden=' + hidden.toString() + ' reverse=' +
      reverse.toString() + (withLengths ? ' lengths' : ''),
    misaligned,
  );
  const state = batch * hidden, cells = batch * time * hidden, stride = hidden + padding;
  const projections = normals(4 * cells), weight = normals(4 * hidden * hidden, 1 / Math.sqrt(<f64>max(1, hidden)));
  const hidden0 = normals(state, 0.5), cell0 = normals(state);
  if (cells > 1) setFloat(projections, 1, 1e3);
  const lengths: usize = withLengths ? lengthsFor(batch, time) : 0;
  const packed = output(panels(4 * hidden) * hidden), gates = outputFrom(projections, 4 * cells);
  const h = outputFrom(hidden0, state), c = outputFrom(cell0, state), out = output(batch * time * stride);
  const savedHidden = output(cells), savedCell = output(cells);
  const ro = doubles(cells), rh = doubles(state), rc = doubles(state), rg = doubles(4 * cells), rsh = doubles(cells), rsc = doubles(cells);
  const mo = doubles(cells), mh = doubles(state), mc = doubles(state), mg = doubles(4 * cells), msh = doubles(cells), msc = doubles(cells);
  seal();
  lstmSequence(
    ro, rh, rc, rg, rsh, rsc, mo, mh, mc, mg, msh, msc,
    projections, weight, hidden0, cell0, lengths, batch, time, hidden, reverse,
  );
  f32_pack_transposed(packed, weight, hidden, 4 * hidden, hidden);
  f32_lstm_sequence(
    out, h, c, save ? savedHidden : 0, save ? savedCell : 0, gates, packed, lengths,
    batch, time, hidden, stride, reverse,
  );
  expectIntact();
  expectCloseRows(out, stride, ro, mo, batch * time, hidden, 1);
  expectGapsUntouched(out, stride, batch * time, hidden);
  expectClose(h, rh, mh, state, 1);
  expectClose(c, rc, mc, state, 1);
  expectSteps(gates, rg, mg, lengths, batch, time, 4 * hidden);
  if (save) {
    expectSteps(savedHidden, rsh, msh, lengths, batch, time, hidden);
    expectSteps(savedCell, rsc, msc, lengths, batch, time, hidden);
  } else {
    expectGapsUntouched(savedHidden, cells, 1, 0);
    expectGapsUntouched(savedCell, cells, 1, 0);
  }
}

function sequences(reverse: i32): void {
  for (let b = 0; b < BATCHES.length; ++b) {
    for (let t = 0; t < TIMES.length; ++t) {
      for (let s = 0; s < FEW_SIZES.length; ++s) {
        checkSequence(BATCHES[b], TIMES[t], FEW_SIZES[s], reverse, false, (b + s) % 2 == 0, 0, false);
        checkSequence(BATCHES[b], TIMES[t], FEW_SIZES[s], reverse, true, (t + s) % 2 == 0, 3, true);
      }
    }
  }
  checkSequence(3, 4, 33, reverse, true, true, 33, false);
}

/** Activations as a forward pass leaves them: i, f, o in (0, 1), g in (-1, 1). */
function activationsFor(rows: i32, hidden: i32): usize {
  const gates = uniforms(rows * 4 * hidden, 0, 1);
  for (let r = 0; r < rows; ++r) {
    for (let j = 0; j < hidden; ++j) {
      const at = (r * 4 + 2) * hidden + j;
      setFloat(gates, at, 2 * getFloat(gates, at) - 1);
    }
  }
  return gates;
}

function checkCellBackward(batch: i32, hidden: i32, inPlace: bool, misaligned: bool): void {
  begin('lstm_cell_backward ' + batch.toString() + ' x ' + hidden.toString() + (inPlace ? ' in place' : ''), misaligned);
  const n = batch * hidden;
  const gates = activationsFor(batch, hidden), gradHidden = normals(n), gradCell = normals(n), previous = normals(n);
  if (n > 1) setFloat(gradHidden, 1, 1e4);
  const gradGates = inPlace ? outputFrom(gates, 4 * n) : output(4 * n), gradPrevious = inPlace ? outputFrom(gradCell, n) : output(n);
  const rg = doubles(4 * n), rc = doubles(n), mg = doubles(4 * n), mc = doubles(n);
  seal();
  lstmCellBackward(rg, rc, mg, mc, gradHidden, gradCell, gates, previous, batch, hidden);
  f32_lstm_cell_backward(
    gradGates, gradPrevious, gradHidden, inPlace ? gradPrevious : gradCell, inPlace ? gradGates : gates, previous, batch, hidden,
  );
  expectIntact();
  // tanh and its square (17), the cell before it, five products and sums.
  expectClose(gradGates, rg, mg, 4 * n, 24);
  expectClose(gradPrevious, rc, mc, n, 24);
}

function checkSequenceBackward(
  batch: i32, time: i32, hidden: i32, reverse: i32, withLengths: bool, padding: i32, misaligned: bool,
): void {
  begin(
    'lstm_sequence_backward batch=' + batch.toString() + ' time=' + time.toString() + ' hidden=' + hidden.toString() +
      ' reverse=' + reverse.toString() + (withLengths ? ' lengths' : ''),
    misaligned,
  );
  const state = batch * hidden, cells = batch * time * hidden, stride = hidden + padding;
  const activations = activationsFor(batch * time, hidden), savedCell = normals(cells), gradOutput = normals(batch * time * stride);
  const weight = normals(4 * hidden * hidden, 1 / Math.sqrt(<f64>max(1, hidden))), gradHidden = normals(state), gradCell = normals(state);
  if (state > 1) setFloat(gradHidden, 1, 1e3);
  const lengths: usize = withLengths ? lengthsFor(batch, time) : 0;
  const packed = output(panels(hidden) * 4 * hidden), gates = outputFrom(activations, 4 * cells);
  const dh = outputFrom(gradHidden, state), dc = outputFrom(gradCell, state);
  const rg = doubles(4 * cells), rh = doubles(state), rc = doubles(state);
  const mg = doubles(4 * cells), mh = doubles(state), mc = doubles(state);
  seal();
  lstmSequenceBackward(
    rg, rh, rc, mg, mh, mc, gradOutput, gradHidden, gradCell, activations, savedCell, weight, lengths,
    batch, time, hidden, stride, reverse,
  );
  f32_pack(packed, weight, 4 * hidden, hidden, hidden);
  f32_lstm_sequence_backward(gates, dh, dc, gradOutput, savedCell, packed, lengths, batch, time, hidden, stride, reverse);
  expectIntact();
  // Per step: the product over 4 hidden gates, the sum with the output's gradient, the cell's 24.
  const factor = <f64>max(1, time) * (4 * hidden + 2 + 24);
  expectClose(gates, rg, mg, 4 * cells, factor);
  expectClose(dh, rh, mh, state, factor);
  expectClose(dc, rc, mc, state, factor);
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

describe('lstm cell', () => {
  it('f32_lstm_cell is within 8 eps (1 + |c|), also in place', () => {
    for (let b = 0; b < BATCHES.length; ++b) {
      for (let s = 0; s < SIZES.length; ++s) {
        checkCell(BATCHES[b], SIZES[s], false, false);
        checkCell(BATCHES[b], SIZES[s], true, true);
      }
    }
  });
  afterAll(() => reportWorst('f32_lstm_cell'));
});
describe('lstm sequence', () => {
  it('f32_lstm_sequence forwards', () => sequences(0));
  it('f32_lstm_sequence backwards in time', () => sequences(1));
  afterAll(() => reportWorst('f32_lstm_sequence'));
});
describe('lstm cell gradient', () => {
  it('f32_lstm_cell_backward, also in place', () => {
    for (let b = 0; b < BATCHES.length; ++b) {
      for (let s = 0; s < SIZES.length; ++s) {
        checkCellBackward(BATCHES[b], SIZES[s], false, false);
        checkCellBackward(BATCHES[b], SIZES[s], true, true);
      }
    }
  });
  afterAll(() => reportWorst('f32_lstm_cell_backward'));
});
describe('lstm sequence gradient', () => {
  it('f32_lstm_sequence_backward forwards', () => sequenceGradients(0));
  it('f32_lstm_sequence_backward backwards in time', () => sequenceGradients(1));
  afterAll(() => reportWorst('f32_lstm_sequence_backward'));
});
