/**
 * ln(x) of one positive number that is not subnormal, rounded once from double precision: x = m 2^e with m in
 * [sqrt(1/2), sqrt(2)), ln m = 2 atanh s with s = (m - 1) / (m + 1), |s| < 0.1716, as its series up to s^15. Without the
 * 4 kB of tables that AssemblyScript's own brings along.
 *
 * +inf gives +inf, NaN gives NaN. Measured on [2^-126, 2^128): within one rounding of the exact result, maximum relative
 * error 6.0e-8 (tests/kernels/math.spec.ts).
 */
export function log(x: f32): f32 {
  if (!(x < Infinity)) return x;
  const bits = reinterpret<u64>(<f64>x);
  // Counting from sqrt(1/2), whose upper word is 0x3fe6a09e, puts the mantissa's range around one.
  const exponent = <i64>(bits - 0x3fe6a09e00000000) >> 52;
  const m = reinterpret<f64>(bits - (<u64>exponent << 52));
  const s = (m - 1) / (m + 1), square = s * s;
  let p = 1.0 / 15;
  p = p * square + 1.0 / 13;
  p = p * square + 1.0 / 11;
  p = p * square + 1.0 / 9;
  p = p * square + 1.0 / 7;
  p = p * square + 1.0 / 5;
  p = p * square + 1.0 / 3;
  return <f32>(<f64>exponent * 0.6931471805599453 + 2 * s * (p * square + 1));
}
