import { f32_pack, f32_pack_transposed } from '../../assembly/kernels/matmul';
import { f32_rnn_sequence } from '../../assembly/kernels/rnn';
import { f32_rnn_sequence_backward } from '../../assembly/gradients/rnn';
import {
  begin, doubles, expectIntact, getFloat, normals, output, outputFrom, seal, setFloat, uniforms,
} from './support/buffers';
import { expectClose, expectCloseRows, expectGapsUntouched, reportWorst } from './support/expect';
import { rnnSequence, rnnSequenceBackward } from './support/reference';
import { FEW_SIZES } from './support/sizes';

const BATCHES: i32[] = [0, 1, 2, 5];
const TIMES: i32[] = [0, 1, 2, 7];

function panels(columns: i32): i32 {
  return (columns + 7) & ~7;
}

/** Lengths 0, full and in between over the batch. */
function lengthsFor(batch: i32, time: i32): usize {
  const lengths = output(batch);
  for (let b = 0; b < batch; ++b) store<i32>(lengths + (<usize>b << 2), b % 3 == 0 ? time / 2 : b % 3 == 1 ? time : 0);
  return lengths;
}

/** Rows from each length on are not promised: compared step by step. */
function expectSteps(
  actual: usize, reference: usize, magnitude: usize, lengths: usize, batch: i32, time: i32, hidden: i32,
): void {
  for (let b = 0; b < batch; ++b) {
    const steps = lengths ? load<i32>(lengths + (<usize>b << 2)) : time;
    const at = <usize>(b * time * hidden);
    expectClose(actual + (at << 2), reference + (at << 3), magnitude + (at << 3), steps * hidden, 1);
  }
}

function title(name: string, batch: i32, time: i32, hidden: i32, reverse: i32, lengths: bool): string {
  return name + ' batch=' + batch.toString() + ' time=' + time.toString() + ' hidden=' + hidden.toString() +
    ' reverse=' + reverse.toString() + (lengths ? ' lengths' : '');
}

function checkSequence(
  batch: i32, time: i32, hidden: i32, reverse: i32, withLengths: bool, save: bool, padding: i32, misaligned: bool,
  outlier: f32 = 1e3,
): void {
  begin(title('rnn_sequence', batch, time, hidden, reverse, withLengths), misaligned);
  const state = batch * hidden, cells = batch * time * hidden, stride = hidden + padding;
  const projections = normals(cells), weight = normals(hidden * hidden, 1 / Math.sqrt(<f64>max(1, hidden)));
  const hidden0 = normals(state, 0.5);
  if (cells > 1) setFloat(projections, 1, outlier);
  const lengths: usize = withLengths ? lengthsFor(batch, time) : 0;
  const packed = output(panels(hidden) * hidden), gates = outputFrom(projections, cells);
  const h = outputFrom(hidden0, state), out = output(batch * time * stride), savedHidden = output(cells);
  const ro = doubles(cells), rh = doubles(state), rs = doubles(cells);
  const mo = doubles(cells), mh = doubles(state), ms = doubles(cells);
  seal();
  rnnSequence(ro, rh, rs, mo, mh, ms, projections, weight, hidden0, lengths, batch, time, hidden, reverse);
  f32_pack_transposed(packed, weight, hidden, hidden, hidden);
  f32_rnn_sequence(out, h, save ? savedHidden : 0, gates, packed, lengths, batch, time, hidden, stride, reverse);
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
  expectSteps(gates, ro, mo, lengths, batch, time, hidden);
  if (save) expectSteps(savedHidden, rs, ms, lengths, batch, time, hidden);
  else expectGapsUntouched(savedHidden, cells, 1, 0);
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
  checkSequence(3, 4, 9, reverse, false, false, 0, false, NaN);
}

/** One step in place, as a layer takes it: the output is the state. */
function checkStep(batch: i32, hidden: i32): void {
  begin('rnn_sequence, one step in place, batch=' + batch.toString() + ' hidden=' + hidden.toString());
  const n = batch * hidden;
  const projections = normals(n), weight = normals(hidden * hidden, 0.3), hidden0 = normals(n);
  const packed = output(panels(hidden) * hidden), gates = outputFrom(projections, n), again = outputFrom(projections, n);
  const h = outputFrom(hidden0, n), state = outputFrom(hidden0, n), out = output(n);
  seal();
  f32_pack_transposed(packed, weight, hidden, hidden, hidden);
  f32_rnn_sequence(out, state, 0, gates, packed, 0, batch, 1, hidden, hidden, 0);
  f32_rnn_sequence(h, h, 0, again, packed, 0, batch, 1, hidden, hidden, 0);
  expectIntact();
  for (let i = 0; i < n; ++i) {
    expect<f32>(getFloat(h, i)).toBe(getFloat(out, i));
    expect<f32>(getFloat(state, i)).toBe(getFloat(out, i));
  }
}

function checkSequenceBackward(
  batch: i32, time: i32, hidden: i32, reverse: i32, withLengths: bool, padding: i32, misaligned: bool,
): void {
  begin(title('rnn_sequence_backward', batch, time, hidden, reverse, withLengths), misaligned);
  const state = batch * hidden, cells = batch * time * hidden, stride = hidden + padding;
  const states = uniforms(cells, -1, 1), gradOutput = normals(batch * time * stride), gradHidden = normals(state);
  const weight = normals(hidden * hidden, 1 / Math.sqrt(<f64>max(1, hidden)));
  if (state > 1) setFloat(gradHidden, 1, 1e3);
  const lengths: usize = withLengths ? lengthsFor(batch, time) : 0;
  const packed = output(panels(hidden) * hidden), gates = outputFrom(states, cells), dh = outputFrom(gradHidden, state);
  const rg = doubles(cells), rh = doubles(state), mg = doubles(cells), mh = doubles(state);
  seal();
  rnnSequenceBackward(
    rg, rh, mg, mh, gradOutput, gradHidden, states, weight, lengths, batch, time, hidden, stride, reverse,
  );
  f32_pack(packed, weight, hidden, hidden, hidden);
  f32_rnn_sequence_backward(gates, dh, gradOutput, packed, lengths, batch, time, hidden, stride, reverse);
  expectIntact();
  // Per step: the product over hidden gates, the sum with the output's gradient, and three of the slope.
  const factor = <f64>max(1, time) * (hidden + 2 + 3);
  expectClose(gates, rg, mg, cells, factor);
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

describe('rnn sequence', () => {
  it('f32_rnn_sequence forwards', () => sequences(0));
  it('f32_rnn_sequence backwards in time', () => sequences(1));
  it('f32_rnn_sequence of one step may write its output over its state', () => {
    for (let s = 0; s < FEW_SIZES.length; ++s) { checkStep(1, FEW_SIZES[s]); checkStep(5, FEW_SIZES[s]); }
  });
  afterAll(() => reportWorst('f32_rnn_sequence'));
});
describe('rnn sequence gradient', () => {
  it('f32_rnn_sequence_backward forwards', () => sequenceGradients(0));
  it('f32_rnn_sequence_backward backwards in time', () => sequenceGradients(1));
  afterAll(() => reportWorst('f32_rnn_sequence_backward'));
});
