/**
 * Masked language modelling (Devlin, Chang, Lee and Toutanova 2019): tokens are hidden, and told from both sides.
 *
 *   h = encoder(E(ids) + positions)   p(token at t) = softmax(E h_t + b)   loss = - sum_(t hidden) log p(token at t)
 *
 * Task: twelve letters that repeat themselves after three or four; one is hidden in each new sequence.
 */
import { Tensor } from 'heed';
import { MaskedLanguageModel } from 'heed/models';
import { attentionMap } from 'heed/plot';
import { Adam, maskTokens, train, trainingRuntime } from 'heed/train';

const letters = [...'abcdefgh'];
const [maskId, first, length, rows] = [0, 1, 12, 32];
const vocabulary = first + letters.length;

using runtime = await trainingRuntime({ seed: 1 });
const { random } = runtime;

/** A sequence as ids. */
function repetition(): number[] {
  const tune = Array.from({ length: 3 + random.integer(2) }, () => first + random.integer(letters.length));
  return Array.from({ length }, (_, i) => tune[i % tune.length]!);
}

const size = { modelSize: 32, heads: 4, feedForwardSize: 64, layers: 2 };
const config = { ...size, vocabulary, maskId, maxLength: length, normFirst: true };
using model = MaskedLanguageModel.create(runtime, config, random);
await train({
  runtime,
  parameters: model.parameters(),
  optimizer: new Adam(model.parameters(), { learningRate: 3e-3 }),
  steps: 700,
  loss: () => {
    const ids = Array.from({ length: rows }, repetition).flat();
    const { input, targets } = maskTokens(ids, { vocabulary, maskId, random });
    const batch = (values: Int32Array) => Tensor.from(runtime, values, [rows, length], 'i32');
    return model.loss({ input: batch(input), targets: batch(targets) });
  },
  onStep: ({ step, loss }) => {
    if (step % 100 === 99) console.log(step + 1, loss);
  },
});

const test = Array.from({ length: 200 }, () => ({ ids: repetition(), hidden: random.integer(length) }));
const hide = ({ ids, hidden }: (typeof test)[number]) => ids.map((id, t) => (t === hidden ? maskId : id));
const filled = model.fillMask(test.map(hide), { topK: 3 });
const right = test.filter(({ ids, hidden }, i) => filled[i]![0]!.candidates[0]!.id === ids[hidden]).length;
console.log(`${right / 2} % of 200 new sequences completed (at least 95 %)`);
if (right < 190) process.exitCode = 1;

const spell = (ids: readonly number[]) => ids.map((id) => letters[id - first] ?? '_');
const shown = hide(test[0]!);
const labels = spell(shown);
for (const { id, probability } of filled[0]![0]!.candidates) {
  console.log(`${labels.join('')}: ${spell([id])} ${(100 * probability).toFixed(1)} %`);
}
const row = Tensor.from(runtime, shown, [1, length], 'i32');
const firstLayer = model.forward(row, { returnWeights: 'mean' }).weights![0]!;
console.log(attentionMap({ rows: labels, columns: labels, weights: firstLayer.toArray() }).toTerminal());
