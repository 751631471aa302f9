import { f32_rotary } from '../../assembly/kernels/rotary';
import { begin, doubles, expectIntact, integers, normals, output, outputFrom, seal, setFloat, uniforms } from './support/buffers';
import { expectCloseRows, expectGapsUntouched, reportWorst } from './support/expect';
import { rotary } from './support/reference';

const COUNT: i32 = 9;
const SIZES: i32[] = [0, 1, 2, 3, 4, 6, 7, 8, 10, 16, 18, 33, 64];

/** One case for each way: forward, in place, backward (which adds). */
function check(rows: i32, heads: i32, size: i32, rotated: i32, interleaved: i32, gap: i32, way: i32, misaligned: bool): void {
  begin(
    'rotary rows=' + rows.toString() + ' heads=' + heads.toString() + ' size=' + size.toString() + ' rotated=' +
      rotated.toString() + (interleaved ? ' interleaved' : ' halves') + ' way=' + way.toString(),
    misaligned,
  );
  const inPlace = way == 1, inverse = way == 2 ? 1 : 0, accumulate = inverse;
  const width = heads * size, xStride = width + 2 * gap, outStride = inPlace ? xStride : width + gap;
  const x = normals(rows * xStride), cosine = uniforms(COUNT * (rotated >> 1), -1, 1), sine = uniforms(COUNT * (rotated >> 1), -1, 1);
  const positions = integers(rows, 0, COUNT - 1);
  if (rows * width > 0) setFloat(x, 0, NaN);
  if (rows * width > 4) setFloat(x, 3, 1e4);
  const before = accumulate ? normals(rows * outStride) : 0;
  const out = inPlace ? outputFrom(x, rows * xStride) : accumulate ? outputFrom(before, rows * outStride) : output(rows * outStride);
  const reference = doubles(rows * width), magnitude = doubles(rows * width);
  seal();
  rotary(
    reference, magnitude, before, x, cosine, sine, positions, COUNT, rows, heads, size, rotated, outStride, xStride,
    interleaved, inverse,
  );
  f32_rotary(
    out, inPlace ? out : x, cosine, sine, positions, rows, heads, size, rotated, outStride, xStride, interleaved, inverse,
    accumulate,
  );
  expectIntact();
  // Two products and a sum, and the sum with what was there: three roundings of what the magnitude adds up.
  expectCloseRows(out, outStride, reference, magnitude, rows, width, 3);
  if (way == 0) expectGapsUntouched(out, outStride, rows, width);
}

describe('f32_rotary', () => {
  it('turns pairs of neighbours and of halves, back, in place, and adds', () => {
    for (let s = 0; s < SIZES.length; ++s) {
      const size = SIZES[s];
      for (let part = 0; part < 2; ++part) {
        const rotated = part ? (size >> 2) << 1 : size & ~1;
        for (let way = 0; way < 3; ++way) {
          check(1, 1, size, rotated, way & 1, 0, way, false);
          check(1, 1, size, rotated, ~way & 1, 0, way, false);
          check(5, 3, size, rotated, 0, 3, way, true);
          check(5, 3, size, rotated, 1, 3, way, true);
          check(0, 2, size, rotated, 1, 0, way, false);
        }
      }
    }
  });
  afterAll(() => reportWorst('f32_rotary'));
});
