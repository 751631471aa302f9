/**
 * Hard attention (Xu 2015, section 4.1): each step reads one place, drawn from the weights, and learns by REINFORCE with a
 * moving baseline b and an entropy bonus:
 *
 *   gradient = d log p(y) + (log p(y) - b) d log a_tj + l d H(a_t),   j ~ a_t,   at inference the likeliest j
 *
 * Task: write three to six letters backwards.
 */
import { greedyDecode, pairBatch, Seq2Seq } from 'heed/models';
import { attentionMap } from 'heed/plot';
import { Adam, hardAttentionLoss, MovingBaseline, train, trainingRuntime, warmupCosine } from 'heed/train';

const letters = [...'abcdefgh'];
const ids = { paddingId: 0, startId: 1, endId: 2 };
const first = 3;
const vocabularies = { sourceVocabulary: first + letters.length, targetVocabulary: first + letters.length };
const sizes = { embeddingSize: 16, encoderHidden: 32, encoderLayers: 1, decoderHidden: 32 };

using runtime = await trainingRuntime({ seed: 1 });
const { random } = runtime;

/** Letters as ids, and the same backwards. */
function pair() {
  const source = Array.from({ length: 3 + random.integer(4) }, () => first + random.integer(letters.length));
  return { source, target: [...source].reverse() };
}

using model = Seq2Seq.create(
  runtime,
  { ...ids, ...vocabularies, ...sizes, decoder: 'bahdanau', cell: 'gru', choice: 'hard' },
  random,
);
const steps = 1000;
const baseline = new MovingBaseline();
const parameters = model.parameters();
await train({
  runtime,
  parameters,
  optimizer: new Adam(parameters),
  steps,
  schedule: warmupCosine({ peak: 0.01, warmupSteps: 20, totalSteps: steps }),
  clip: 1,
  loss: () => {
    const batch = pairBatch(runtime, Array.from({ length: 32 }, pair), ids);
    return hardAttentionLoss(model.hardLoss(batch, { random }), { baseline, entropyWeight: 0.01 });
  },
});

const write = (source: readonly number[]) => greedyDecode(model.stepModel([source]), 8)[0]!;
const test = Array.from({ length: 200 }, pair);
const right =
  test.filter(({ source, target }) => `${write(source).ids}` === `${target}`).length / test.length;
console.log(`${(100 * right).toFixed(1)} % of 200 new words written backwards (at least 95 %)`);
process.exitCode = right < 0.95 ? 1 : 0;

const spell = (of: readonly number[]) => of.map((id) => letters[id - first] ?? '?');
const { source } = test.find((each) => each.source.length === 6)!;
const { ids: output, attention: weights } = write(source);
console.log(attentionMap({ rows: [...spell(output), '</s>'], columns: spell(source), weights }).toTerminal());
