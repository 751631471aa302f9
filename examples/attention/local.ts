/**
 * Local attention (Luong 2015, section 3.2): node --import tsx examples/attention/local.ts [local-m | local-p]
 *
 *   local-m  the window [t - D, t + D] goes along with the step t
 *   local-p  it lies around p_t = S sigmoid(v.tanh(W s_t)), its weights times exp(-(j - p_t)^2 / (D^2 / 2))
 *
 * Task: write each of four to eight letters as the next one of the alphabet.
 */
import { greedyDecode, pairBatch, Seq2Seq } from 'heed/models';
import { attentionMap } from 'heed/plot';
import { Adam, train, trainingRuntime, warmupCosine } from 'heed/train';

const kind = (process.argv[2] ?? 'local-m') as 'local-m' | 'local-p';
const letters = [...'abcdefgh'];
const ids = { paddingId: 0, startId: 1, endId: 2 };
const first = 3;
const vocabularies = { sourceVocabulary: first + letters.length, targetVocabulary: first + letters.length };
const sizes = { embeddingSize: 16, encoderHidden: 32, encoderLayers: 1, decoderHidden: 32 };

using runtime = await trainingRuntime({ seed: 1 });
const { random } = runtime;

/** Letters as ids, and the same one letter further. */
function pair() {
  const source = Array.from({ length: 4 + random.integer(5) }, () => first + random.integer(letters.length));
  return { source, target: source.map((id) => first + ((id - first + 1) % letters.length)) };
}

using model = Seq2Seq.create(
  runtime,
  { ...ids, ...vocabularies, ...sizes, score: 'general', reach: { kind, halfWidth: 2 } },
  random,
);
const steps = 300;
const parameters = model.parameters();
await train({
  runtime,
  parameters,
  optimizer: new Adam(parameters),
  steps,
  schedule: warmupCosine({ peak: 0.01, warmupSteps: 20, totalSteps: steps }),
  clip: 1,
  loss: () => model.loss(pairBatch(runtime, Array.from({ length: 32 }, pair), ids)),
});

const write = (source: readonly number[]) => greedyDecode(model.stepModel([source]), 10)[0]!;
const test = Array.from({ length: 200 }, pair);
const right =
  test.filter(({ source, target }) => `${write(source).ids}` === `${target}`).length / test.length;
console.log(`${(100 * right).toFixed(1)} % of 200 new words shifted, reach ${kind} (at least 95 %)`);
process.exitCode = right < 0.95 ? 1 : 0;

const spell = (of: readonly number[]) => of.map((id) => letters[id - first] ?? '?');
const { source } = test.find((each) => each.source.length === 8)!;
const { ids: output, attention: weights } = write(source);
console.log(attentionMap({ rows: [...spell(output), '</s>'], columns: spell(source), weights }).toTerminal());
