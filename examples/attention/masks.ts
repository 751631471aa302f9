/**
 * What a query may not see has weight 0: softmax(Q K^T / sqrt(d) + M), M = 0 or -infinity (Vaswani 2017, section 3.2.3).
 *
 *   boolean mask: i32, 1 = may be seen, here what lies before the query    lengths: of each row the places that exist
 *   causal: each place sees itself and what came before                    an f32 mask is added to the scores
 *
 * Task: in a word, tell of each letter whether it has come before. The first place sees nothing: it attends to zeros.
 */
import { add, createParameters, crossEntropy, Embedding, Linear, MultiHeadAttention, Tensor } from 'heed';
import { attentionMap } from 'heed/plot';
import { Adam, train, trainingRuntime, warmupCosine } from 'heed/train';

const [letters, batch, time, modelSize] = [[...'abcdefgh'], 32, 8, 32];
using runtime = await trainingRuntime({ seed: 1 });
const { random } = runtime;
const parameters = new Map<string, Tensor>();
const { embedding, attention, wide, out } = createParameters(runtime, random, (source) => {
  const named = source.into(parameters);
  return {
    embedding: new Embedding(named.within('embedding.'), { count: letters.length, size: modelSize }),
    attention: new MultiHeadAttention(named.within('attention.'), { modelSize, heads: 1 }),
    wide: new Linear(named.within('wide.'), { inputs: modelSize, outputs: 2 * modelSize }),
    out: new Linear(named.within('out.'), { inputs: 2 * modelSize, outputs: 2 }),
  };
});

/** Rows of four to eight letters, padded with -1 in the answers, which are not counted. */
function draw() {
  const lengths = Array.from({ length: batch }, () => 4 + random.integer(time - 3));
  const ids = lengths.map(() => Array.from({ length: time }, () => random.integer(letters.length)));
  const seen = ids.map((row, b) => row.map((id, i) => (i < lengths[b]! ? Number(row.indexOf(id) < i) : -1)));
  return { ids, lengths, seen: seen.flat() };
}
const integers = (values: number[], shape: number[]) => Tensor.from(runtime, values, shape, 'i32');

function read({ ids, lengths }: ReturnType<typeof draw>) {
  const before = Array.from({ length: time * time }, (_, i) => Number(i % time < Math.floor(i / time)));
  const mask = integers(before, [time, time]);
  const x = embedding.forward(integers(ids.flat(), [ids.length, time]));
  const visible = { mask, lengths: integers(lengths, [ids.length]) };
  const { output, weights } = attention.forward(x, x, x, { ...visible, returnWeights: 'mean' });
  const logits = out.forward(wide.forward(add(x, output), 'relu'));
  return { logits: logits.reshape([ids.length * time, 2]), weights: weights! };
}

const schedule = warmupCosine({ peak: 0.01, warmupSteps: 20, totalSteps: 800 });
const lossOf = (drawn: ReturnType<typeof draw>) =>
  crossEntropy(read(drawn).logits, integers(drawn.seen, [batch * time]), { ignored: -1 });
const optimizer = new Adam(parameters);
await train({ runtime, parameters, optimizer, steps: 800, schedule, loss: () => lossOf(draw()) });

const test = draw();
const [logits, weights] = [read(test).logits.toFloat32Array(), read(test).weights.at(0).toFloat32Array()];
const told = test.seen.map((_, i) => Number(logits[2 * i + 1]! > logits[2 * i]!));
const real = test.seen.flatMap((answer, i) => (answer < 0 ? [] : [answer === told[i]]));
const right = real.filter(Boolean).length / real.length;
console.log(`${(100 * right).toFixed(1)} % of ${real.length} places (at least 95 %)`);
process.exitCode = right < 0.95 ? 1 : 0;
const word = test.ids[0]!.map((id, i) => (i < test.lengths[0]! ? letters[id]! : '-'));
console.log(attentionMap({ rows: word, columns: word, weights }).toTerminal());
