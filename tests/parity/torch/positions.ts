import { sinusoidalPositions } from '../../../src/layers/positions.ts';
import { mergeHeads, splitHeads } from '../../../src/ops/heads.ts';
import { rotary, rotaryTable } from '../../../src/ops/rotary.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import { evaluate } from '../evaluate.ts';
import { NotRun } from '../options.ts';
import type { Runners } from '../runner.ts';

export const positionRunners: Runners = {
  'sinusoidal positions': (fixture) => {
    const [count, size] = [fixture.options.number('n'), fixture.options.number('d')];
    const layouts = ['interleaved', 'halves'] as const;
    const comparisons = layouts.map((layout) => ({
      name: `out.${layout}`,
      actual: sinusoidalPositions(fixture.runtime, count, size, { layout }).toArray(),
    }));
    return { comparisons };
  },

  'rotary positions': (fixture) => {
    const { options, runtime } = fixture;
    const q = fixture.tensor('in.q');
    const [batch, heads, time, size] = q.shape as [number, number, number, number];
    if (size !== options.number('head_dim')) throw new NotRun('heads are of another size than head_dim');
    const table = rotaryTable(runtime, time, size, options.number('base', 10_000));
    const width = heads * size;
    const turn = (pairing: 'halves' | 'interleaved'): Tensor => {
      const rows = mergeHeads(q.reshape([batch * heads, time, size]), heads);
      const tensor = rotary(rows, { heads, table, pairing });
      const whole = { tensor, batch, rows: time, from: 0, width, stride: width, batchStride: time * width };
      return splitHeads(whole, heads).reshape(q.shape);
    };
    const compute = (): Record<string, Tensor> => ({ neox: turn('halves'), gptj: turn('interleaved') });
    return { comparisons: evaluate(fixture, new Map([['in.q', q]]), compute) };
  },
};
