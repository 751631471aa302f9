import { describe, expect, it } from 'vitest';
import { type Box, type CanvasSettings, drawCanvas } from '../../experiments/digits/canvas.ts';
import { exampleOf, pixelsOf } from '../../experiments/digits/figures.ts';
import { type Glyph, loadGlyphs } from '../../experiments/digits/mnist.ts';
import { Reader } from '../../experiments/digits/reader.ts';
import { massOnBox, type Reading, scoreReadings } from '../../experiments/digits/reading.ts';
import { experiment, type Settings } from '../../experiments/digits/run.ts';
import { ArgumentError } from '../../src/errors.ts';
import { Random } from '../../src/tensor/random.ts';
import { trainingRuntime } from '../../src/train/trainingRuntime.ts';

const settings: Settings[] = Object.values(experiment.settings);
const glyphs = loadGlyphs(1);
const keys = (some: readonly Glyph[]): string[] => some.map(({ digit, index }) => `${digit}/${index}`);

describe('MNIST in three parts', () => {
  it('has every image in exactly one, eight tenths of each digit to learn from', () => {
    const all = [...keys(glyphs.train), ...keys(glyphs.validation), ...keys(glyphs.test)];
    expect(all.length).toBe(10_000);
    expect(new Set(all).size).toBe(10_000);
    for (let digit = 0; digit < 10; digit++) {
      const of = (part: readonly Glyph[]): number => part.filter((glyph) => glyph.digit === digit).length;
      expect(of(glyphs.test)).toBe(of(glyphs.validation));
      expect(of(glyphs.train) / (of(glyphs.train) + 2 * of(glyphs.test))).toBeCloseTo(0.8, 2);
    }
  });

  it('shares no image between the parts, nor one that looks the same', () => {
    const looks = ({ width, ink }: Glyph): string => `${width}: ${ink.join()}`;
    const learnt = new Set(glyphs.train.map(looks));
    const others = [...glyphs.validation, ...glyphs.test];
    expect(others.filter((glyph) => learnt.has(looks(glyph)))).toEqual([]);
  });

  it('is parted by the seed', () => {
    expect(keys(loadGlyphs(1).test)).toEqual(keys(glyphs.test));
    expect(keys(loadGlyphs(2).test)).not.toEqual(keys(glyphs.test));
  });

  it('cuts images to their ink', () => {
    for (const { width, height, ink } of glyphs.validation) {
      const inked = (x: number, y: number): boolean => ink[y * width + x]! > 0;
      const columns = Array.from({ length: width }, (_, x) => x);
      const rows = Array.from({ length: height }, (_, y) => y);
      for (const y of [0, height - 1]) expect(columns.some((x) => inked(x, y))).toBe(true);
      for (const x of [0, width - 1]) expect(rows.some((y) => inked(x, y))).toBe(true);
      expect(Math.max(...ink)).toBeLessThanOrEqual(1);
    }
  });
});

describe.each(settings)('canvases of $canvas.height x $canvas.width', ({ canvas }) => {
  const random = new Random(5);
  const drawn = Array.from({ length: 500 }, () => drawCanvas(glyphs.train, canvas, random));

  it('have as many digits as asked for, in all numbers of them', () => {
    const counts = new Set(drawn.map(({ digits }) => digits.length));
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([canvas.fewest, canvas.most]);
    for (const { digits, boxes } of drawn) expect(boxes.length).toBe(digits.length);
    expect(new Set(drawn.flatMap(({ digits }) => digits)).size).toBe(10);
  });

  it('hold each digit whole, from left to right, apart from its neighbours', () => {
    for (const { boxes } of drawn) {
      boxes.forEach(({ left, top, width, height }, i) => {
        expect(left).toBeGreaterThan(i === 0 ? 0 : boxes[i - 1]!.left + boxes[i - 1]!.width);
        expect(left + width).toBeLessThan(canvas.width);
        expect(top).toBeGreaterThanOrEqual(0);
        expect(top + height).toBeLessThanOrEqual(canvas.height);
      });
    }
  });

  it('have ink in the boxes and nowhere else', () => {
    for (const { pixels, boxes } of drawn.slice(0, 50)) {
      const inkIn = ({ left, top, width, height }: Box): number => {
        let sum = 0;
        for (let y = top; y < top + height; y++) {
          for (let x = left; x < left + width; x++) sum += pixels[y * canvas.width + x]!;
        }
        return sum;
      };
      const inBoxes = boxes.map(inkIn);
      for (const ink of inBoxes) expect(ink).toBeGreaterThan(5);
      const all = pixels.reduce((a, b) => a + b, 0);
      expect(inBoxes.reduce((a, b) => a + b, 0)).toBeCloseTo(all, 2);
      expect(Math.max(...pixels)).toBeLessThanOrEqual(1);
    }
  });

  it('reach all places', () => {
    const lefts = drawn.map(({ boxes }) => boxes[0]!.left);
    const rights = drawn.map(({ boxes }) => boxes.at(-1)!.left + boxes.at(-1)!.width);
    expect(Math.min(...lefts)).toBe(1);
    expect(Math.max(...rights)).toBe(canvas.width - 1);
  });

  it('are the same for the same seed, and others for another', () => {
    const first = (seed: number) => drawCanvas(glyphs.train, canvas, new Random(seed));
    expect(first(7)).toEqual(first(7));
    expect(first(8).pixels).not.toEqual(first(7).pixels);
  });

  it('are refused where the digits have no room', () => {
    const narrow: CanvasSettings = { ...canvas, width: 10 };
    expect(() => drawCanvas(glyphs.train, narrow, new Random(1))).toThrow(ArgumentError);
    const low: CanvasSettings = { ...canvas, height: 3 };
    expect(() => drawCanvas(glyphs.train, low, new Random(1))).toThrow(ArgumentError);
  });

  it('survive being kept as an example, to a byte a pixel', () => {
    const [canvasKept] = drawn;
    const example = exampleOf(canvasKept!, { digits: [1], attention: [[0.33333, 0.66667]] });
    expect(example.attention).toEqual([[0.3333, 0.6667]]);
    const kept = pixelsOf(JSON.parse(JSON.stringify(example)));
    expect(kept.length).toBe(canvas.height * canvas.width);
    kept.forEach((byte, i) => {
      expect(Math.abs(byte / 255 - canvasKept!.pixels[i]!)).toBeLessThanOrEqual(0.5 / 255 + 1e-6);
    });
  });
});

describe('the score of readings', () => {
  const size = { height: 8, width: 16 };
  const grid = { rows: 1, columns: 2 };
  const canvas = {
    pixels: new Float32Array(128),
    digits: [3, 5],
    boxes: [
      { left: 1, top: 1, width: 4, height: 6 },
      { left: 10, top: 1, width: 4, height: 6 },
    ],
  };
  const reading = (digits: readonly number[], ...attention: number[][]): Reading => ({ digits, attention });
  const even = [0.5, 0.5];
  const right = (digits: readonly number[]): number => {
    const looks = digits.map(() => even);
    return scoreReadings([canvas], [reading(digits, ...looks)], grid, size).digitsRight;
  };

  it('counts a digit as right at its own place only, missing and added ones as wrong', () => {
    expect(right([3, 5])).toBe(1);
    expect(right([3, 4])).toBe(1 / 2);
    expect(right([5, 3])).toBe(0);
    expect(right([3])).toBe(1 / 2);
    expect(right([])).toBe(0);
    expect(right([3, 5, 5])).toBe(2 / 3);
    expect(right([1, 3, 5])).toBe(0);
  });

  it('counts whole canvases, and weighs each by its digits', () => {
    const readings = [reading([3, 5], even, even), reading([3, 5, 1, 1], even, even)];
    const score = scoreReadings([canvas, canvas], readings, grid, size);
    expect(score).toMatchObject({ canvases: 2, sequencesRight: 1 / 2, digitsRight: 4 / 6 });
  });

  it('says how much attention is on the digit of the step', () => {
    const looked = reading([3, 5], [0.75, 0.25], [0, 1]);
    const score = scoreReadings([canvas], [looked], grid, size);
    expect(score.attentionOnDigit).toBeCloseTo((0.75 + 1) / 2, 12);
    expect(score.attentionNearest).toBeCloseTo((0.75 + 1) / 2, 12);
  });

  it('takes all cells that the ink touches, and none beside it', () => {
    const weights = [1, 2, 4, 8];
    const on = (left: number, width: number): number =>
      massOnBox(weights, { left, top: 0, width, height: 8 }, { rows: 1, columns: 4 }, size);
    expect(on(0, 4)).toBe(1);
    expect(on(3, 2)).toBe(1 + 2);
    expect(on(4, 9)).toBe(2 + 4 + 8);
    expect(massOnBox(weights, { left: 0, top: 0, width: 9, height: 4 }, { rows: 2, columns: 2 }, size)).toBe(
      3,
    );
  });

  it('refuses readings of other canvases', () => {
    expect(() => scoreReadings([canvas], [], grid, size)).toThrow(ArgumentError);
    expect(() => scoreReadings([], [], grid, size)).toThrow(ArgumentError);
  });
});

describe('a reader with attention switched off', () => {
  const { canvas, reader: sizes } = experiment.settings.quick as Settings;
  const random = new Random(3);
  const canvases = Array.from({ length: 3 }, () => drawCanvas(glyphs.train, canvas, random));

  it('looks everywhere alike at each step, and has nothing of attention to learn', async () => {
    using runtime = await trainingRuntime({ seed: 1 });
    using reader = new Reader(runtime, 'off', { canvas, reader: sizes });
    using whole = new Reader(runtime, 'soft', { canvas, reader: sizes });
    const places = reader.grid.rows * reader.grid.columns;
    for (const { attention } of reader.read(canvases)) {
      for (const weights of attention) {
        for (const weight of Array.from(weights)) expect(weight).toBeCloseTo(1 / places, 6);
      }
    }
    const attends = [...whole.parameters].filter(([name]) => name.startsWith('attn_'));
    expect(attends.length).toBe(3);
    const more = attends.reduce((sum, [, { size }]) => sum + size, 0);
    expect(whole.parameterCount - reader.parameterCount).toBe(more);
    expect([...reader.parameters.keys()].filter((name) => name.startsWith('attn_'))).toEqual([]);
  });

  it('stays so when it learns', async () => {
    using runtime = await trainingRuntime({ seed: 1 });
    using reader = new Reader(runtime, 'off', { canvas, reader: sizes });
    runtime.scope(() => {
      const all = reader.model.parameters();
      const { gradients } = runtime.gradients(() => reader.model.loss(reader.batch(canvases)), all);
      const largest = (name: string): number =>
        Math.max(...gradients.get(name)!.toFloat32Array().map(Math.abs));
      // Zero is no resting place of v: it must be left out of what learns.
      expect(largest('attn_v.weight')).toBeGreaterThan(0);
      expect(largest('attn_q.weight')).toBe(0);
      expect(largest('attn_k.weight')).toBe(0);
    });
  });
});
