/**
 * An encoder-decoder without attention (Cho 2014): all that the decoder knows of the source is one vector c, which enters
 * every step. Beside it, trained as long, one with attention (Bahdanau 2015), which reads again at every step.
 *
 *   c = tanh(W [last forward state; last backward state])   s_t = GRU([e(y_{t-1}); c], s_{t-1})
 *
 * Task: write three to eight letters backwards.
 */
import { type DecoderKind, greedyDecode, pairBatch, Seq2Seq } from 'heed/models';
import { attentionMap } from 'heed/plot';
import { Adam, train, trainingRuntime, warmupCosine } from 'heed/train';

const letters = [...'abcdefgh'];
const ids = { paddingId: 0, startId: 1, endId: 2 };
const first = 3;
const vocabularies = { sourceVocabulary: first + letters.length, targetVocabulary: first + letters.length };
const sizes = { embeddingSize: 16, encoderHidden: 32, encoderLayers: 1, decoderHidden: 64 };
using runtime = await trainingRuntime({ seed: 1 });
const { random } = runtime;

/** Letters as ids, and the same backwards. */
function pair() {
  const source = Array.from({ length: 3 + random.integer(6) }, () => first + random.integer(letters.length));
  return { source, target: [...source].reverse() };
}
const test = Array.from({ length: 200 }, pair);

async function learn(decoder: DecoderKind) {
  const model = Seq2Seq.create(runtime, { ...ids, ...vocabularies, ...sizes, decoder, cell: 'gru' }, random);
  const parameters = model.parameters();
  await train({
    runtime,
    parameters,
    optimizer: new Adam(parameters),
    steps: 400,
    schedule: warmupCosine({ peak: 0.01, warmupSteps: 20, totalSteps: 400 }),
    clip: 1,
    loss: () => model.loss(pairBatch(runtime, Array.from({ length: 32 }, pair), ids)),
  });
  const write = (source: readonly number[]) => greedyDecode(model.stepModel([source]), 10)[0]!;
  const right = (of: typeof test) =>
    of.filter(({ source, target }) => `${write(source).ids}` === `${target}`);
  const percent = (of: typeof test) => ((100 * right(of).length) / of.length).toFixed(1);
  const long = test.filter(({ source }) => source.length > 6);
  console.log(
    `${decoder}: ${percent(test)} % of 200 new words, ${percent(long)} % of those of 7 and 8 letters`,
  );
  return { write, accuracy: right(test).length / test.length };
}

const [fixed, attending] = [await learn('fixed-context'), await learn('bahdanau')];
console.log(`${(100 * fixed.accuracy).toFixed(1)} % without attention (at least 60 %)`);
process.exitCode = fixed.accuracy >= 0.6 && attending.accuracy > fixed.accuracy ? 0 : 1;

const spell = (of: readonly number[]) => of.map((id) => letters[id - first] ?? '?');
const { source } = test.find((each) => each.source.length === 8)!;
const { ids: output, attention: weights } = attending.write(source);
console.log(attentionMap({ rows: [...spell(output), '</s>'], columns: spell(source), weights }).toTerminal());
