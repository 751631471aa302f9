import { rotary } from '../../../src/ops/rotary.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import type { Fixture } from '../fixture.ts';
import { NotRun } from '../options.ts';
import type { Runners } from '../runner.ts';
import { inLayoutOf, rowsOf, toTensor } from './rows.ts';

/** Cosines or sines, [positions, pairs], or where there are no ids those of each row [batch, time, pairs]. */
function table(fixture: Fixture, name: string): Tensor {
  const shape = fixture.shape(name);
  const pairs = shape.at(-1)!;
  return fixture.tensor(name, [shape.slice(0, -1).reduce((a, b) => a * b, 1), pairs]);
}

export const rotaryRunners: Runners = {
  RotaryEmbedding: (fixture) => {
    const { options, runtime } = fixture;
    const heads = options.number('num_heads', 0) || undefined;
    if (fixture.shape('in.input').length === 3 && heads === undefined)
      throw new NotRun('num_heads is absent');
    const rows = rowsOf(fixture, 'in.input', heads);
    const [cosine, sine] = [table(fixture, 'in.cos_cache'), table(fixture, 'in.sin_cache')];
    const turned = options.number('rotary_embedding_dim', 0) || rows.size;
    if (2 * cosine.shape[1]! !== turned)
      throw new NotRun('the table turns another part than the attribute says');
    const count = rows.batch * rows.rows;
    // Without ids the table has a row for each of the input's.
    const positions = fixture.has('in.position_ids')
      ? fixture.tensor('in.position_ids')
      : Tensor.from(
          runtime,
          Int32Array.from({ length: count }, (_, i) => i),
          [rows.batch, rows.rows],
          'i32',
        );
    const y = rotary(toTensor(fixture, rows), {
      heads: rows.heads,
      table: { cosine, sine },
      pairing: options.flag('interleaved', false) ? 'interleaved' : 'halves',
      positions,
    });
    const actual = inLayoutOf(fixture, 'out.output', y.toFloat32Array(), rows.heads);
    return { comparisons: [{ name: 'out.output', actual }], arithmetic: { approximations: 0 } };
  },
};
