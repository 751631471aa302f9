import { f32_gather } from '../../assembly/kernels/embedding';
import { f32_scatter_add } from '../../assembly/gradients/embedding';
import { begin, doubles, expectIntact, integers, normals, output, outputFrom, seal, setFloat } from './support/buffers';
import { expectClose, expectExact, reportWorst } from './support/expect';
import { gather, scatterAdd } from './support/reference';
import { SIZES } from './support/sizes';

const COUNTS: i32[] = [0, 1, 2, 5, 17];

function check(rows: i32, count: i32, size: i32, misaligned: bool): void {
  begin('embedding rows=' + rows.toString() + ' count=' + count.toString() + ' size=' + size.toString(), misaligned);
  const table = normals(rows * size), x = normals(count * size), ids = integers(count, 0, rows - 1);
  if (size > 1) setFloat(table, 1, NaN);
  if (count * size > 1) setFloat(x, count * size - 1, 1e4);
  const out = output(count * size), summed = outputFrom(table, rows * size);
  const reference = doubles(count * size), referenceSum = doubles(rows * size), magnitude = doubles(rows * size);
  seal();
  gather(reference, table, rows, ids, count, size);
  scatterAdd(referenceSum, magnitude, table, rows, x, ids, count, size);
  f32_gather(out, table, ids, count, size);
  f32_scatter_add(summed, x, ids, count, size);
  expectIntact();
  expectExact(out, reference, count * size);
  // At most `count` additions into one element.
  expectClose(summed, referenceSum, magnitude, rows * size, count);
}

describe('embedding', () => {
  it('f32_gather copies, f32_scatter_add adds, repeated ids included', () => {
    for (let c = 0; c < COUNTS.length; ++c) {
      for (let s = 0; s < SIZES.length; ++s) {
        check(1, COUNTS[c], SIZES[s], false);
        check(7, COUNTS[c], SIZES[s], true);
      }
    }
  });
  afterAll(() => reportWorst('f32_scatter_add'));
});
