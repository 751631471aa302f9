/** Multi-head attention of a sequence to itself, after the projections: S 512, model size 384, 12 heads. */
import { softmaxRow } from '../../../tests/reference/softmax.ts';
import { seededRandom } from '../../../tests/support/random.ts';
import type { Case, Contender } from '../case.ts';
import { heed, heedContender } from '../engines/heed.ts';
import { jax, jaxJs } from '../engines/jax.ts';
import { type GraphRun, onnxNative, onnxWeb } from '../engines/onnxruntime.ts';
import { tensorflow, tensorflowAttention, tf } from '../engines/tensorflow.ts';
import { EPSILON } from '../tolerance.ts';

const S = 512;
const D = 384;
const HEADS = 12;
const HEAD_SIZE = D / HEADS;

interface Operands {
  /** [S, D] */
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

export function attentionCases(): Case[] {
  const random = seededRandom(S);
  const operands = { q: random.normals(S * D), k: random.normals(S * D), v: random.normals(S * D) };
  const run = graphRun(operands);
  const largest = operands.v.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return [
    {
      name: `attention S${S} D${D} H${HEADS}`,
      flops: 4 * S * S * D,
      expected: () => reference(operands),
      // A score sums HEAD_SIZE products (of absolute values below 2 each, on average) and a softmax S exponentials; the
      // output is a mean of values, with weights that are relatively wrong by twice a score's error.
      tolerance: (2 * 2 * HEAD_SIZE + 2 * S) * EPSILON * largest,
      heed: ours(operands),
      peers: [onnxWeb(run), tensorflowPeer(operands), jaxPeer(operands), onnxNative(run)],
    },
  ];
}

function ours({ q, k, v }: Operands): Contender {
  return heedContender((runtime) => {
    const tensor = (values: Float32Array) => heed.Tensor.from(runtime, values, [1, S, D]);
    const [query, key, value] = [tensor(q), tensor(k), tensor(v)];
    return () => heed.attention(query, key, value, { heads: HEADS }).output;
  });
}

function graphRun({ q, k, v }: Operands): GraphRun {
  const shape = [1, S, D];
  return {
    graph: {
      inputs: { q: shape, k: shape, v: shape },
      output: { name: 'y', shape },
      weights: {},
      operators: [
        {
          type: 'MultiHeadAttention',
          inputs: ['q', 'k', 'v'],
          output: 'y',
          attributes: { num_heads: HEADS },
          domain: 'com.microsoft',
        },
      ],
    },
    feeds: { q, k, v },
  };
}

function tensorflowPeer({ q, k, v }: Operands): Contender {
  return tensorflow(() => {
    const [query, key, value] = [tf.tensor(q, [S, D]), tf.tensor(k, [S, D]), tf.tensor(v, [S, D])];
    return () => tensorflowAttention(query, key, value, { rows: S, heads: HEADS, headSize: HEAD_SIZE });
  });
}

function jaxPeer({ q, k, v }: Operands): Contender {
  return jaxJs(() => {
    const array = (values: Float32Array) => jax.numpy.array(values).reshape([S, HEADS, HEAD_SIZE]);
    const [query, key, value] = [array(q), array(k), array(v)];
    const compute = jax.jit((a: jax.Array, b: jax.Array, c: jax.Array) =>
      jax.nn.dotProductAttention(a, b, c),
    );
    return () => compute(query.ref, key.ref, value.ref);
  });
}

/** softmax(q k^T / sqrt(head size)) v, head by head. */
function reference({ q, k, v }: Operands): Float64Array {
  const output = new Float64Array(S * D);
  for (let head = 0; head < HEADS; head++) {
    for (let i = 0; i < S; i++) {
      const scores = Float64Array.from({ length: S }, (_, j) => {
        let sum = 0;
        for (let c = head * HEAD_SIZE; c < (head + 1) * HEAD_SIZE; c++) sum += q[i * D + c]! * k[j * D + c]!;
        return sum / Math.sqrt(HEAD_SIZE);
      });
      const weights = softmaxRow(scores);
      for (let c = head * HEAD_SIZE; c < (head + 1) * HEAD_SIZE; c++) {
        let sum = 0;
        for (let j = 0; j < S; j++) sum += weights[j]! * v[j * D + c]!;
        output[i * D + c] = sum;
      }
    }
  }
  return output;
}
