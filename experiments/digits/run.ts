/** Reading digits: "Show, attend and tell" (Xu 2015) on handwriting, with soft attention, with hard attention, with none. */
import { Random } from '../../src/tensor/random.ts';
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';
import type { Check, Experiment, PartContext } from '../experiment.ts';
import { percent, points } from '../format.ts';
import { type Canvas, type CanvasSettings, drawCanvas } from './canvas.ts';
import { type DigitsFigures, exampleOf } from './figures.ts';
import { type LearningSettings, teach } from './learning.ts';
import { type Glyph, loadGlyphs } from './mnist.ts';
import { pictures } from './pictures.ts';
import type { Attention, Reader, ReaderSettings } from './reader.ts';
import { type ReadingScore, scoreReadings } from './reading.ts';
import { report } from './report.ts';

export interface Settings {
  readonly canvas: CanvasSettings;
  readonly reader: ReaderSettings;
  readonly learning: LearningSettings;
  readonly validationCanvases: number;
  readonly testCanvases: number;
  /** What the checks ask for. */
  readonly least: {
    /** Digits right. */
    readonly soft: number;
    readonly hard: number;
    /** How many more than without attention. */
    readonly more: number;
    /** Attention on the digit that is read. */
    readonly onDigit: number;
  };
}

const parts: readonly Attention[] = ['soft', 'hard', 'off'];

const full: Settings = {
  canvas: { height: 32, width: 96, fewest: 3, most: 5, smallestScale: 0.65, largestScale: 0.85 },
  reader: {
    // A place sees 30 x 30 pixels: one near the middle of a digit, of 17 x 17 at most, sees all of it.
    blocks: [{ channels: 8 }, { channels: 16 }, { channels: 32, pool: 1 }, { channels: 64 }],
    embeddingSize: 16,
    decoderHidden: 128,
    attentionSize: 64,
  },
  learning: {
    steps: 12_000,
    batchSize: 16,
    peak: 2e-3,
    warmupSteps: 100,
    begin: { steps: 800, fewest: 1, most: 2 },
    softSteps: 1_500,
    entropyWeight: 0.02,
  },
  validationCanvases: 200,
  testCanvases: 1_000,
  least: { soft: 0.95, hard: 0.88, more: 0.1, onDigit: 0.8 },
};

const quick: Settings = {
  canvas: { height: 24, width: 56, fewest: 2, most: 3, smallestScale: 0.65, largestScale: 0.8 },
  reader: {
    blocks: [{ channels: 8 }, { channels: 16 }, { channels: 48 }],
    embeddingSize: 16,
    decoderHidden: 64,
    attentionSize: 32,
  },
  learning: {
    steps: 1_600,
    batchSize: 16,
    peak: 3e-3,
    warmupSteps: 50,
    begin: { steps: 500, fewest: 1, most: 2 },
    softSteps: 800,
    entropyWeight: 0.02,
  },
  validationCanvases: 100,
  testCanvases: 300,
  least: { soft: 0.6, hard: 0.5, more: 0.1, onDigit: 0.5 },
};

export const experiment: Experiment<Settings, DigitsFigures> = {
  name: 'digits',
  claim: 'Looking at one digit after the other, softly or hard, a decoder reads what one fixed vector loses.',
  settings: { full, quick },
  parts: () => parts,
  run,
  checks({ parts, settings }) {
    const { least } = settings;
    const figuresOf = (part: Attention): DigitsFigures => parts[part]!.figures;
    const off = figuresOf('off');
    return (['soft', 'hard'] as const).flatMap((part): Check[] => {
      const { digitsRight, attentionOnDigit } = figuresOf(part);
      const more = digitsRight - off.digitsRight;
      return [
        {
          text: `${percent(digitsRight)} of digits right with ${part} attention, at least ${percent(least[part])}`,
          passed: digitsRight >= least[part],
        },
        {
          text: `${points(more)} points more than without attention, at least ${points(least.more)}`,
          passed: more >= least.more,
        },
        {
          text: `${percent(attentionOnDigit)} of ${part} attention on the digit that is read, at least ${percent(least.onDigit)}`,
          passed: attentionOnDigit >= least.onDigit,
        },
      ];
    });
  },
  pictures,
  report,
};

async function run(part: string, { settings, seed, report }: PartContext<Settings>): Promise<DigitsFigures> {
  const { canvas, validationCanvases, testCanvases } = settings;
  // The same images, and the same canvases of them, for all parts.
  const seeds = new Random(seed);
  const glyphs = loadGlyphs(seeds.bits());
  const training = new Random(seeds.bits());
  const drawn = (from: readonly Glyph[], count: number): Canvas[] => {
    const random = new Random(seeds.bits());
    return Array.from({ length: count }, () => drawCanvas(from, canvas, random));
  };
  const validation = drawn(glyphs.validation, validationCanvases);
  const test = drawn(glyphs.test, testCanvases);
  using runtime = await trainingRuntime({ seed });
  const draw = (shape: CanvasSettings): Canvas => drawCanvas(glyphs.train, shape, training);
  const lesson = { attention: part as Attention, settings, draw, validation, report };
  const { reader, curve } = await teach(runtime, lesson);
  using _reader = reader;
  return {
    ...testFigures(reader, test, canvas),
    parameters: reader.parameterCount,
    curve,
    grid: reader.grid,
  };
}

function testFigures(reader: Reader, test: readonly Canvas[], canvas: CanvasSettings) {
  const read = reader.read(test).map((reading, i) => ({ reading, canvas: test[i]! }));
  const scoreOf = (some: typeof read): ReadingScore => {
    const [canvases, readings] = [some.map((each) => each.canvas), some.map(({ reading }) => reading)];
    return scoreReadings(canvases, readings, reader.grid, canvas);
  };
  const groups = Array.from({ length: canvas.most - canvas.fewest + 1 }, (_, i) => {
    const count = canvas.fewest + i;
    return { count, some: read.filter((each) => each.canvas.digits.length === count) };
  });
  return {
    ...scoreOf(read),
    byCount: groups.map(({ count, some }) => {
      const { canvases, digitsRight, sequencesRight } = scoreOf(some);
      return { count, canvases, digitsRight, sequencesRight };
    }),
    examples: groups.map(({ some: [first] }) => exampleOf(first!.canvas, first!.reading)),
  };
}
