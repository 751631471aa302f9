/** References of assembly/kernels/entropy.ts and assembly/gradients/entropy.ts. */

/** -sum_j w_j ln w_j per row, in nats; 0 ln 0 = 0. */
export function entropy(weights: ArrayLike<number>, rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, r) => {
    let total = 0;
    for (let i = r * columns; i < (r + 1) * columns; i++) {
      if (weights[i] !== 0) total -= weights[i]! * Math.log(weights[i]!);
    }
    return total;
  });
}

/** dw_j = -dout (ln w_j + 1); 0 for a weight of 0. */
export function entropyBackward(
  gradOut: ArrayLike<number>,
  weights: ArrayLike<number>,
  columns: number,
): Float64Array {
  return Float64Array.from(weights, (weight, i) =>
    weight === 0 ? 0 : -gradOut[Math.floor(i / columns)]! * (Math.log(weight) + 1),
  );
}
