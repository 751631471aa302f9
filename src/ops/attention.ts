import { isRecording, refuseGradient } from '../autograd/tape.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { describe, expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { additiveMask, maskStridesOf, maskValues } from './attentionMask.ts';
import { type HeadRows, mergeHeads, splitHeads } from './heads.ts';
import { checkLengths } from './lengths.ts';
import { expectFloats } from './operands.ts';
import { dotScore, weightedSum } from './score.ts';
import { softmax } from './softmax.ts';

/**
 * Part of a tensor [batch, rows, width], read in place: columns [from, to) of each row (a part of a fused projection)
 * and the first `rows` rows of each batch item (what a cache holds so far). All of it by default.
 */
export interface RowsOf {
  readonly tensor: Tensor;
  readonly from?: number;
  readonly to?: number;
  readonly rows?: number;
}

export interface AttentionOptions {
  /** Query heads, side by side in a row. */
  readonly heads: number;
  /** Heads of keys and values, which divides `heads`; each serves as many query heads in a row. `heads` by default. */
  readonly keyValueHeads?: number;
  /** What scores are multiplied by; 1 / sqrt(size of a head) by default. */
  readonly scale?: number;
  /** Whether query i sees only keys 0 .. i + past. */
  readonly causal?: boolean;
  /** Keys before that of the first query, for `causal`: keys - queries by default, as when decoding with a cache. */
  readonly past?: number;
  /** i32 [batch]: the first lengths[b] keys exist. */
  readonly lengths?: Tensor;
  /**
   * [batch, heads, queries, keys], leading axes 1 or left out where it repeats. f32 is added to the scores, -inf is legal;
   * i32 says what may be seen: 1, or not: 0.
   */
  readonly mask?: Tensor;
  /** Whether to return the weights. They are then stored: memory grows with queries * keys. */
  readonly returnWeights?: boolean;
}

/** Sizes of an attention, checked. */
interface Extents {
  readonly batch: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly queries: number;
  readonly keys: number;
  readonly size: number;
  readonly valueSize: number;
  readonly scale: number;
  /** Keys that query 0 sees; each further query sees one more. */
  readonly firstVisible: number;
  readonly lengths: Tensor | undefined;
  readonly mask: Tensor | undefined;
  /** Elements of the mask between batch items, heads and queries. */
  readonly maskStrides: readonly [number, number, number];
}

/**
 * output = softmax(scale Q K^T + mask) V for each head (Vaswani 2017, eq. 1), fused: memory grows with the number of
 * queries and keys, not with their product, unless weights are returned or gradients recorded. A query that sees
 * nothing gives zeros, not NaN.
 * @param query [batch, queries, heads * size]
 * @param key [batch, keys, keyValueHeads * size]
 * @param value [batch, keys, keyValueHeads * valueSize]
 * @returns output [batch, queries, heads * valueSize] and, on request, weights [batch, heads, queries, keys]
 * @throws ShapeError, DTypeError; ArgumentError for heads that do not divide, lengths outside 0..keys, an i32 mask
 * of other values than 0 and 1, a view outside its tensor; UnsupportedError when gradients would have to pass through the mask
 */
export function attention(
  query: Tensor | RowsOf,
  key: Tensor | RowsOf,
  value: Tensor | RowsOf,
  options: AttentionOptions & { readonly returnWeights: true },
): { output: Tensor; weights: Tensor };
export function attention(
  query: Tensor | RowsOf,
  key: Tensor | RowsOf,
  value: Tensor | RowsOf,
  options: AttentionOptions,
): { output: Tensor; weights?: Tensor };
export function attention(
  query: Tensor | RowsOf,
  key: Tensor | RowsOf,
  value: Tensor | RowsOf,
  options: AttentionOptions,
): { output: Tensor; weights?: Tensor } {
  const [q, k, v] = [rowsOf('query', query), rowsOf('key', key), rowsOf('value', value)];
  const extents = checkExtents(q, k, v, options);
  refuseGradient('attention: mask', [options.mask]);
  const { runtime } = q.tensor;
  return runtime.scope(() => {
    const mask = extents.mask && additiveMask(extents.mask);
    expectFloats('attention', { query: q.tensor, mask });
    const masked = { ...extents, mask };
    if (options.returnWeights) return unfused(q, k, v, masked);
    return { output: isRecording(runtime) ? unfused(q, k, v, masked).output : fused(q, k, v, masked) };
  });
}

/** Bytes of the kernel's scratch: its header in assembly/kernels/attention.ts has the formula. */
export function attentionScratchBytes(
  queries: number,
  keys: number,
  size: number,
  valueSize: number,
): number {
  const [keys4, columns] = [4 * Math.ceil(keys / 4), 8 * Math.ceil(valueSize / 8)];
  return 4 * (queries === 1 ? keys4 : keys4 * size + keys * columns + 24 * (size + columns) + 3144);
}

function fused(q: HeadRows, k: HeadRows, v: HeadRows, extents: Extents): Tensor {
  const { batch, heads, keyValueHeads, queries, keys, size, valueSize, mask, lengths } = extents;
  const { runtime } = q.tensor;
  const pointer = (rows: HeadRows): number => rows.tensor.pointer + 4 * rows.from;
  const output = Tensor.empty(runtime, [batch, queries, heads * valueSize]);
  const scratchBytes = attentionScratchBytes(queries, keys, size, valueSize);
  const scratch = runtime.allocate(runtime.threads * scratchBytes);
  const values = [
    output.pointer,
    pointer(q),
    pointer(k),
    pointer(v),
    mask?.pointer ?? 0,
    lengths?.pointer ?? 0,
    scratch.pointer,
    0,
    batch * heads,
    heads,
    keyValueHeads,
    queries,
    keys,
    size,
    valueSize,
    queries * heads * valueSize,
    heads * valueSize,
    q.batchStride,
    q.stride,
    k.batchStride,
    k.stride,
    v.batchStride,
    v.stride,
    ...extents.maskStrides,
    extents.firstVisible,
    extents.scale,
  ];
  runtime.call('f32_attention', values, batch * heads * queries * keys * (size + valueSize), {
    argument: 8,
    // Heads that share keys share their packing.
    grain: heads / keyValueHeads,
    advance: { 7: 1 },
    perThread: { 6: scratchBytes },
  });
  return output;
}

/** The same out of differentiable pieces, with the weights. */
function unfused(
  q: HeadRows,
  k: HeadRows,
  v: HeadRows,
  extents: Extents,
): { output: Tensor; weights: Tensor } {
  const { batch, heads, keyValueHeads, queries, keys, lengths } = extents;
  const copies = heads / keyValueHeads;
  const scores = dotScore(splitHeads(q, heads), splitHeads(k, keyValueHeads, copies), extents.scale);
  const additive = Tensor.from(q.tensor.runtime, ...maskValues(extents));
  const weights = softmax(scores.reshape([batch, heads, queries, keys]), { lengths, additive });
  const sums = weightedSum(weights.reshape(scores.shape), splitHeads(v, keyValueHeads, copies));
  return { output: mergeHeads(sums, heads), weights };
}

function rowsOf(argument: string, rows: Tensor | RowsOf): HeadRows {
  const view: RowsOf = rows instanceof Tensor ? { tensor: rows } : rows;
  const { tensor } = view;
  expectFloats('attention', { [argument]: tensor });
  expectShape('attention', argument, tensor.shape, [null, null, null]);
  const [batch, capacity, stride] = tensor.shape as readonly [number, number, number];
  const { from = 0, to = stride, rows: count = capacity } = view;
  if (!(0 <= from && from <= to && to <= stride && 0 <= count && count <= capacity)) {
    throw new ArgumentError(
      `attention: ${argument} takes ${count} rows and columns ${from}..${to} of a tensor ${describe(tensor.shape)}`,
    );
  }
  return { tensor, batch, rows: count, from, width: to - from, stride, batchStride: capacity * stride };
}

function checkExtents(q: HeadRows, k: HeadRows, v: HeadRows, options: AttentionOptions): Extents {
  const { heads, keyValueHeads = heads, causal = false, lengths, mask } = options;
  expectFloats('attention', { query: q.tensor, key: k.tensor, value: v.tensor });
  if (
    !(Number.isInteger(heads) && heads > 0 && Number.isInteger(keyValueHeads) && heads % keyValueHeads === 0)
  ) {
    throw new ArgumentError(
      `attention: heads must be a positive multiple of keyValueHeads, got ${heads} and ${keyValueHeads}`,
    );
  }
  const [size, valueSize] = [q.width / heads, v.width / keyValueHeads];
  const [batch, queries, keys] = [q.batch, q.rows, k.rows];
  if (!Number.isInteger(size)) {
    throw new ShapeError(`attention: query's width ${q.width} must be a multiple of ${heads} heads`);
  }
  if (k.width !== keyValueHeads * size) {
    throw new ShapeError(
      `attention: ${heads} query heads of width ${q.width} and ${keyValueHeads} key heads of width ${k.width} differ in size`,
    );
  }
  if (!Number.isInteger(valueSize)) {
    throw new ShapeError(`attention: value's width ${v.width} must be a multiple of ${keyValueHeads} heads`);
  }
  if (k.batch !== batch || v.batch !== batch || v.rows !== keys) {
    throw new ShapeError(
      `attention: query has batch ${batch}, key ${k.batch}, value ${v.batch} (must be equal); key has ${keys} rows, value ${v.rows} (must be equal)`,
    );
  }
  if (lengths) checkLengths('attention', lengths, batch, keys, q.tensor.runtime);
  const { past = keys - queries, scale = 1 / Math.sqrt(Math.max(1, size)) } = options;
  if (!Number.isInteger(past)) throw new ArgumentError(`attention: past must be a whole number, got ${past}`);
  return {
    batch,
    heads,
    keyValueHeads,
    queries,
    keys,
    size,
    valueSize,
    scale,
    firstVisible: causal ? Math.max(-queries, Math.min(1 + past, keys)) : keys,
    lengths,
    mask,
    maskStrides: maskStridesOf(mask, [batch, heads, queries, keys]),
  };
}
