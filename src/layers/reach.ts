/** How far attention reaches over the source (Luong 2015, section 3). */

import { ArgumentError } from '../errors.ts';
import { multiply, sigmoid, tanh } from '../ops/elementwise.ts';
import { expectHalfWidth, gaussianWindow } from '../ops/gaussianWindow.ts';
import { linear } from '../ops/linear.ts';
import { type SoftmaxMask, softmax } from '../ops/softmax.ts';
import { disposeWeight } from '../ops/weight.ts';
import { checkSizes } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Parameters } from './parameters.ts';

/**
 * Which positions j of a source of S positions the query of target position t sees. A window is 2 halfWidth + 1 wide; what
 * of it lies outside the source is not there, so that one wider than the source is all of it, and a query whose window holds
 * no position has weights of 0.
 * - `global`: all of them.
 * - `local-m` (monotonic): |j - t| <= halfWidth. The first target position and the first of the source are both 0.
 * - `local-p` (predictive): |j - p_t| <= halfWidth around p_t = S sigmoid(v_p · tanh(W_p q)), a real number, and the softmax
 *   over that window is multiplied by exp(-(j - p_t)^2 / (2 sigma^2)), sigma = halfWidth / 2: the weights add up to less
 *   than 1. `cut: false` lets the softmax see the whole source, and leaves the window to the Gaussian. Parameters
 *   `attn_p.weight` [size, querySize] and `attn_p_v.weight` [1, size]; size is querySize by default.
 */
export type Reach =
  | { readonly kind: 'global' }
  | { readonly kind: 'local-m'; readonly halfWidth: number }
  | { readonly kind: 'local-p'; readonly halfWidth: number; readonly cut?: boolean; readonly size?: number };

/** Scores turned into weights. */
export interface Alignment {
  /** [batch, queries, keys] */
  readonly weights: Tensor;
  /** What the softmax saw of the scores. */
  readonly mask: SoftmaxMask;
  /** Of local-p: p_t [batch, queries], from 0 to the source's length. */
  readonly positions?: Tensor;
}

/** A reach with its parameters. */
export interface Aligner {
  /**
   * @param query [batch, queries, querySize]
   * @param scores [batch, queries, keys]
   * @param lengths i32 [batch]
   * @param position target position of the first query
   * @throws ShapeError, DTypeError; ArgumentError for a length outside 0..keys, or a position that is needed and missing
   */
  align(query: Tensor, scores: Tensor, lengths?: Tensor, position?: number): Alignment;
  dispose(): void;
}

const global: Aligner = {
  align(_, scores, lengths) {
    const mask = { lengths };
    return { weights: softmax(scores, mask), mask };
  },
  dispose() {},
};

/** @throws ArgumentError for an unknown reach, or a half width that is not positive and finite */
export function createAligner(parameters: Parameters, reach: Reach, querySize: number): Aligner {
  if (reach.kind === 'global') return global;
  if (reach.kind !== 'local-m' && reach.kind !== 'local-p') {
    const { kind } = reach as { kind: unknown };
    throw new ArgumentError(`attention: reach must be global, local-m or local-p, got ${String(kind)}`);
  }
  expectHalfWidth('attention', reach.halfWidth);
  return reach.kind === 'local-m' ? monotonic(reach.halfWidth) : predictive(parameters, reach, querySize);
}

function monotonic(halfWidth: number): Aligner {
  return {
    align(query, scores, lengths, position) {
      if (!(Number.isInteger(position) && position! >= 0)) {
        throw new ArgumentError(
          `attention: local-m needs position, the index of the first query, got ${position}`,
        );
      }
      const centres = Array.from({ length: query.shape[1]! }, (_, t) => position! + t);
      const mask = { lengths, additive: windowMask(scores, centres, scores.shape.slice(1), halfWidth) };
      return { weights: softmax(scores, mask), mask };
    },
    dispose() {},
  };
}

function predictive(
  parameters: Parameters,
  { halfWidth, cut = true, size }: Extract<Reach, { kind: 'local-p' }>,
  querySize: number,
): Aligner {
  const width = size ?? querySize;
  checkSizes('attention', { 'reach.size': width });
  const weight = parameters.weight('attn_p.weight', [width, querySize], { bound: 1 / Math.sqrt(querySize) });
  const vector = parameters.weight('attn_p_v.weight', [1, width], { bound: 1 / Math.sqrt(width) });
  return {
    align(query, scores, lengths) {
      const [batch, queries, keys] = scores.shape as readonly [number, number, number];
      const sizes = lengths?.toArray();
      const sources = Tensor.from(
        scores.runtime,
        Array.from({ length: batch * queries }, (_, i) => sizes?.[Math.floor(i / queries)] ?? keys),
        [batch, queries],
      );
      const shares = sigmoid(linear(tanh(linear(query, weight)), vector)).reshape([batch, queries]);
      const positions = multiply(sources, shares);
      const mask: SoftmaxMask = cut
        ? { lengths, additive: windowMask(scores, positions.toArray(), scores.shape, halfWidth) }
        : { lengths };
      const weights = gaussianWindow(softmax(scores, mask), positions, halfWidth);
      return { weights, mask, positions };
    },
    dispose() {
      disposeWeight(weight);
      disposeWeight(vector);
    },
  };
}

/** 0 where |j - centre| <= halfWidth, -inf elsewhere: [..., keys], a row for each centre. */
function windowMask(
  { runtime }: Tensor,
  centres: ArrayLike<number>,
  shape: readonly number[],
  halfWidth: number,
): Tensor {
  const keys = shape.at(-1)!;
  const values = new Float32Array(centres.length * keys).fill(-Infinity);
  for (let row = 0; row < centres.length; row++) {
    const centre = centres[row]!;
    const first = Math.max(0, Math.ceil(centre - halfWidth));
    const last = Math.min(keys - 1, Math.floor(centre + halfWidth));
    for (let j = first; j <= last; j++) values[row * keys + j] = 0;
  }
  return Tensor.from(runtime, values, shape);
}
