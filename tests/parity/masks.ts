/** PyTorch's masks as heed takes them: 'causal', lengths, or values that are added. */
import type { MultiHeadAttentionOptions } from '../../src/layers/multiHeadAttention.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { Fixture } from './fixture.ts';
import { broadcast } from './layout.ts';

/** Sizes of an attention. */
export interface AttentionSizes {
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  /** Whether heed can be told that this attention is causal; true by default. */
  readonly canBeCausal?: boolean;
}

type MaskOptions = Pick<MultiHeadAttentionOptions, 'mask' | 'lengths'>;

/**
 * The ways to say what two tensors hide, most telling first: what is causal or a length said as such, a boolean mask as
 * integers, all of it added. All must give the same result.
 * @param mask name of [queries, keys] or [batch * heads, queries, keys], true: hidden, or added
 * @param padding name of [batch, keys], true: hidden, or added
 */
export function maskOptions(
  fixture: Fixture,
  { mask, padding }: { readonly mask?: string; readonly padding?: string },
  sizes: AttentionSizes,
): [MaskOptions, ...MaskOptions[]] {
  const maskValues = mask !== undefined && fixture.has(mask) ? added(fixture, mask, sizes) : undefined;
  const paddingValues =
    padding !== undefined && fixture.has(padding) ? added(fixture, padding, sizes) : undefined;
  const lengths = padding !== undefined && paddingValues ? lengthsOf(fixture, padding) : undefined;
  const isCausal =
    sizes.canBeCausal !== false &&
    maskValues !== undefined &&
    saysCausal(fixture.floats(mask!), fixture.shape(mask!), sizes);
  const general = maskTensor(fixture, sum(maskValues, paddingValues), sizes);
  // Padding that is no length is added with the rest.
  if (paddingValues && !lengths) return [{ mask: general }];
  const told = lengths && { lengths: Tensor.from(fixture.runtime, lengths, [lengths.length], 'i32') };
  const ways: MaskOptions[] = [{ mask: general }];
  if (maskValues && fixture.stored(mask!).dtype === 'BOOL') {
    ways.unshift({ mask: seenTensor(fixture, maskValues, sizes), ...told });
  }
  if (isCausal) ways.unshift({ mask: 'causal', ...told });
  else if (told) ways.unshift({ mask: maskTensor(fixture, maskValues, sizes), ...told });
  const [first, ...others] = ways;
  return [first!, ...others];
}

/** What is added to the scores [batch, heads, queries, keys]. */
function added(
  fixture: Fixture,
  name: string,
  { batch, heads, queries, keys }: AttentionSizes,
): Float32Array {
  const { dtype, shape } = fixture.stored(name);
  const given = fixture.floats(name);
  const values = dtype === 'BOOL' ? given.map((hidden) => (hidden ? Number.NEGATIVE_INFINITY : 0)) : given;
  const isPadding = shape.length === 2 && shape[0] === batch && name.includes('padding');
  const ours = isPadding ? [batch, 1, 1, keys] : shape.length === 3 ? [batch, heads, queries, keys] : shape;
  return broadcast(values, ours, [batch, heads, queries, keys]);
}

function sum(a: Float32Array | undefined, b: Float32Array | undefined): Float32Array | undefined {
  return a && b ? a.map((value, i) => value + b[i]!) : (a ?? b);
}

function maskTensor(
  { runtime }: Fixture,
  values: Float32Array | undefined,
  { batch, heads, queries, keys }: AttentionSizes,
): Tensor | undefined {
  return values && Tensor.from(runtime, values, [batch, heads, queries, keys]);
}

/** The same as integers: 1 may be seen, 0 may not. */
function seenTensor(
  { runtime }: Fixture,
  values: Float32Array,
  { batch, heads, queries, keys }: AttentionSizes,
): Tensor {
  const seen = Int32Array.from(values, (value) => (value === 0 ? 1 : 0));
  return Tensor.from(runtime, seen, [batch, heads, queries, keys], 'i32');
}

/** Lengths that hide the same keys, or undefined where other keys than the last are hidden. */
export function lengthsOf(fixture: Fixture, name: string): number[] | undefined {
  const { dtype, shape } = fixture.stored(name);
  if (dtype !== 'BOOL') return undefined;
  const hidden = fixture.floats(name);
  const [batch, keys] = shape as [number, number];
  const rows = Array.from({ length: batch }, (_, b) => hidden.subarray(b * keys, (b + 1) * keys));
  if (rows.some((row) => row.includes(1) && row.subarray(row.indexOf(1)).includes(0))) return undefined;
  return rows.map((row) => (row.includes(1) ? row.indexOf(1) : keys));
}

/** Whether a [queries, keys] mask hides exactly what comes after a query, the last of which sees all. */
function saysCausal(
  values: Float32Array,
  shape: readonly number[],
  { queries, keys }: AttentionSizes,
): boolean {
  if (shape.length !== 2) return false;
  return values.every((value, at) => {
    const [i, j] = [Math.floor(at / keys), at % keys];
    const isHidden = value === 1 || value === Number.NEGATIVE_INFINITY;
    return isHidden === j > i + keys - queries && (isHidden || value === 0);
  });
}
