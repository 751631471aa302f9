/** Rotary positions (Su 2021, "RoFormer"): pairs of each head are turned by angles that grow with the position. */
import { record } from '../autograd/tape.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { describe, expectShape } from '../tensor/shape.ts';
import { expectDType, Tensor } from '../tensor/tensor.ts';
import { checkIds } from './embedding.ts';
import { expectFloats } from './operands.ts';
import { checkPositions } from './positions.ts';

/** Cosines and sines of the angles of each position, both [positions, pairs of a head]. */
export interface RotaryTable {
  readonly cosine: Tensor;
  readonly sine: Tensor;
}

export interface RotaryOptions {
  /** Heads side by side in a row. */
  readonly heads: number;
  readonly table: RotaryTable;
  /**
   * Which elements of a head are pairs: 'halves', i and i + pairs (GPT-NeoX, Llama in Hugging Face's form), or
   * 'interleaved', 2 i and 2 i + 1 (the paper). 'halves' by default.
   */
  readonly pairing?: 'halves' | 'interleaved';
  /** i32 [batch, time]: each row's own positions; offset, offset + 1, ... by default. */
  readonly positions?: Tensor;
  /** The position of the first; 0 by default. */
  readonly offset?: number;
}

/**
 * Angle i of position p is p * base^(-2 i / size) (Su 2021, section 3.2.2).
 * @param count positions
 * @param size elements of a head that are turned, an even number
 * @param base 10000 by default
 * @throws ArgumentError for an odd size; ShapeError
 */
export function rotaryTable(runtime: Runtime, count: number, size: number, base = 10_000): RotaryTable {
  if (size % 2 !== 0) throw new ArgumentError(`rotaryTable: size must be even, got ${size}`);
  if (!(base > 0 && base < Infinity)) {
    throw new ArgumentError(`rotaryTable: base must be positive and finite, got ${base}`);
  }
  const pairs = size / 2;
  const frequencies = Array.from({ length: pairs }, (_, i) => base ** (-i / pairs));
  const tableOf = (of: (angle: number) => number): Tensor => {
    const table = Tensor.empty(runtime, [count, pairs]);
    table.set(rotaryValues(count, frequencies, of));
    return table;
  };
  return { cosine: tableOf(Math.cos), sine: tableOf(Math.sin) };
}

/** of(p * frequencies[i]) for each position p and each i: [count, pairs]. */
export function rotaryValues(
  count: number,
  frequencies: readonly number[],
  of: (angle: number) => number,
): Float32Array {
  const pairs = frequencies.length;
  return Float32Array.from({ length: count * pairs }, (_, at) =>
    of(Math.floor(at / pairs) * frequencies[at % pairs]!),
  );
}

/**
 * Turns the pairs of each head by the angles of its position: (a, b) becomes (a cos - b sin, a sin + b cos). Of a head,
 * what lies beyond the table's pairs stays as it is.
 * @param x [batch, time, heads * size]
 * @returns [batch, time, heads * size]
 * @throws ShapeError, DTypeError; ArgumentError for heads that do not divide, or positions outside the table
 */
export function rotary(x: Tensor, options: RotaryOptions): Tensor {
  const { heads, table, pairing = 'halves', positions, offset = 0 } = options;
  const { cosine, sine } = table;
  expectShape('rotary', 'x', x.shape, [null, null, null]);
  const [batch, time, width] = x.shape as readonly [number, number, number];
  expectShape('rotary', 'cosine', cosine.shape, [null, null]);
  const [count, pairs] = cosine.shape as readonly [number, number];
  expectShape('rotary', 'sine', sine.shape, [count, pairs]);
  expectFloats('rotary', { x, cosine, sine });
  const size = width / heads;
  if (!(heads > 0 && Number.isInteger(heads) && Number.isInteger(size))) {
    throw new ArgumentError(`rotary: heads must divide x's width ${width}, got ${heads}`);
  }
  if (2 * pairs > size) {
    throw new ShapeError(
      `rotary: a head has ${size} elements, the table ${describe(cosine.shape)} ${pairs} pairs`,
    );
  }
  if (pairing !== 'halves' && pairing !== 'interleaved') {
    throw new ArgumentError(
      `rotary: pairing must be halves or interleaved, got ${String(pairing satisfies never)}`,
    );
  }
  if (positions) {
    expectDType('rotary', 'positions', positions, 'i32', x.runtime);
    expectShape('rotary', 'positions', positions.shape, [batch, time]);
    checkIds('rotary: positions', positions, count);
  } else checkPositions('rotary', offset, time, count);
  const { runtime } = x;
  const y = Tensor.empty(runtime, x.shape);
  const rows = positions ?? Tensor.from(runtime, rowPositions(batch, time, offset), [batch, time], 'i32');
  /** The kernel's arguments for turning `from` into `to`, or back, added. */
  const values = (to: number, from: number, back: 0 | 1): readonly number[] => [
    to,
    from,
    cosine.pointer,
    sine.pointer,
    rows.pointer,
    batch * time,
    heads,
    size,
    2 * pairs,
    width,
    width,
    pairing === 'interleaved' ? 1 : 0,
    back,
    back,
  ];
  const turn = (to: number, from: number, back: 0 | 1): void =>
    runtime.call('f32_rotary', values(to, from, back), 2 * x.size, {
      argument: 5,
      grain: 1,
      advance: { 0: 4 * width, 1: 4 * width, 4: 4 },
    });
  turn(y.pointer, x.pointer, 0);
  record([y], [x], (tape) => turn(tape.gradient(x).pointer, tape.gradient(y).pointer, 1));
  return y;
}

/** offset, offset + 1, ... for each of the batch. */
function rowPositions(batch: number, time: number, offset: number): Int32Array {
  return Int32Array.from({ length: batch * time }, (_, i) => offset + (i % time));
}
