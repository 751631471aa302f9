/**
 * Multi-head self-attention over a sequence with positions (Vaswani 2017, sections 3.2 and 3.5):
 *
 *   head_i = softmax(Q_i K_i^T / sqrt(d)) V_i   y = W_o [head_1; ...; head_n]   Q, K, V = W x, x = embedding + position
 *
 * Task: of eight letters, tell at each place which one stands two places before (of the first two: themselves).
 */
import { createParameters, crossEntropy, Embedding, Linear, MultiHeadAttention, Tensor } from 'heed';
import { SinusoidalPositions } from 'heed/models';
import { attentionMap } from 'heed/plot';
import { Adam, train, trainingRuntime, warmupCosine } from 'heed/train';

const letters = [...'abcdefgh'];
const [batch, time, modelSize] = [32, 8, 32];
using runtime = await trainingRuntime({ seed: 1 });
const { random } = runtime;
const parameters = new Map<string, Tensor>();
const { embedding, attention, out } = createParameters(runtime, random, (source) => {
  const named = source.into(parameters);
  return {
    embedding: new Embedding(named.within('embedding.'), { count: letters.length, size: modelSize }),
    attention: new MultiHeadAttention(named.within('attention.'), { modelSize, heads: 2 }),
    out: new Linear(named.within('out.'), { inputs: modelSize, outputs: letters.length }),
  };
});
using positions = new SinusoidalPositions(runtime, { maxLength: time, size: modelSize });

const draw = () => Array.from({ length: batch * time }, () => random.integer(letters.length));
const answers = (ids: readonly number[]) => ids.map((id, i) => (i % time < 2 ? id : ids[i - 2]!));

function read(ids: readonly number[]) {
  const x = positions.forward(embedding.forward(Tensor.from(runtime, ids, [ids.length / time, time], 'i32')));
  const { output, weights } = attention.forward(x, x, x, { returnWeights: 'per-head' });
  return { logits: out.forward(output).reshape([ids.length, letters.length]), weights: weights! };
}

await train({
  runtime,
  parameters,
  optimizer: new Adam(parameters),
  steps: 600,
  schedule: warmupCosine({ peak: 0.01, warmupSteps: 20, totalSteps: 600 }),
  loss: () => {
    const ids = draw();
    return crossEntropy(read(ids).logits, Tensor.from(runtime, answers(ids), [ids.length], 'i32'));
  },
});

const ids = draw();
const values = read(ids).logits.toFloat32Array();
const rowOf = (i: number) => values.subarray(i * letters.length, (i + 1) * letters.length);
const right = answers(ids).filter((id, i) => rowOf(i)[id] === Math.max(...rowOf(i))).length / ids.length;
console.log(`${(100 * right).toFixed(1)} % of 256 letters two places before (at least 95 %)`);
process.exitCode = right < 0.95 ? 1 : 0;

const word = ids.slice(0, time).map((id) => letters[id]!);
for (const head of [0, 1]) {
  const weights = read(ids.slice(0, time)).weights.at(0).at(head).toFloat32Array();
  console.log(attentionMap({ rows: word, columns: word, weights, title: `head ${head + 1}` }).toTerminal());
}
