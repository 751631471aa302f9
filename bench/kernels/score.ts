/** The pieces of unfused attention, at the size of a decoder's batch: scores of 32 steps over 16 letters, 288 wide. */
import { additiveScore, dotScore, weightedSum } from '../../src/ops/score.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { TANH_ERROR } from '../../tests/kernels/bounds.ts';
import { scoreAdditive, scoreDot } from '../../tests/reference/score.ts';
import * as reference from '../../tests/reference/weightedSum.ts';
import { seededRandom } from '../../tests/support/random.ts';
import type { Case } from '../suite.ts';
import { expectClose, largest } from './verify.ts';

const [BATCH, QUERIES, KEYS, SIZE] = [64, 32, 16, 288];
const PAIRS = BATCH * QUERIES * KEYS;

export function scoreCases(runtime: Runtime): Case[] {
  const random = seededRandom(SIZE);
  const [q, k, v, w] = [
    random.normals(BATCH * QUERIES * SIZE),
    random.normals(BATCH * KEYS * SIZE),
    random.normals(SIZE),
    random.normals(PAIRS),
  ];
  const query = Tensor.from(runtime, q, [BATCH, QUERIES, SIZE]);
  const key = Tensor.from(runtime, k, [BATCH, KEYS, SIZE]);
  const vector = Tensor.from(runtime, v, [SIZE]);
  const weights = Tensor.from(runtime, w, [BATCH, QUERIES, KEYS]);
  const sizes = [BATCH, QUERIES, KEYS, SIZE] as const;
  const name = `${BATCH} x ${QUERIES} x ${KEYS} x ${SIZE}`;
  const scoreCase = (
    kind: string,
    run: () => Tensor,
    expected: () => Float64Array,
    error: number,
    flops: number,
  ): Case => ({
    name: `${kind} ${name}`,
    verify: () =>
      runtime.scope(() => expectClose(`${kind} ${name}`, run().toFloat32Array(), expected(), error)),
    run: () => runtime.scope(() => void run()),
    work: { flops, bytes: { read: 4 * (query.size + key.size), written: 4 * weights.size } },
  });
  const products = largest(q) * largest(k) * SIZE * (SIZE + 1);
  return [
    scoreCase(
      'dot score',
      () => dotScore(query, key),
      () => scoreDot(q, k, ...sizes, 1),
      products,
      2 * PAIRS * SIZE,
    ),
    scoreCase(
      'additive score',
      () => additiveScore(query, key, vector),
      () => scoreAdditive(q, k, v, ...sizes),
      // tanh of a sum: its own error and, since its slope is at most one, that of its argument.
      largest(v) * SIZE * (TANH_ERROR + largest(q) + largest(k) + SIZE + 1),
      3 * PAIRS * SIZE,
    ),
    scoreCase(
      'weighted sum',
      () => weightedSum(weights, key),
      () => reference.weightedSum(w, k, ...sizes),
      largest(w) * largest(k) * KEYS * (KEYS + 1),
      2 * PAIRS * SIZE,
    ),
  ];
}
