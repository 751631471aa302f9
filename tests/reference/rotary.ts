/** Reference of assembly/kernels/rotary.ts. */

/** How rows of heads are turned. */
export interface RotaryShape {
  readonly rows: number;
  readonly heads: number;
  /** Elements of a head. */
  readonly size: number;
  /** Elements of a head that are turned, from its first. */
  readonly rotated: number;
  /** Whether pairs are neighbours, rather than `rotated / 2` apart. */
  readonly interleaved: boolean;
  /** Whether the turn is back. */
  readonly inverse?: boolean;
}

/**
 * Each pair (a, b) of each head turned by the angle of its row's position.
 * @param x [rows, heads * size]
 * @param cosine [any, rotated / 2]
 * @param sine [any, rotated / 2]
 * @param positions [rows]
 */
export function rotary(
  x: ArrayLike<number>,
  cosine: ArrayLike<number>,
  sine: ArrayLike<number>,
  positions: ArrayLike<number>,
  { rows, heads, size, rotated, interleaved, inverse = false }: RotaryShape,
): Float64Array {
  const out = Float64Array.from(x);
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      const start = (row * heads + head) * size;
      for (let i = 0; i < rotated / 2; i++) {
        const [first, second] = interleaved ? [2 * i, 2 * i + 1] : [i, i + rotated / 2];
        const [a, b] = [x[start + first]!, x[start + second]!];
        const at = positions[row]! * (rotated / 2) + i;
        const [c, s] = [cosine[at]!, inverse ? -sine[at]! : sine[at]!];
        out[start + first] = a * c - b * s;
        out[start + second] = a * s + b * c;
      }
    }
  }
  return out;
}

/** cos and sin of position * base^(-2 i / rotated), [count, rotated / 2] each. */
export function rotaryAngles(count: number, rotated: number, base: number): [Float64Array, Float64Array] {
  const half = rotated / 2;
  const angles = Float64Array.from(
    { length: count * half },
    (_, at) => Math.floor(at / half) * base ** ((-2 * (at % half)) / rotated),
  );
  return [angles.map(Math.cos), angles.map(Math.sin)];
}
