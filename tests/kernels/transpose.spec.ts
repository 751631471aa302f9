import { f32_transpose } from '../../assembly/gradients/transpose';
import { begin, doubles, expectIntact, normals, output, seal, setFloat } from './support/buffers';
import { expectExact, expectGapsUntouched } from './support/expect';
import { transpose } from './support/reference';
import { SIZES } from './support/sizes';

function check(rows: i32, columns: i32, padding: i32, misaligned: bool): void {
  begin('transpose rows=' + rows.toString() + ' columns=' + columns.toString(), misaligned);
  const xStride = columns + padding, outStride = rows + 2 * padding;
  const x = normals(rows * xStride);
  if (rows * columns > 1) {
    setFloat(x, (rows - 1) * xStride + columns - 1, NaN);
    setFloat(x, 0, -0.0);
  }
  const out = output(columns * outStride), reference = doubles(columns * rows);
  seal();
  transpose(reference, x, rows, columns, xStride);
  f32_transpose(out, x, rows, columns, outStride, xStride);
  expectIntact();
  for (let c = 0; c < columns; ++c) {
    expectExact(out + (<usize>(c * outStride) << 2), reference + (<usize>(c * rows) << 3), rows);
  }
  expectGapsUntouched(out, outStride, columns, rows);
}

describe('f32_transpose', () => {
  it('is exact at any size and alignment, and keeps to its rows', () => {
    for (let r = 0; r < SIZES.length; ++r) {
      for (let c = 0; c < SIZES.length; ++c) {
        check(SIZES[r], SIZES[c], 0, false);
        check(SIZES[r], SIZES[c], 3, true);
      }
    }
  });
  it('goes over several blocks of rows', () => {
    check(127, 17, 0, false);
    check(128, 5, 1, true);
    check(193, 33, 3, true);
  });
});
