/**
 * The pictures of docs/plots.md, from what models really attended to: `node --import tsx examples/plots.ts`, after a build.
 *
 * The shipped pronouncer gives a map. The other models are trained here, each in some seconds: one that translates dates
 * gives lines; a masked language model, as in examples/attention/masked-language-model.ts, all its heads and its learning
 * curves; and a captioner, as in examples/attention/visual-attention.ts, an overlay. Each is printed, and written to
 * docs/plots as SVG.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Tensor } from 'heed';
import { Captioner, captionBatch, greedyDecode, MaskedLanguageModel, pairBatch, Seq2Seq } from 'heed/models';
import { attentionHeads, attentionLines, attentionMap, attentionOverlay, curves } from 'heed/plot';
import { createPronouncer } from 'heed/pronounce';
import { Adam, maskTokens, train, trainingRuntime, warmupCosine } from 'heed/train';

const folder = fileURLToPath(new URL('../docs/plots', import.meta.url));

function show(name: string, plot: { toTerminal(): string; toSVG(): string }): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${name}.svg`, `${plot.toSVG()}\n`);
  console.log(`${plot.toTerminal()}\n`);
}

/** What each phoneme of a word was read from. */
async function pronounced(word: string) {
  using pronouncer = await createPronouncer();
  const { phonemes: rows, letters: columns, weights } = pronouncer.pronounce(word).attention;
  return { rows, columns, weights, title: word, rowsTitle: 'phonemes', columnsTitle: 'letters' };
}

/** A date as a language writes it, word by word. */
function dateIn(language: string, date: Date): string[] {
  const written = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(date);
  return written.match(/\d+|\p{L}+|[^\s]/gu)!;
}

/** Learns to translate dates from English to Korean, which names the year first, and says where it looked. */
async function translated() {
  using runtime = await trainingRuntime({ seed: 1 });
  const { random } = runtime;
  const ids = { paddingId: 0, startId: 1, endId: 2 };
  const [anyDate, day] = [
    () => new Date(86_400_000 * random.integer(18_262)),
    new Date(Date.UTC(1997, 6, 20)),
  ];
  const calendar = Array.from({ length: 18_262 }, (_, i) => new Date(86_400_000 * i));
  const [english, korean] = ['en', 'ko'].map((language) => [
    ...new Set(calendar.flatMap((date) => dateIn(language, date))),
  ]) as [string[], string[]];
  const first = 3;
  const idsOf = (words: readonly string[], of: readonly string[]) =>
    words.map((word) => first + of.indexOf(word));
  const pair = () => {
    const date = anyDate();
    return { source: idsOf(dateIn('en', date), english), target: idsOf(dateIn('ko', date), korean) };
  };
  const sizes = { embeddingSize: 24, encoderHidden: 32, encoderLayers: 1, decoderHidden: 48 };
  const vocabularies = { sourceVocabulary: first + english.length, targetVocabulary: first + korean.length };
  const config = { ...ids, ...vocabularies, ...sizes, decoder: 'bahdanau' } as const;
  using model = Seq2Seq.create(runtime, config, random);
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
  const columns = dateIn('en', day);
  const [written] = greedyDecode(model.stepModel([idsOf(columns, english)]), 10);
  const rows = written!.ids.map((id) => korean[id - first]!);
  // The last step wrote the end.
  return { rows, columns, weights: written!.attention.slice(0, rows.length), title: 'translating a date' };
}

const letters = [...'abcdefgh'];
const [maskId, first, length, batch, steps] = [0, 1, 12, 32, 700];
const vocabulary = first + letters.length;

/** Learns to fill the gap in letters that repeat themselves: the losses by step, and what its heads look at. */
async function filled(seed: number, normFirst: boolean) {
  using runtime = await trainingRuntime({ seed });
  const { random } = runtime;
  const repetition = (): number[] => {
    const tune = Array.from({ length: 3 + random.integer(2) }, () => first + random.integer(letters.length));
    return Array.from({ length }, (_, i) => tune[i % tune.length]!);
  };
  const size = { modelSize: 32, heads: 4, feedForwardSize: 64, layers: 2 };
  const config = { ...size, vocabulary, maskId, maxLength: length, normFirst };
  using model = MaskedLanguageModel.create(runtime, config, random);
  const losses: number[] = [];
  await train({
    runtime,
    parameters: model.parameters(),
    optimizer: new Adam(model.parameters(), { learningRate: 3e-3 }),
    steps,
    loss: () => {
      const ids = Array.from({ length: batch }, repetition).flat();
      const { input, targets } = maskTokens(ids, { vocabulary, maskId, random });
      const tensor = (values: Int32Array) => Tensor.from(runtime, values, [batch, length], 'i32');
      return model.loss({ input: tensor(input), targets: tensor(targets) });
    },
    onStep: ({ loss }) => void losses.push(loss),
  });
  const shown = [...'cafecafe_afe'];
  const ids = shown.map((letter) => (letter === '_' ? maskId : first + letters.indexOf(letter)));
  const { weights } = model.forward(Tensor.from(runtime, ids, [1, length], 'i32'), {
    returnWeights: 'per-head',
  });
  return { losses, shown, layers: weights!.map((layer) => layer.toArray()) };
}

/** The mean of each 25 steps: over three seeds, with the least and the greatest. */
function learned(label: string, runs: readonly { losses: readonly number[] }[]) {
  const every = 25;
  const x = Array.from({ length: steps / every }, (_, i) => (i + 1) * every);
  const means = runs.map(({ losses }) =>
    x.map((end) => losses.slice(end - every, end).reduce((sum, loss) => sum + loss / every, 0)),
  );
  const over = (reduce: (values: number[]) => number) =>
    x.map((_, i) => reduce(means.map((mean) => mean[i]!)));
  const y = over((values) => values.reduce((sum, value) => sum + value / values.length, 0));
  return { label, x, y, band: { low: over((v) => Math.min(...v)), high: over((v) => Math.max(...v)) } };
}

/** Learns to name the signs of a picture from left to right, and says where it looked. */
async function captioned() {
  const names = ['plus', 'ring', 'slash', 'tee', 'bars'];
  const signs = ['010111010', '111101111', '001010100', '111010010', '111000111'];
  const [height, width, firstSign, ids] = [4, 12, 3, { paddingId: 0, startId: 1, endId: 2 }];
  using runtime = await trainingRuntime({ seed: 1 });
  const { random } = runtime;
  const draw = (thirds: readonly number[]) => {
    const [pixels, caption]: [number[], number[]] = [new Array(height * width).fill(0), []];
    for (const third of thirds) {
      const sign = random.integer(names.length);
      const corner = random.integer(2) * width + 4 * third + random.integer(2);
      for (let i = 0; i < 9; i++)
        pixels[corner + Math.floor(i / 3) * width + (i % 3)] = Number(signs[sign]![i]);
      caption.push(firstSign + sign);
    }
    return { pixels, caption };
  };
  const imagesOf = (pixels: readonly number[], count: number) =>
    Tensor.from(runtime, pixels, [count, 1, height, width]);
  const blocks = [16, 32].map((channels, block) => ({ channels, pool: block === 0 ? 1 : 4 }));
  const sizes = { channels: 1, height, width, embeddingSize: 12, decoderHidden: 32 };
  const config = { ...ids, ...sizes, blocks, vocabulary: firstSign + names.length };
  using model = Captioner.create(runtime, config, random);
  const parameters = model.parameters();
  await train({
    runtime,
    parameters,
    optimizer: new Adam(parameters),
    steps: 300,
    schedule: warmupCosine({ peak: 0.01, warmupSteps: 20, totalSteps: 300 }),
    clip: 5,
    loss: () => {
      const drawn = Array.from({ length: 32 }, () => draw([0, 1, 2].filter(() => random.integer(6) > 0)));
      const images = imagesOf(
        drawn.flatMap(({ pixels }) => pixels),
        drawn.length,
      );
      return model.loss(
        captionBatch(
          runtime,
          images,
          drawn.map(({ caption }) => caption),
          ids,
        ),
      );
    },
  });
  const { pixels } = draw([0, 1, 2]);
  const [{ ids: words, attention }] = greedyDecode(model.stepModel(imagesOf(pixels, 1)), 5) as [
    ReturnType<typeof greedyDecode>[number],
  ];
  const looked = words.map((id, t) => ({ label: names[id - firstSign] ?? '</s>', weights: attention[t]! }));
  return { image: { width, height, pixels }, ...model.gridSize, steps: looked, title: 'reading signs' };
}

show('map', attentionMap(await pronounced('attention')));
show('lines', attentionLines({ ...(await translated()), columnsTitle: 'English', rowsTitle: 'Korean' }));

const runs = async (normFirst: boolean) => [
  await filled(1, normFirst),
  await filled(2, normFirst),
  await filled(3, normFirst),
];
const [before, after] = [await runs(true), await runs(false)];
const [{ shown, layers }] = before as [(typeof before)[number]];
show(
  'heads',
  attentionHeads({
    rows: shown,
    columns: shown,
    layers,
    title: 'cafecafe_afe',
    rowsTitle: 'letters',
    columnsTitle: 'letters',
  }),
);
const series = [learned('normalised before', before), learned('normalised after', after)];
show('curves', curves({ title: 'Filling gaps', xTitle: 'step', yTitle: 'loss (nats)', series }));

show('overlay', attentionOverlay(await captioned()));
