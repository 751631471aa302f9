import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { Random } from '../../src/tensor/random.ts';

const WORD = 2n ** 32n;

/** splitmix32 by its definition, in integers of any length: the state steps by the golden ratio, then it is mixed. */
function* splitmix32(seed: bigint): Generator<bigint, never> {
  for (let state = seed; ; ) {
    state = (state + 0x9e3779b9n) % WORD;
    let z = ((state ^ (state / 2n ** 16n)) * 0x21f0aaadn) % WORD;
    z = ((z ^ (z / 2n ** 15n)) * 0x735a2d97n) % WORD;
    yield z ^ (z / 2n ** 15n);
  }
}

function draw(generator: Iterator<bigint, never>): number {
  return Number(generator.next().value);
}

/** Pearson's statistic of counts that should be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** What the statistic exceeds once in a million draws, about: mean + 5 deviations of a chi-square distribution. */
const chiSquareBound = (cells: number): number => cells - 1 + 5 * Math.sqrt(2 * (cells - 1));

describe('bits', () => {
  it.each([
    [0, [1_684_164_658, 3_653_269_916, 2_939_563_536]],
    [1, [1_580_013_426, 350_525_680, 3_524_174_333]],
    [42, [551_831_576, 144_025_891, 322_543_647]],
  ])('seed %i begins as pinned', (seed, first) => {
    const random = new Random(seed);
    expect([random.bits(), random.bits(), random.bits()]).toEqual(first);
  });

  it.each([0, 1, 42, 0x7fffffff, 0x80000000, 0xffffffff])('seed %i follows the definition', (seed) => {
    const random = new Random(seed);
    const reference = splitmix32(BigInt(seed));
    for (let i = 0; i < 2000; i++) expect(random.bits()).toBe(draw(reference));
  });

  it('only the low 32 bits of the seed count, negative ones in two’s complement', () => {
    for (const [seed, same] of [
      [-1, 2 ** 32 - 1],
      [2 ** 32 + 7, 7],
      [-(2 ** 31), 2 ** 31],
    ] as const) {
      expect(new Random(seed).bits()).toBe(new Random(same).bits());
    }
  });

  it('every bit is set about half the time', () => {
    const random = new Random(3);
    const draws = 20_000;
    const ones = new Array<number>(32).fill(0);
    for (let i = 0; i < draws; i++) {
      const bits = random.bits();
      for (let b = 0; b < 32; b++) ones[b]! += (bits >>> b) & 1;
    }
    for (const count of ones) expect(Math.abs(count - draws / 2)).toBeLessThan(5 * Math.sqrt(draws / 4));
  });
});

describe('uniform and integer', () => {
  it('uniform is the bits over 2^32, in [0, 1)', () => {
    const [random, same] = [new Random(5), new Random(5)];
    for (let i = 0; i < 10_000; i++) {
      const value = random.uniform();
      expect(value).toBe(same.bits() / 2 ** 32);
      if (!(value >= 0 && value < 1)) throw new Error(`${value} is outside [0, 1)`);
    }
  });

  it.each([0, 1, 42])('seed %i: a hundred equal cells fill equally', (seed) => {
    const random = new Random(seed);
    const counts = new Array<number>(100).fill(0);
    for (let i = 0; i < 100_000; i++) counts[Math.floor(random.uniform() * 100)]!++;
    expect(chiSquare(counts)).toBeLessThan(chiSquareBound(100));
  });

  it('successive numbers are independent: pairs fill a grid equally', () => {
    const random = new Random(9);
    const counts = new Array<number>(256).fill(0);
    for (let i = 0; i < 50_000; i++) counts[16 * random.integer(16) + random.integer(16)]!++;
    expect(chiSquare(counts)).toBeLessThan(chiSquareBound(256));
  });

  it('integer stays below its bound and reaches both ends', () => {
    const random = new Random(2);
    for (const below of [1, 2, 7, 2 ** 31, 2 ** 32]) {
      const values = Array.from({ length: 2000 }, () => random.integer(below));
      expect(values.every((value) => Number.isInteger(value) && value >= 0 && value < below)).toBe(true);
      if (below <= 7) expect(new Set(values).size).toBe(below);
    }
  });
});

it('integer refuses bounds that leave nothing or too much to choose, and draws nothing then', () => {
  const random = new Random(2);
  const { state } = random;
  for (const below of [0, -1, 1.5, 2 ** 32 + 1, NaN, Infinity]) {
    expect(() => random.integer(below)).toThrow(
      new ArgumentError(`random.integer: below must be an integer in 1..2^32, got ${below}`),
    );
  }
  expect(random.state).toBe(state);
});

describe('shuffle', () => {
  it('reorders in place: the same items, the same array', () => {
    const random = new Random(1);
    for (let length = 0; length < 50; length++) {
      const items = Array.from({ length }, (_, i) => i);
      expect(random.shuffle(items)).toBe(items);
      expect([...items].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
    }
  });

  it('reaches all 24 orders of four items equally often', () => {
    const random = new Random(8);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = random.shuffle(['a', 'b', 'c', 'd']).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(chiSquare([...counts.values()])).toBeLessThan(chiSquareBound(24));
  });

  it('puts each item at each place equally often', () => {
    const random = new Random(4);
    const size = 10;
    const counts = new Array<number>(size * size).fill(0);
    for (let i = 0; i < 20_000; i++) {
      random.shuffle(Array.from({ length: size }, (_, j) => j)).forEach((item, place) => {
        counts[item * size + place]!++;
      });
    }
    expect(chiSquare(counts)).toBeLessThan(chiSquareBound(size * size));
  });
});

describe('state', () => {
  it('saved and restored continues the sequence, also in another generator', () => {
    const random = new Random(42);
    for (let i = 0; i < 17; i++) random.bits();
    const { state } = random;
    const next = (from: Random): number[] => Array.from({ length: 20 }, () => from.uniform());
    const expected = next(random);
    random.state = state;
    expect(next(random)).toEqual(expected);
    const other = new Random(0);
    other.state = JSON.parse(JSON.stringify(state)) as number;
    expect(next(other)).toEqual(expected);
  });

  it('begins as the seed and stays a 32-bit integer', () => {
    const random = new Random(-5);
    expect(random.state).toBe(2 ** 32 - 5);
    for (let i = 0; i < 1000; i++) {
      random.bits();
      if (random.state !== random.state >>> 0) throw new Error(`state is ${random.state}`);
    }
  });

  it('two generators of one seed do not disturb each other', () => {
    const [a, b] = [new Random(6), new Random(6)];
    for (let i = 0; i < 5; i++) a.bits();
    const fresh = new Random(6);
    expect([b.bits(), b.bits()]).toEqual([fresh.bits(), fresh.bits()]);
  });
});
