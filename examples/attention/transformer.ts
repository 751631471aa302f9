/**
 * The Transformer (Vaswani 2017): self-attention in the encoder, causal self-attention and cross-attention in the decoder,
 * sinusoidal positions, tied embeddings, warm-up and label smoothing; written with a key-value cache.
 *
 *   softmax(Q K^T / sqrt(d)) V in each head   x + f(norm(x)) around each sublayer   rate ~ min(1 / sqrt(t), t / w^1.5)
 *
 * Task: write three to six letters backwards, by greedy search, with a beam of four, and by chance.
 */
import { beamSearch, greedyDecode, sampleDecode, TransformerSeq2Seq, transformerBatch } from 'heed/models';
import { attentionMap } from 'heed/plot';
import { Adam, inverseSquareRoot, train, trainingRuntime } from 'heed/train';

const letters = [...'abcdefgh'];
const ids = { paddingId: 0, startId: 1, endId: 2 };
const first = 3;
const vocabularies = { sourceVocabulary: first + letters.length, targetVocabulary: first + letters.length };
const sizes = {
  modelSize: 32,
  heads: 2,
  feedForwardSize: 64,
  encoderLayers: 1,
  decoderLayers: 1,
  maxLength: 8,
};
using runtime = await trainingRuntime({ seed: 1 });
const { random } = runtime;

/** Letters as ids, and the same backwards. */
function pair() {
  const source = Array.from({ length: 3 + random.integer(4) }, () => first + random.integer(letters.length));
  return { source, target: [...source].reverse() };
}

const style = { normFirst: true, positions: 'sinusoidal', tiedEmbeddings: 'all' } as const;
using model = TransformerSeq2Seq.create(runtime, { ...ids, ...vocabularies, ...sizes, ...style }, random);
const parameters = model.parameters();
const optimizer = new Adam(parameters, { betas: [0.9, 0.98], epsilon: 1e-9 });
const schedule = inverseSquareRoot({ peak: 5e-3, warmupSteps: 200 });
const batch = () => transformerBatch(runtime, Array.from({ length: 32 }, pair), ids);
const loss = () => model.loss(batch(), { labelSmoothing: 0.1 });
await train({ runtime, parameters, optimizer, steps: 1200, schedule, clip: 1, loss });

const test = Array.from({ length: 200 }, pair);
const search = model.stepModel(test.map(({ source }) => source));
const share = (results: readonly { ids: readonly number[] }[]) =>
  test.filter(({ target }, i) => `${results[i]!.ids}` === `${target}`).length / test.length;
const greedy = share(greedyDecode(search, 8));
const beams = share(beamSearch(search, { beam: 4, maxLength: 8 }).map(([best]) => best!));
const drawn = share(sampleDecode(search, { maxLength: 8, random, temperature: 0.8, topP: 0.9 }).flat());
const [byBeam, byChance] = [beams, drawn].map((part) => (100 * part).toFixed(1));
console.log(
  `${(100 * greedy).toFixed(1)} % of 200 new words, ${byBeam} by beam, ${byChance} by chance (at least 95 %)`,
);
process.exitCode = greedy < 0.95 ? 1 : 0;

const spell = (of: readonly number[]) => of.map((id) => letters[id - first] ?? '?');
const { source } = test.find((each) => each.source.length === 6)!;
const { ids: output, attention: weights } = greedyDecode(model.stepModel([source]), 8)[0]!;
console.log(attentionMap({ rows: [...spell(output), '</s>'], columns: spell(source), weights }).toTerminal());
