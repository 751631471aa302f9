import { attention } from '../../../src/ops/attention.ts';
import { mergeHeads, splitHeads } from '../../../src/ops/heads.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { evaluate, outputsOf } from '../evaluate.ts';
import type { Fixture } from '../fixture.ts';
import { NotRun } from '../options.ts';
import type { Runners } from '../runner.ts';

/** What `in.mask` [batch or 1, heads or 1, queries, keys] lets through, as values to add. */
function addedMask(fixture: Fixture): Tensor | undefined {
  if (!fixture.has('in.mask')) return undefined;
  const { dtype, shape } = fixture.stored('in.mask');
  const given = fixture.floats('in.mask');
  const values = dtype === 'BOOL' ? given.map((allowed) => (allowed ? 0 : Number.NEGATIVE_INFINITY)) : given;
  return Tensor.from(fixture.runtime, values, shape);
}

export const scaledDotProductRunners: Runners = {
  scaled_dot_product_attention: (fixture) => {
    const { options, call } = fixture;
    const [q, k, v] = ['in.q', 'in.k', 'in.v'].map((name) => fixture.tensor(name)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    if (q.shape.length !== 4) throw new NotRun('heed has attention over batches of heads only');
    const [batch, heads, queries] = q.shape as [number, number, number, number];
    const keyValueHeads = k.shape[1]!;
    const valueSize = v.shape[3]!;
    const scale = options.optionalNumber('scale') ?? call.optionalNumber('scale');
    call.get('lengths');
    const lengths = fixture.optional('in.lengths');
    const mask = addedMask(fixture);
    const causal = call.flag('causal', false);
    const told = { heads, keyValueHeads, scale, causal, lengths };
    /** Torch has [batch, heads, rows, size], heed the heads of a row side by side. */
    const rowsOf = (x: Tensor): Tensor => {
      const [, count, rows, size] = x.shape as [number, number, number, number];
      return mergeHeads(x.reshape([batch * count, rows, size]), count);
    };
    const headsOf = (y: Tensor): Tensor => {
      const width = heads * valueSize;
      const whole = {
        tensor: y,
        batch,
        rows: queries,
        from: 0,
        width,
        stride: width,
        batchStride: queries * width,
      };
      return splitHeads(whole, heads).reshape([batch, heads, queries, valueSize]);
    };
    const fused = (how: object) => (): Record<string, Tensor> => {
      const { output } = attention(rowsOf(q), rowsOf(k), rowsOf(v), { ...told, ...how });
      return { y: headsOf(output) };
    };
    const parameters = new Map([
      ['in.q', q],
      ['in.k', k],
      ['in.v', v],
    ]);
    // The mask is what `causal` and `lengths` say, where they are given.
    const isTold = causal || lengths !== undefined;
    const how = isTold ? {} : { mask };
    const comparisons = evaluate(fixture, parameters, () => {
      const { output, weights } = attention(rowsOf(q), rowsOf(k), rowsOf(v), {
        ...told,
        ...how,
        returnWeights: true,
      });
      return { y: headsOf(output), weights };
    });
    comparisons.push(...outputsOf(fixture, fused(how)));
    if (isTold && mask) {
      comparisons.push(...outputsOf(fixture, fused({ mask, causal: false, lengths: undefined })));
    }
    return { comparisons };
  },
};
