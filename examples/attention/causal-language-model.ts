/**
 * Causal language modelling (Radford, Narasimhan, Salimans and Sutskever 2018): each token is told from those before it.
 *
 *   h = causal encoder(E(<s>, y) + positions)   p(y_t | y_<t) = softmax(E h_t + b)   loss = - sum_t log p(y_t | y_<t)
 *
 * Task: two to five letters, a bar, the same letters again. What the model writes by itself is checked.
 */
import { Tensor } from 'heed';
import { CausalLanguageModel, causalBatch, sampleDecode } from 'heed/models';
import { attentionMap } from 'heed/plot';
import { Adam, train, trainingRuntime, warmupCosine } from 'heed/train';

const letters = [...'abcdefgh'];
const [startId, endId, bar, first] = [0, 1, 2, 3];
const vocabulary = first + letters.length;

using runtime = await trainingRuntime({ seed: 1 });
const { random } = runtime;

const twice = (word: readonly number[]) => [...word, bar, ...word];
/** A word and its copy as ids. */
function copied(): number[] {
  return twice(Array.from({ length: 2 + random.integer(4) }, () => first + random.integer(letters.length)));
}

const size = { modelSize: 32, heads: 2, feedForwardSize: 64, layers: 2 };
const config = { ...size, vocabulary, startId, endId, maxLength: 16, normFirst: true };
using model = CausalLanguageModel.create(runtime, config, random);
await train({
  runtime,
  parameters: model.parameters(),
  optimizer: new Adam(model.parameters()),
  schedule: warmupCosine({ peak: 5e-3, warmupSteps: 50, totalSteps: 1000 }),
  steps: 1000,
  loss: () => model.loss(causalBatch(runtime, Array.from({ length: 32 }, copied), config)),
  onStep: ({ step, loss }) => {
    if (step % 100 === 99) console.log(step + 1, loss);
  },
});

const spell = (ids: readonly number[]) => ids.map((id) => letters[id - first] ?? '|');
const sampling = { maxLength: 15, count: 200, random, temperature: 0.9, topK: 8, topP: 0.95 };
const written = sampleDecode(model.stepModel([[]]), sampling)[0]!.map(({ ids }) => ids);
const right = written.filter((ids) => String(ids) === String(twice(ids.slice(0, ids.indexOf(bar))))).length;
console.log(`${right / 2} % of 200 strings that it wrote are a word and its copy (at least 95 %)`);
if (right < 190) process.exitCode = 1;
for (const ids of written.slice(0, 5)) console.log(spell(ids).join(''));

const ids = [startId, ...twice([3, 5, 7, 9]), endId];
const row = Tensor.from(runtime, ids, [1, ids.length], 'i32');
const firstLayer = model.forward(row, { returnWeights: 'mean' }).weights![0]!;
const labels = ['<s>', ...spell(ids.slice(1, -1)), '</s>'];
console.log(attentionMap({ rows: labels, columns: labels, weights: firstLayer.toArray() }).toTerminal());
