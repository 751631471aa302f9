import { ArgumentError } from '../errors.ts';

/**
 * The one generator of everything random in heed: splitmix32 (a Weyl sequence through a 32-bit finaliser; the
 * constants are those of Hash Prospector's best two-round mixer). Same seed, same numbers, on every engine.
 */
export class Random {
  /** The whole state: saving and restoring it continues the sequence. */
  state: number;

  /** @param seed any integer; its low 32 bits count */
  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** A uniform integer in [0, 2^32). */
  bits(): number {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** A uniform number in [0, 1). */
  uniform(): number {
    return this.bits() / 2 ** 32;
  }

  /** A uniform integer in [0, below). @throws ArgumentError unless below is an integer in 1..2^32 */
  integer(below: number): number {
    if (!(Number.isInteger(below) && below > 0 && below <= 2 ** 32)) {
      throw new ArgumentError(`random.integer: below must be an integer in 1..2^32, got ${below}`);
    }
    return Math.floor(this.uniform() * below);
  }

  /** Reorders in place (Fisher and Yates). */
  shuffle<Item>(items: Item[]): Item[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return items;
  }
}
