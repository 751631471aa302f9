/**
 * Narrow floating-point formats, from and to the bit pattern of a float32. Everything is on integers, so that no
 * engine can change a NaN on the way.
 */

/** Bits of the float32 equal to a float16 (IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits). Exact. */
export function float32BitsOfFloat16(bits: number): number {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  return normalised(sign, fraction, 10, 113);
}

/** Bits of the float32 equal to a bfloat16: its upper half. Exact. */
export function float32BitsOfBFloat16(bits: number): number {
  return (bits << 16) >>> 0;
}

/** Bits of the float32 equal to an F8_E5M2 (1 sign, 5 exponent, 2 fraction bits): the upper half of a float16. */
export function float32BitsOfFloat8E5M2(bits: number): number {
  return float32BitsOfFloat16(bits << 8);
}

/**
 * Bits of the float32 equal to an F8_E4M3 (1 sign, 4 exponent of bias 7, 3 fraction bits). Exact. The format has no
 * infinities and one NaN per sign. Source: https://arxiv.org/abs/2209.05433
 */
export function float32BitsOfFloat8E4M3(bits: number): number {
  const sign = (bits & 0x80) << 24;
  const exponent = (bits >>> 3) & 0xf;
  const fraction = bits & 0x7;
  if ((bits & 0x7f) === 0x7f) return (sign | 0x7fc00000) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 120) << 23) | (fraction << 20)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  return normalised(sign, fraction, 3, 121);
}

/**
 * Bits of the float16 nearest to a float32, ties to even. From 65520 on it is infinite; below 2^-14 it is
 * subnormal, and zero up to 2^-25. NaN stays NaN, quiet, with the upper bits of its payload.
 */
export function float16BitsOfFloat32(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // A carry out of the fraction arrives in the exponent, where it belongs.
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  if (magnitude < 0x33000000) return sign;
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const dropped = 126 - (magnitude >>> 23);
  const kept = significand >>> dropped;
  const rest = significand & ((1 << dropped) - 1);
  const half = 1 << (dropped - 1);
  return sign | (rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept);
}

/**
 * Bits of the bfloat16 nearest to a float32, ties to even; beyond the largest it is infinite. NaN stays NaN, quiet,
 * with the upper bits of its payload.
 */
export function bfloat16BitsOfFloat32(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits >>> 0) + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** A subnormal as float32: the leading one of the fraction becomes implicit. */
function normalised(sign: number, fraction: number, fractionBits: number, smallestExponent: number): number {
  const shift = fractionBits - (31 - Math.clz32(fraction));
  const rest = (fraction << shift) & ((1 << fractionBits) - 1);
  return (sign | ((smallestExponent - shift) << 23) | (rest << (23 - fractionBits))) >>> 0;
}
