/** Fused attention, twelve heads of 32: whole sequences, causal ones, and one query against cached keys and values. */
import { attention } from '../../src/ops/attention.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { EXP2_ERROR } from '../../tests/kernels/bounds.ts';
import { attention as reference } from '../../tests/reference/attention.ts';
import { seededRandom } from '../../tests/support/random.ts';
import type { Case } from '../suite.ts';
import { expectClose, largest, lengthsOfRows } from './verify.ts';

const HEADS = 12;
const SIZE = 32;
const WIDTH = HEADS * SIZE;
/** Keys of a block of the tiled kernel: each may rescale what came before. */
const BLOCK = 128;

export function attentionCases(runtime: Runtime): Case[] {
  return [
    attentionCase(runtime, 128, 128),
    attentionCase(runtime, 512, 512),
    attentionCase(runtime, 512, 512, true),
    attentionCase(runtime, 1, 2048),
  ];
}

function attentionCase(runtime: Runtime, queries: number, keys: number, causal = false): Case {
  const random = seededRandom(keys);
  const [q, k, v] = [queries, keys, keys].map((rows) => random.normals(rows * WIDTH)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const query = Tensor.from(runtime, q, [1, queries, WIDTH]);
  const [key, value] = [Tensor.from(runtime, k, [1, keys, WIDTH]), Tensor.from(runtime, v, [1, keys, WIDTH])];
  const name = `attention ${queries} x ${keys}, ${HEADS} heads of ${SIZE}${causal ? ', causal' : ''}`;
  const run = (): Tensor => attention(query, key, value, { heads: HEADS, causal }).output;
  /** Pairs of a query and a key that it sees. */
  const pairs = causal ? (queries * (queries + 1)) / 2 : queries * keys;
  return {
    name,
    verify() {
      const shape = {
        batch: 1,
        heads: HEADS,
        keyValueHeads: HEADS,
        queries,
        keys,
        size: SIZE,
        valueSize: SIZE,
      };
      const { output } = reference(q, k, v, {
        ...shape,
        scale: 1 / Math.sqrt(SIZE),
        firstVisible: causal ? 1 : keys,
      });
      const actual = runtime.scope(() => run().toFloat32Array());
      expectClose(name, actual, output, errorOf(q, k, v, keys));
    },
    run: () => runtime.scope(() => void run()),
    work: { flops: 4 * pairs * WIDTH, bytes: { read: 4 * (q.length + 2 * k.length), written: 4 * q.length } },
  };
}

/** The kernel's bound, with the product of the longest query and key for each score and sum |q||k|. */
function errorOf(q: Float32Array, k: Float32Array, v: Float32Array, keys: number): number {
  const longest = (x: Float32Array): number => largest(lengthsOfRows(x, x.length / SIZE, SIZE));
  const score = (longest(q) * longest(k)) / Math.sqrt(SIZE);
  const weight = (4 + 1 + SIZE + 4) * score + EXP2_ERROR * Math.ceil(keys / BLOCK);
  return largest(v) * (2 * weight + keys + 8);
}
