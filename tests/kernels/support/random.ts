import { seed as givenSeed } from './reference';

/** Uniform and normal numbers (splitmix32), the same sequence as tests/support/random.ts. */
export class Random {
  constructor(public state: u32) {}

  /** In [0, 1). */
  uniform(): f64 {
    this.state += 0x9e3779b9;
    let z = this.state;
    z = (z ^ (z >> 16)) * 0x21f0aaad;
    z = (z ^ (z >> 15)) * 0x735a2d97;
    return <f64>(z ^ (z >> 15)) / 4294967296.0;
  }

  normal(): f64 {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** An integer in [low, high]. */
  integer(low: i32, high: i32): i32 {
    return low + <i32>Math.floor(this.uniform() * <f64>(high - low + 1));
  }
}

/** HEED_TEST_SEED, or the suite's default. */
export const seed: i32 = givenSeed();
export const random = new Random(<u32>seed);
