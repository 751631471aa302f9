/**
 * Seeded random numbers for tests (splitmix32). The seed comes from `HEED_TEST_SEED` or a fixed default and is
 * printed by the suites that use it, so that a failure can be repeated.
 */
export function testSeed(): number {
  const given = process.env.HEED_TEST_SEED;
  return given ? Number(given) >>> 0 : 20_251;
}

/** A generator of uniform numbers in [0, 1) and of arrays of normal numbers. */
export function seededRandom(seed: number) {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    normal,
    /** A uniform integer in [low, high]. */
    integer: (low: number, high: number): number => low + Math.floor(uniform() * (high - low + 1)),
    /** `length` normal numbers times `scale`, as float32. */
    normals: (length: number, scale = 1): Float32Array =>
      Float32Array.from({ length }, () => normal() * scale),
  };
}
