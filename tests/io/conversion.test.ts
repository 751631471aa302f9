import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, ShapeError } from '../../src/errors.ts';
import { fromFloat32, toFloat32, toInt32 } from '../../src/io/conversion.ts';
import type { StoredDType, StoredTensor } from '../../src/tensor/weights.ts';
import { seededRandom, testSeed } from '../support/random.ts';

/** The value of a narrow float by its definition. Without infinities where the largest exponent has numbers. */
function valueOfBits(bits: number, exponentBits: number, fractionBits: number, ieee = true): number {
  const sign = bits >> (exponentBits + fractionBits) === 0 ? 1 : -1;
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const largest = 2 ** exponentBits - 1;
  if (ieee && exponent === largest) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (!ieee && exponent === largest && fraction === 1 - 2 ** -fractionBits) return Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

function stored(dtype: StoredDType, array: ArrayBufferView, shape: readonly number[] = []): StoredTensor {
  return { dtype, shape, bytes: new Uint8Array(array.buffer, array.byteOffset, array.byteLength) };
}

function misaligned(tensor: StoredTensor): StoredTensor {
  const room = new Uint8Array(tensor.bytes.length + 1);
  room.set(tensor.bytes, 1);
  return { ...tensor, bytes: room.subarray(1) };
}

const everyPattern = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
const formats = [
  { dtype: 'F16', exponentBits: 5, fractionBits: 10, quiet: 0x200 },
  { dtype: 'BF16', exponentBits: 8, fractionBits: 7, quiet: 0x40 },
] as const;

describe.each(formats)('$dtype', ({ dtype, exponentBits, fractionBits, quiet }) => {
  const finite = ((2 ** exponentBits - 1) << fractionBits) >>> 0;
  const value = (bits: number): number => valueOfBits(bits, exponentBits, fractionBits);
  const narrow = (values: Float32Array): Uint16Array => {
    const { bytes } = fromFloat32(values, [values.length], dtype);
    return new Uint16Array(bytes.buffer);
  };
  const decoded = toFloat32(stored(dtype, everyPattern, [65536]));

  it('all 65536 bit patterns have the value of their definition, signed zeros and NaN included', () => {
    for (let bits = 0; bits < 65536; bits++) {
      if (!Object.is(decoded[bits], value(bits)))
        throw new Error(`${bits}: ${decoded[bits]}, not ${value(bits)}`);
    }
  });

  it('all 65536 bit patterns come back; NaN becomes quiet and keeps its payload', () => {
    const back = narrow(decoded);
    for (let bits = 0; bits < 65536; bits++) {
      const expected = Number.isNaN(value(bits)) ? bits | quiet : bits;
      if (back[bits] !== expected) throw new Error(`${bits} became ${back[bits]}`);
    }
  });

  it('between all neighbours: the tie goes to even, and a float32 beside the tie to the nearer', () => {
    // The last pair is the largest finite number and what would follow it, which stands for infinity.
    const next = (bits: number): number =>
      bits + 1 === finite ? 2 ** (2 ** (exponentBits - 1)) : value(bits + 1);
    const bits = Int32Array.from({ length: finite }, (_, i) => i);
    const ties = Float32Array.from(bits, (lower) => (value(lower) + next(lower)) / 2);
    // bfloat16 subnormals are float32 subnormals: their midpoints are exact in float32 too.
    bits.forEach((lower) => {
      if (ties[lower] !== (value(lower) + next(lower)) / 2) throw new Error(`tie ${lower} is not a float32`);
    });
    const beside = (step: number): Float32Array => {
      const moved = new Uint32Array(ties.slice().buffer).map((pattern) => pattern + step);
      return new Float32Array(moved.buffer);
    };
    const negative = (values: Float32Array): Float32Array => values.map((x) => -x);
    const check = (values: Float32Array, expected: (lower: number) => number): void => {
      const up = narrow(values);
      const down = narrow(negative(values));
      bits.forEach((lower) => {
        if (up[lower] !== expected(lower)) throw new Error(`${values[lower]} became ${up[lower]}`);
        if (down[lower] !== expected(lower) + 0x8000)
          throw new Error(`-${values[lower]} became ${down[lower]}`);
      });
    };
    check(ties, (lower) => lower + (lower & 1));
    check(beside(-1), (lower) => lower);
    check(beside(1), (lower) => lower + 1);
  });

  it('random float32 bit patterns go to a nearest number', () => {
    const seed = testSeed();
    console.log(`seed ${seed}`);
    const random = seededRandom(seed);
    const patterns = Uint32Array.from({ length: 200_000 }, () => random.integer(0, 2 ** 32 - 1));
    const values = new Float32Array(patterns.buffer);
    narrow(values).forEach((bits, i) => {
      const x = values[i]!;
      if (Number.isNaN(x)) {
        if (!Number.isNaN(value(bits))) throw new Error('NaN was lost');
        return;
      }
      if (bits >> 15 !== patterns[i]! >>> 31) throw new Error(`sign of ${x}`);
      const magnitude = bits & 0x7fff;
      const distance = (to: number): number =>
        Math.abs(Math.abs(x) - (to === finite ? 2 ** (2 ** (exponentBits - 1)) : value(to)));
      if (magnitude === finite && Math.abs(x) === Number.POSITIVE_INFINITY) return;
      if (magnitude > 0 && distance(magnitude - 1) < distance(magnitude))
        throw new Error(`${x}: ${bits} is too large`);
      if (magnitude < finite && distance(magnitude + 1) < distance(magnitude))
        throw new Error(`${x}: ${bits} is too small`);
    });
  });

  it('infinities, overflow and underflow', () => {
    const huge = 3.4028234663852886e38;
    const tiny = 1e-45;
    const infinity = Number.POSITIVE_INFINITY;
    expect([...narrow(Float32Array.of(infinity, -infinity, huge, -huge, tiny, -tiny, 0, -0))]).toEqual([
      ...[finite, finite + 0x8000, finite, finite + 0x8000],
      ...[0, 0x8000, 0, 0x8000],
    ]);
  });
});

describe.each([
  { dtype: 'F8_E5M2', exponentBits: 5, fractionBits: 2, ieee: true },
  { dtype: 'F8_E4M3', exponentBits: 4, fractionBits: 3, ieee: false },
] as const)('$dtype', ({ dtype, exponentBits, fractionBits, ieee }) => {
  it('all 256 bit patterns have the value of their definition', () => {
    const every = Uint8Array.from({ length: 256 }, (_, bits) => bits);
    const expected = Float32Array.from(every, (bits) => valueOfBits(bits, exponentBits, fractionBits, ieee));
    expect(toFloat32(stored(dtype, every, [256]))).toEqual(expected);
  });
});

describe('toFloat32 and toInt32', () => {
  const integers: [StoredDType, ArrayBufferView, number[]][] = [
    ['BOOL', Uint8Array.of(0, 1, 255), [0, 1, 1]],
    ['U8', Uint8Array.of(0, 1, 255), [0, 1, 255]],
    ['I8', Int8Array.of(-128, -1, 127), [-128, -1, 127]],
    ['I16', Int16Array.of(-32768, -1, 32767), [-32768, -1, 32767]],
    ['U16', Uint16Array.of(0, 1, 65535), [0, 1, 65535]],
    ['I32', Int32Array.of(-(2 ** 31), -1, 2 ** 24), [-(2 ** 31), -1, 2 ** 24]],
    ['U32', Uint32Array.of(0, 1, 2 ** 24), [0, 1, 2 ** 24]],
    ['I64', BigInt64Array.of(-(2n ** 31n), -1n, 2n ** 24n), [-(2 ** 31), -1, 2 ** 24]],
    ['U64', BigUint64Array.of(0n, 1n, 2n ** 24n), [0, 1, 2 ** 24]],
  ];
  it.each(integers)('are exact for %s at every alignment', (dtype, array, expected) => {
    for (const tensor of [stored(dtype, array, [3]), misaligned(stored(dtype, array, [3]))]) {
      expect(toFloat32(tensor)).toEqual(Float32Array.from(expected));
      expect(toInt32(tensor)).toEqual(Int32Array.from(expected));
    }
  });

  it('toFloat32 keeps every bit of F32 and rounds F64 and wide integers to nearest', () => {
    const patterns = Uint32Array.of(0x7f800001, 0xffc12345, 0x80000000, 1, 0x3f800000);
    for (const tensor of [stored('F32', patterns, [5]), misaligned(stored('F32', patterns, [5]))]) {
      expect(new Uint32Array(toFloat32(tensor).buffer)).toEqual(patterns);
    }
    const wide = Float64Array.of(
      1 / 3,
      1 + 2 ** -24,
      1 + 3 * 2 ** -24,
      1e300,
      -1e300,
      1e-300,
      Number.NaN,
      -0,
    );
    const infinity = Number.POSITIVE_INFINITY;
    const expected = [Math.fround(1 / 3), 1, 1 + 2 ** -22, infinity, -infinity, 0, Number.NaN, -0];
    expect([...toFloat32(misaligned(stored('F64', wide, [8])))]).toEqual(expected);
    expect([...toFloat32(stored('I32', Int32Array.of(2 ** 24 + 1, 2 ** 31 - 1), [2]))]).toEqual([
      2 ** 24,
      2 ** 31,
    ]);
    expect([...toFloat32(stored('U64', BigUint64Array.of(2n ** 64n - 1n), [1]))]).toEqual([2 ** 64]);
  });

  it('copy: the tensor stays as it is', () => {
    const tensor = stored('F32', Float32Array.of(1, 2), [2]);
    toFloat32(tensor).fill(0);
    expect([...toFloat32(tensor)]).toEqual([1, 2]);
    const values = Float32Array.of(1, 2);
    const kept = fromFloat32(values, [2], 'F32');
    values.fill(0);
    expect([...toFloat32(kept)]).toEqual([1, 2]);
  });

  it('take scalars and empty tensors', () => {
    expect([...toFloat32(fromFloat32(Float32Array.of(3), [], 'BF16'))]).toEqual([3]);
    expect(toFloat32(fromFloat32(new Float32Array(0), [2, 0], 'F16'))).toEqual(new Float32Array(0));
    expect(toInt32(stored('I64', new BigInt64Array(0), [0]))).toEqual(new Int32Array(0));
  });

  it('toInt32 names the element that int32 cannot hold', () => {
    expect(() => toInt32(stored('U32', Uint32Array.of(7, 2 ** 31), [2]))).toThrow(
      /element 1 of the U32 tensor is 2147483648/,
    );
    const beyond = [-(2n ** 31n) - 1n, 2n ** 31n, 2n ** 32n, 2n ** 63n - 1n, -(2n ** 63n)];
    for (const value of beyond) {
      expect(() => toInt32(stored('I64', BigInt64Array.of(value), [1]))).toThrow(ArgumentError);
      expect(() => toInt32(stored('I64', BigInt64Array.of(value), [1]))).toThrow(String(value));
    }
    expect(() => toInt32(stored('U64', BigUint64Array.of(2n ** 64n - 1n), [1]))).toThrow(ArgumentError);
  });

  it('toInt32 takes no floating-point dtype', () => {
    for (const dtype of ['F16', 'BF16', 'F32', 'F64', 'F8_E4M3', 'F8_E5M2'] as const) {
      expect(() => toInt32({ dtype, shape: [0], bytes: new Uint8Array(0) })).toThrow(DTypeError);
    }
  });

  it('and fromFloat32 check what they are given', () => {
    for (const convert of [toFloat32, toInt32]) {
      expect(() => convert({ dtype: 'I32', shape: [2], bytes: new Uint8Array(4) })).toThrow(ShapeError);
      expect(() => convert({ dtype: 'C64' as never, shape: [], bytes: new Uint8Array(8) })).toThrow(
        DTypeError,
      );
      expect(() => convert({} as never)).toThrow(ArgumentError);
      expect(() => convert(undefined as never)).toThrow(ArgumentError);
    }
    expect(() => fromFloat32(new Float32Array(3), [2], 'F32')).toThrow(
      /shape \[2\] does not hold the 3 elements/,
    );
    expect(() => fromFloat32(new Float32Array(1), [-1, -1], 'F32')).toThrow(ShapeError);
    expect(() => fromFloat32(new Float32Array(1), 1 as never, 'F32')).toThrow(ShapeError);
    expect(() => fromFloat32(new Float32Array(1), [1], 'F64' as never)).toThrow(DTypeError);
    expect(() => fromFloat32([1] as never, [1], 'F32')).toThrow(ArgumentError);
  });
});
