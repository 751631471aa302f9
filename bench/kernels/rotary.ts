/** Rotary positions at the size of a small model's queries. */
import { type RotaryOptions, rotaryTable } from '../../src/ops/rotary.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { rotary as reference, rotaryAngles } from '../../tests/reference/rotary.ts';
import { seededRandom } from '../../tests/support/random.ts';
import type { Case } from '../suite.ts';
import { expectClose } from './verify.ts';

const [ROWS, HEADS, SIZE] = [512, 12, 64];

export function rotaryCases(runtime: Runtime): Case[] {
  const width = HEADS * SIZE;
  const values = seededRandom(ROWS).normals(ROWS * width);
  const x = Tensor.from(runtime, values, [ROWS, width]);
  const y = Tensor.empty(runtime, x.shape);
  const order = Array.from({ length: ROWS }, (_, i) => i);
  const positions = Tensor.from(runtime, order, [ROWS], 'i32');
  const { cosine, sine } = rotaryTable(runtime, ROWS, SIZE);
  return (['halves', 'interleaved'] satisfies RotaryOptions['pairing'][]).map((pairing) => {
    const interleaved = pairing === 'interleaved';
    const run = (): void =>
      runtime.kernels.f32_rotary(
        y.pointer,
        x.pointer,
        cosine.pointer,
        sine.pointer,
        positions.pointer,
        ROWS,
        HEADS,
        SIZE,
        SIZE,
        width,
        width,
        interleaved ? 1 : 0,
        0,
        0,
      );
    return {
      name: `rotary, ${pairing} ${ROWS} x ${HEADS} heads of ${SIZE}`,
      verify() {
        run();
        const shape = { rows: ROWS, heads: HEADS, size: SIZE, rotated: SIZE, interleaved };
        // The angles' sines and cosines are rounded, then two products and a sum of elements below 6.
        expectClose(
          'rotary',
          y.toArray(),
          reference(values, ...rotaryAngles(ROWS, SIZE, 10_000), order, shape),
          5 * 12,
        );
      },
      run,
      work: { bytes: { read: 4 * x.size, written: 4 * x.size } },
    };
  });
}
