import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { attentionMap, attentionPage, attentionSheet } from '../../src/plot.ts';
import { phone } from './maps.ts';

const labels = { rows: ['a', 'b'], columns: ['x', 'y', 'z'] };

function failure(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a failure');
}

describe('attentionMap', () => {
  it('reads flat, typed and nested weights alike', () => {
    const values = [0, 0.25, 0.75, 0.5, 0.5, 0];
    const nested = [values.slice(0, 3), Float32Array.from(values.slice(3))];
    const drawn = [values, Float32Array.from(values), nested].map((weights) =>
      attentionMap({ ...labels, weights }).toSVG(),
    );
    expect(new Set(drawn).size).toBe(1);
  });

  it('copies labels and weights', () => {
    const input = { rows: ['a'], columns: ['x'], weights: [0.5] };
    const map = attentionMap(input);
    const before = map.toSVG();
    input.rows[0] = 'b';
    input.weights[0] = 1;
    expect(map.toSVG()).toBe(before);
  });

  it.each([
    [[0, 0, 0, 0, 0], '2 x 3 = 6 numbers (rows is [2], columns is [3]), got 5 numbers'],
    [[[0, 0, 0]], '2 rows (rows is [2], columns is [3]), got 1 rows'],
    [
      [
        [0, 0, 0],
        [0, 0],
      ],
      'weights[1] must hold 3 numbers (columns is [3]), got 2',
    ],
    [[[0, 0, 0], null], 'weights[1] must hold 3 numbers (columns is [3]), got null'],
  ])('weights of another shape are a ShapeError: %j', (weights, message) => {
    const error = failure(() => attentionMap({ ...labels, weights: weights as number[][] }));
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toContain(message);
  });

  it.each([
    [Number.NaN, 'got NaN'],
    [-0.1, 'got -0.1'],
    [Number.POSITIVE_INFINITY, 'got Infinity'],
    [1.01, 'got 1.01'],
    ['1', 'got string'],
    [undefined, 'got undefined'],
  ])('the weight %s is an ArgumentError with its position', (bad, message) => {
    const flat = [0, 0, 0, 0, bad, 0] as number[];
    for (const weights of [flat, [flat.slice(0, 3), flat.slice(3)]]) {
      const error = failure(() => attentionMap({ ...labels, weights }));
      expect(error).toBeInstanceOf(ArgumentError);
      expect(error.message).toBe(
        `attentionMap: weights must be numbers in [0, 1], ${message} at row 1, column 1`,
      );
    }
  });

  it('reads float32 rounding above 1 as 1', () => {
    const weights = Float32Array.of(1 + 2 ** -23);
    expect(attentionMap({ rows: ['a'], columns: ['x'], weights }).weights[0]).toBe(1);
  });

  it.each([
    [{ ...labels, rows: 'ab' }, 'rows must be an array of strings, got string'],
    [{ ...labels, columns: ['x', 2, 'z'] }, 'columns[1] must be a string, got number'],
    [{ ...labels, title: 7 }, 'title must be a string, got number'],
    [{ ...labels, weights: null }, 'weights must be an array of 2 x 3 numbers, got null'],
    [null, 'expected an object with rows, columns and weights, got null'],
  ])('names the argument that is wrong: %j', (input, message) => {
    const given = input && { weights: [0, 0, 0, 0, 0, 0], ...input };
    const error = failure(() => attentionMap(given as never));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toBe(`attentionMap: ${message}`);
  });
});

describe('several maps', () => {
  it.each([
    ['attentionPage', attentionPage],
    ['attentionSheet', attentionSheet],
  ])('%s takes an array of maps only', (name, draw) => {
    expect(() => draw(phone() as never)).toThrow(`${name}: maps must be an array, got object`);
    expect(() => draw([phone(), {} as never])).toThrow(
      `${name}: maps[1] must come from attentionMap(), got object`,
    );
    expect(() => draw([null as never])).toThrow(ArgumentError);
  });
});
