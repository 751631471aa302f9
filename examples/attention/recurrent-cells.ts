/**
 * The recurrent cells, as encoder and decoder: node --import tsx examples/attention/recurrent-cells.ts [rnn | gru | lstm]
 *
 *   rnn   h_t = tanh(W x_t + U h_{t-1} + b)                                                      (Elman 1990)
 *   gru   n = tanh(W x_t + r * (U h_{t-1} + b)), h_t = (1 - z) * n + z * h_{t-1}                 (Cho 2014)
 *   lstm  c_t = f * c_{t-1} + i * g, h_t = o * tanh(c_t)                                         (Hochreiter 1997)
 *
 * Task: write three to six letters backwards.
 */
import { type CellKind, greedyDecode, pairBatch, Seq2Seq } from 'heed/models';
import { attentionMap } from 'heed/plot';
import { Adam, train, trainingRuntime, warmupCosine } from 'heed/train';

const cell = (process.argv[2] ?? 'lstm') as CellKind;
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

using model = Seq2Seq.create(runtime, { ...ids, ...vocabularies, ...sizes, cell, score: 'general' }, random);
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

const write = (source: readonly number[]) => greedyDecode(model.stepModel([source]), 8)[0]!;
const test = Array.from({ length: 200 }, pair);
const right =
  test.filter(({ source, target }) => `${write(source).ids}` === `${target}`).length / test.length;
console.log(`${(100 * right).toFixed(1)} % of 200 new words written backwards by ${cell} (at least 95 %)`);
process.exitCode = right < 0.95 ? 1 : 0;

const spell = (of: readonly number[]) => of.map((id) => letters[id - first] ?? '?');
const { source } = test.find((each) => each.source.length === 6)!;
const { ids: output, attention: weights } = write(source);
console.log(attentionMap({ rows: [...spell(output), '</s>'], columns: spell(source), weights }).toTerminal());
