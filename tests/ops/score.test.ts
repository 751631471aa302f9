import { describe, expect, it } from 'vitest';
import { DTypeError, ShapeError } from '../../src/errors.ts';
import { additiveScore, dotScore, weightedSum } from '../../src/ops/score.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import * as reference from '../reference/score.ts';
import { weightedSum as referenceSum } from '../reference/weightedSum.ts';
import { checkOp, normal } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

/** batch, queries, keys, size */
const sizes = [
  [1, 1, 1, 1],
  [2, 3, 5, 7],
  [3, 1, 6, 16],
  [1, 9, 4, 13],
  [0, 2, 3, 4],
  [2, 0, 3, 4],
  [2, 2, 0, 4],
  [2, 2, 3, 0],
] as const;

describe.each(variants)('score ops, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());

  describe.each(sizes)('batch %i, %i queries, %i keys, size %i', (...size) => {
    const [batch, queries, keys, width] = size;
    const query = normal(random, [batch, queries, width]);
    const key = normal(random, [batch, keys, width]);

    it('dotScore', () => {
      for (const constant of [[], ['query'], ['key']] as const) {
        checkOp(runtime, {
          inputs: { query, key },
          constant,
          op: (t) => dotScore(t.query, t.key, 0.3),
          reference: (t) => reference.scoreDot(t.query, t.key, ...size, 0.3),
        });
      }
    });

    it('additiveScore', () => {
      const vector = normal(random, [width]);
      for (const constant of [[], ['query', 'vector'], ['key']] as const) {
        checkOp(runtime, {
          inputs: { query, key, vector },
          constant,
          op: (t) => additiveScore(t.query, t.key, t.vector),
          reference: (t) => reference.scoreAdditive(t.query, t.key, t.vector, ...size),
        });
      }
    });

    it('weightedSum', () => {
      const weights = normal(random, [batch, queries, keys]);
      for (const constant of [[], ['weights'], ['key']] as const) {
        checkOp(runtime, {
          inputs: { weights, key },
          constant,
          op: (t) => weightedSum(t.weights, t.key),
          reference: (t) => referenceSum(t.weights, t.key, ...size),
        });
      }
    });
  });

  describe('one input in two places', () => {
    const x = normal(random, [2, 5, 5]);
    const size = [2, 5, 5, 5] as const;

    it('dotScore', () => {
      checkOp(runtime, {
        inputs: { x },
        op: (t) => dotScore(t.x, t.x),
        reference: (t) => reference.scoreDot(t.x, t.x, ...size, 1),
      });
    });

    it('additiveScore', () => {
      const vector = normal(random, [5]);
      checkOp(runtime, {
        inputs: { x, vector },
        op: (t) => additiveScore(t.x, t.x, t.vector),
        reference: (t) => reference.scoreAdditive(t.x, t.x, t.vector, ...size),
      });
    });

    it('additiveScore with all three as views of one block', () => {
      const block = normal(random, [7, 4]);
      checkOp(runtime, {
        inputs: { block },
        op: ({ block: b }) =>
          additiveScore(b.slice(0, 3).reshape([1, 3, 4]), b.slice(2, 6).reshape([1, 4, 4]), b.at(6)),
        reference: ({ block: b }) =>
          reference.scoreAdditive(b.subarray(0, 12), b.subarray(8, 24), b.subarray(24), 1, 3, 4, 4),
      });
    });

    it('weightedSum', () => {
      checkOp(runtime, {
        inputs: { x },
        op: (t) => weightedSum(t.x, t.x),
        reference: (t) => referenceSum(t.x, t.x, ...size),
      });
    });
  });

  it('refuses shapes that do not fit, and integers', () => {
    runtime.scope(() => {
      const zeros = (...shape: number[]) => Tensor.zeros(runtime, shape);
      const query = zeros(2, 3, 4);
      expect(() => dotScore(zeros(3, 4), query)).toThrow(
        new ShapeError('dotScore: query must be [*, *, *], got [3, 4]'),
      );
      expect(() => dotScore(query, zeros(2, 5, 3))).toThrow(
        new ShapeError('dotScore: key must be [2, *, 4], got [2, 5, 3]'),
      );
      expect(() => additiveScore(query, zeros(1, 5, 4), zeros(4))).toThrow(
        new ShapeError('additiveScore: key must be [2, *, 4], got [1, 5, 4]'),
      );
      expect(() => additiveScore(query, query, zeros(1, 4))).toThrow(
        new ShapeError('additiveScore: vector must be [4], got [1, 4]'),
      );
      expect(() => weightedSum(zeros(2, 3), query)).toThrow(
        new ShapeError('weightedSum: weights must be [*, *, *], got [2, 3]'),
      );
      expect(() => weightedSum(zeros(2, 1, 4), query)).toThrow(
        new ShapeError('weightedSum: value must be [2, 4, *], got [2, 3, 4]'),
      );
      const integers = Tensor.zeros(runtime, [2, 3, 4], 'i32');
      expect(() => dotScore(query, integers)).toThrow(DTypeError);
      expect(() => additiveScore(integers, query, zeros(4))).toThrow(DTypeError);
      expect(() => weightedSum(zeros(2, 1, 3), integers)).toThrow(DTypeError);
    });
  });
});
