import { type AttentionOptions, attention } from '../../../src/ops/attention.ts';
import { add } from '../../../src/ops/elementwise.ts';
import { splitHeads } from '../../../src/ops/heads.ts';
import { concatenate } from '../../../src/ops/join.ts';
import { dotScore } from '../../../src/ops/score.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import type { Comparison } from '../compare.ts';
import type { Fixture } from '../fixture.ts';
import { broadcast } from '../layout.ts';
import type { Runners } from '../runner.ts';
import { inLayoutOf, type Rows, rowsOf, toTensor } from './rows.ts';

/** What `qk_matmul_output` holds, by its attribute. */
const RAW = 0;
/** The same without softcap, which heed does not have. */
const CAPPED = 1;
const MASKED = 2;
const WEIGHTS = 3;

/** Operands of heed's attention and what they were made of. */
interface Operands {
  readonly query: Rows;
  readonly key: Rows;
  readonly value: Rows;
  readonly past: Rows | undefined;
}

export const attentionRunners: Runners = {
  Attention: (fixture) => {
    const { options } = fixture;
    options.only('softcap', 0);
    // Heed always sums in single precision.
    options.get('softmax_precision');
    const mode = options.number('qk_matmul_output_mode', RAW);
    const queryHeads = options.optionalNumber('q_num_heads');
    const keyValueHeads = options.optionalNumber('kv_num_heads');
    const optional = (name: string): Rows | undefined =>
      fixture.has(name) ? rowsOf(fixture, name, keyValueHeads) : undefined;
    const past = optional('in.past_key');
    const operands: Operands = {
      query: rowsOf(fixture, 'in.Q', queryHeads),
      key: joined(fixture, past, rowsOf(fixture, 'in.K', keyValueHeads)),
      value: joined(fixture, optional('in.past_value'), rowsOf(fixture, 'in.V', keyValueHeads)),
      past,
    };
    const scale = options.optionalNumber('scale') ?? 1 / Math.sqrt(operands.query.size);
    const comparisons = [
      ...attended(fixture, operands, scale, mode),
      ...present(fixture, operands),
      ...scoresOf(fixture, operands, scale, mode),
    ];
    if (![RAW, CAPPED, MASKED, WEIGHTS].includes(mode)) options.refuse('qk_matmul_output_mode');
    return { comparisons, arithmetic: { dtype: fixture.stored('in.Q').dtype } };
  },
};

/** The output, fused and not, and the weights where they are asked for. */
function attended(fixture: Fixture, operands: Operands, scale: number, mode: number): Comparison[] {
  const [q, k, v] = [operands.query, operands.key, operands.value].map((rows) => toTensor(fixture, rows));
  const attend = (returnWeights: boolean): { output: Float32Array; weights?: Float32Array } => {
    const parts = itemsOf(fixture, operands).map(({ items: [from, to], ...options }) =>
      attention(q!.slice(from, to), k!.slice(from, to), v!.slice(from, to), {
        ...options,
        heads: operands.query.heads,
        keyValueHeads: operands.key.heads,
        scale,
        returnWeights,
      }),
    );
    const all = (tensors: Tensor[]): Float32Array =>
      joinedValues(tensors.map((each) => each.toFloat32Array()));
    return {
      output: all(parts.map(({ output }) => output)),
      ...(returnWeights && { weights: all(parts.map(({ weights }) => weights!)) }),
    };
  };
  const [fused, unfused] = [attend(false), attend(true)];
  const comparisons = [fused, unfused].map(({ output }) => ({
    name: 'out.Y',
    actual: inLayoutOf(fixture, 'out.Y', output, operands.query.heads),
  }));
  const hasWeights = mode === WEIGHTS && fixture.has('out.qk_matmul_output');
  return hasWeights
    ? [...comparisons, { name: 'out.qk_matmul_output', actual: unfused.weights! }]
    : comparisons;
}

type ItemOptions = Pick<AttentionOptions, 'causal' | 'past' | 'lengths' | 'mask'> & {
  readonly items: readonly [number, number];
};

/**
 * What batch items may see. The diagonal is counted from the first key after the past; where keys are padded, from
 * each item's own end, so that each item has options of its own.
 */
function itemsOf(fixture: Fixture, { query, key, past }: Operands): ItemOptions[] {
  const { runtime } = fixture;
  const causal = fixture.options.flag('is_causal', false);
  const { batch } = query;
  const mask = addedMask(fixture, query, key);
  if (!fixture.has('in.nonpad_kv_seqlen'))
    return [{ items: [0, batch], causal, past: past?.rows ?? 0, mask }];
  return Array.from(fixture.integers('in.nonpad_kv_seqlen'), (length, b) => ({
    items: [b, b + 1] as const,
    causal,
    past: length - query.rows,
    lengths: Tensor.from(runtime, [length], [1], 'i32'),
    mask: mask?.slice(b, b + 1),
  }));
}

/** [batch, heads, queries, keys]; a mask of fewer keys hides the rest. */
function addedMask(fixture: Fixture, query: Rows, key: Rows): Tensor | undefined {
  if (!fixture.has('in.attn_mask')) return undefined;
  const { dtype, shape } = fixture.stored('in.attn_mask');
  const given = fixture.floats('in.attn_mask');
  const values = dtype === 'BOOL' ? given.map((seen) => (seen ? 0 : Number.NEGATIVE_INFINITY)) : given;
  const width = shape.at(-1)!;
  const full = [query.batch, query.heads, query.rows, width];
  const rows = broadcast(values, shape, full);
  const padded = new Float32Array((rows.length / width) * key.rows).fill(Number.NEGATIVE_INFINITY);
  for (let row = 0; row * width < rows.length; row++) {
    padded.set(rows.subarray(row * width, (row + 1) * width), row * key.rows);
  }
  return Tensor.from(fixture.runtime, padded, [query.batch, query.heads, query.rows, key.rows]);
}

/** What came before, then what came now, in each batch item. */
function joined(fixture: Fixture, past: Rows | undefined, now: Rows): Rows {
  if (!past) return now;
  const flat = (rows: Rows): Tensor => {
    const { batch, values } = rows;
    return Tensor.from(fixture.runtime, values, [batch, values.length / batch]);
  };
  const values = concatenate([flat(past), flat(now)]).toFloat32Array();
  return { ...now, rows: past.rows + now.rows, values };
}

/** What a next call takes as its past. */
function present(fixture: Fixture, { key, value }: Operands): Comparison[] {
  return Object.entries({ present_key: key, present_value: value })
    .filter(([name]) => fixture.has(`out.${name}`))
    .map(([name, rows]) => ({
      name: `out.${name}`,
      actual: inLayoutOf(fixture, `out.${name}`, rows.values, rows.heads),
    }));
}

/** Scores before the softmax, by the op that attention itself is made of. */
function scoresOf(fixture: Fixture, operands: Operands, scale: number, mode: number): Comparison[] {
  if (!fixture.has('out.qk_matmul_output') || mode === WEIGHTS) return [];
  const { query, key } = operands;
  const split = (rows: Rows, copies: number): Tensor => {
    const tensor = toTensor(fixture, rows);
    const width = rows.heads * rows.size;
    const { batch } = rows;
    const whole = {
      tensor,
      batch,
      rows: rows.rows,
      from: 0,
      width,
      stride: width,
      batchStride: rows.rows * width,
    };
    return splitHeads(whole, rows.heads, copies);
  };
  const scores = dotScore(split(query, 1), split(key, query.heads / key.heads), scale);
  const hidden = mode === MASKED ? maskOf(fixture, operands) : undefined;
  const actual = hidden ? add(scores, hidden.reshape(scores.shape)) : scores;
  return [{ name: 'out.qk_matmul_output', actual: actual.toArray() }];
}

/** The mask and what is not causal. */
function maskOf(fixture: Fixture, { query, key, past }: Operands): Tensor | undefined {
  const mask = addedMask(fixture, query, key);
  if (!fixture.options.flag('is_causal', false)) return mask;
  const first = 1 + (past?.rows ?? 0);
  const shape = [query.batch, query.heads, query.rows, key.rows];
  const given = mask?.toFloat32Array() ?? new Float32Array(shape.reduce((a, b) => a * b, 1));
  const values = given.map((value, at) => {
    const [i, j] = [Math.floor(at / key.rows) % query.rows, at % key.rows];
    return j < first + i ? value : Number.NEGATIVE_INFINITY;
  });
  return Tensor.from(fixture.runtime, values, shape);
}

function joinedValues(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
