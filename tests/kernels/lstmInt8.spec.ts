import { qi8_lstm_sequence } from '../../assembly/kernels/lstmInt8';
import { qi8_pack } from '../../assembly/kernels/matmulInt8';
import { begin, bytes, doubles, expectIntact, normals, output, outputFrom, seal, setFloat, uniforms } from './support/buffers';
import { expectClose, expectCloseRows, expectGapsUntouched, reportWorst } from './support/expect';
import { lstmSequenceInt8 } from './support/reference';
import { FEW_SIZES } from './support/sizes';

const BATCHES: i32[] = [0, 1, 2, 5];
const TIMES: i32[] = [0, 1, 2, 7];

/** Lengths 0, full and in between over the batch. */
function lengthsFor(batch: i32, time: i32): usize {
  const lengths = output(batch);
  for (let b = 0; b < batch; ++b) store<i32>(lengths + (<usize>b << 2), b % 3 == 0 ? time / 2 : b % 3 == 1 ? time : 0);
  return lengths;
}

function checkSequence(
  batch: i32, time: i32, hidden: i32, reverse: i32, withLengths: bool, padding: i32, misaligned: bool,
): void {
  begin(
    'qi8_lstm_sequence batch=' + batch.toString() + ' time=' + time.toString() + ' hidden=' + hidden.toString() + ' reverse=' +
      reverse.toString() + (withLengths ? ' lengths' : ''),
    misaligned,
  );
  const state = batch * hidden, cells = batch * time * hidden, stride = hidden + padding, fours = (hidden + 3) / 4;
  const projections = normals(4 * cells), weight = bytes(4 * hidden * hidden);
  const scales = uniforms(4 * hidden, 0, 0.02 / Math.sqrt(<f64>max(1, hidden)));
  const hidden0 = normals(state, 0.5), cell0 = normals(state);
  if (cells > 1) setFloat(projections, 1, 1e3);
  const lengths: usize = withLengths ? lengthsFor(batch, time) : 0;
  const packed = output(32 * ((4 * hidden + 31) / 32) * (1 + fours)), scratch = output(batch * (2 + 2 * fours));
  const gates = outputFrom(projections, 4 * cells), out = output(batch * time * stride);
  const h = outputFrom(hidden0, state), c = outputFrom(cell0, state);
  const ro = doubles(cells), rh = doubles(state), rc = doubles(state);
  const eo = doubles(cells), eh = doubles(state), ec = doubles(state);
  seal();
  lstmSequenceInt8(
    ro, rh, rc, eo, eh, ec, projections, weight, scales, hidden0, cell0, lengths, batch, time, hidden, reverse,
  );
  qi8_pack(packed, weight, hidden, 4 * hidden, hidden);
  qi8_lstm_sequence(out, h, c, gates, scratch, packed, scales, lengths, batch, time, hidden, stride, reverse);
  expectIntact();
  expectCloseRows(out, stride, ro, eo, batch * time, hidden, 1);
  expectGapsUntouched(out, stride, batch * time, hidden);
  expectClose(h, rh, eh, state, 1);
  expectClose(c, rc, ec, state, 1);
}

function sequences(reverse: i32): void {
  for (let b = 0; b < BATCHES.length; ++b) {
    for (let t = 0; t < TIMES.length; ++t) {
      for (let s = 0; s < FEW_SIZES.length; ++s) {
        checkSequence(BATCHES[b], TIMES[t], FEW_SIZES[s], reverse, false, 0, false);
        checkSequence(BATCHES[b], TIMES[t], FEW_SIZES[s], reverse, true, 3, true);
      }
    }
  }
  checkSequence(3, 4, 33, reverse, true, 33, false);
}

describe('lstm sequence with 8-bit weights', () => {
  it('qi8_lstm_sequence forwards', () => sequences(0));
  it('qi8_lstm_sequence backwards in time', () => sequences(1));
  afterAll(() => reportWorst('qi8_lstm_sequence'));
});
