/**
 * Multi-head cross-attention (Vaswani 2017, section 3.2.3): queries come from one sequence, keys and values from another.
 *
 *   head_i = softmax(Q_i K_i^T / sqrt(d)) V_i,   Q = W_q y,   K = W_k x,   V = W_v x
 *
 * Task: a memory of six pairs (letter, digit), new every time, and three letters: tell the digit of each.
 */
import { add, createParameters, crossEntropy, Embedding, Linear, MultiHeadAttention, Tensor } from 'heed';
import { attentionMap } from 'heed/plot';
import { Adam, train, trainingRuntime, warmupCosine } from 'heed/train';

const letters = [...'abcdefghijkl'];
const [batch, pairs, questions, digits, modelSize] = [32, 6, 3, 10, 32];
using runtime = await trainingRuntime({ seed: 1 });
const { random } = runtime;
const parameters = new Map<string, Tensor>();
const { letter, digit, attention, out } = createParameters(runtime, random, (source) => {
  const named = source.into(parameters);
  return {
    letter: new Embedding(named.within('letter.'), { count: letters.length, size: modelSize }),
    digit: new Embedding(named.within('digit.'), { count: digits, size: modelSize }),
    attention: new MultiHeadAttention(named.within('attention.'), { modelSize, heads: 2 }),
    out: new Linear(named.within('out.'), { inputs: modelSize, outputs: digits }),
  };
});

/** Pairs of different letters, and which of them are asked for. */
function draw(items: number) {
  const keys = Array.from({ length: items }, () => random.shuffle(letters.map((_, i) => i)).slice(0, pairs));
  const values = keys.map((row) => row.map(() => random.integer(digits)));
  const places = keys.map(() => Array.from({ length: questions }, () => random.integer(pairs)));
  return { keys, values, asked: pick(keys, places), answers: pick(values, places).flat() };
}
const pick = (of: number[][], places: number[][]) => places.map((row, i) => row.map((j) => of[i]![j]!));
const idsOf = (rows: number[][]) => Tensor.from(runtime, rows.flat(), [rows.length, rows[0]!.length], 'i32');

function read({ keys, values, asked }: ReturnType<typeof draw>) {
  const memory = add(letter.forward(idsOf(keys)), digit.forward(idsOf(values)));
  const found = attention.forward(letter.forward(idsOf(asked)), memory, memory, { returnWeights: 'mean' });
  const logits = out.forward(found.output);
  return { logits: logits.reshape([asked.length * questions, digits]), weights: found.weights! };
}

const schedule = warmupCosine({ peak: 0.01, warmupSteps: 20, totalSteps: 800 });
const lossOf = (drawn: ReturnType<typeof draw>) =>
  crossEntropy(read(drawn).logits, Tensor.from(runtime, drawn.answers, undefined, 'i32'));
const optimizer = new Adam(parameters);
await train({ runtime, parameters, optimizer, steps: 800, schedule, loss: () => lossOf(draw(batch)) });

const test = draw(100);
const logits = read(test).logits.toFloat32Array();
const rowOf = (i: number) => logits.subarray(i * digits, (i + 1) * digits);
const right =
  test.answers.filter((id, i) => rowOf(i)[id] === Math.max(...rowOf(i))).length / test.answers.length;
console.log(`${(100 * right).toFixed(1)} % of 300 questions answered (at least 95 %)`);
process.exitCode = right < 0.95 ? 1 : 0;

const columns = test.keys[0]!.map((id, j) => `${letters[id]}=${test.values[0]![j]}`);
const rows = test.asked[0]!.map((id) => `${letters[id]}?`);
console.log(attentionMap({ rows, columns, weights: read(test).weights.at(0).toFloat32Array() }).toTerminal());
