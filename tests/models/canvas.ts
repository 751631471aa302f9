/** Small pictures with two or three shapes side by side, and what they show from left to right. */
import type { Random } from '../../src/tensor/random.ts';

export const HEIGHT = 8;
export const WIDTH = 24;
/** Of a shape. */
const SIDE = 5;
/** Each third of the canvas has room for a shape. */
const THIRD = WIDTH / 3;

export const [PAD, START, END, FIRST] = [0, 1, 2, 3];

/** What the words mean. */
export const SHAPES: Readonly<Record<string, readonly string[]>> = {
  cross: ['..#..', '..#..', '#####', '..#..', '..#..'],
  box: ['#####', '#...#', '#...#', '#...#', '#####'],
  slash: ['....#', '...#.', '..#..', '.#...', '#....'],
  tee: ['#####', '..#..', '..#..', '..#..', '..#..'],
  bars: ['#####', '.....', '#####', '.....', '#####'],
  arrow: ['#####', '##...', '#.#..', '#..#.', '#...#'],
};
const NAMES = Object.keys(SHAPES);

export interface Canvas {
  /** [HEIGHT, WIDTH], 0 to 1. */
  readonly pixels: Float32Array;
  /** Ids of the shapes, from left to right. */
  readonly caption: readonly number[];
  /** Where each lies. */
  readonly boxes: readonly { readonly top: number; readonly left: number }[];
}

export const nameOf = (id: number): string => NAMES[id - FIRST] ?? '<eos>';

/** A shape anywhere in each third; now and then one third is left empty. */
export function drawCanvas(random: Random): Canvas {
  const pixels = new Float32Array(HEIGHT * WIDTH).map(() => 0.1 * random.uniform());
  const empty = random.uniform() < 0.2 ? random.integer(3) : -1;
  const caption: number[] = [];
  const boxes: { top: number; left: number }[] = [];
  for (let third = 0; third < 3; third++) {
    if (third === empty) continue;
    const shape = random.integer(NAMES.length);
    const top = random.integer(HEIGHT - SIDE + 1);
    const left = third * THIRD + random.integer(THIRD - SIDE + 1);
    SHAPES[NAMES[shape]!]!.forEach((line, row) => {
      [...line].forEach((ink, column) => {
        if (ink === '#') pixels[(top + row) * WIDTH + left + column] = 1;
      });
    });
    caption.push(FIRST + shape);
    boxes.push({ top, left });
  }
  return { pixels, caption, boxes };
}

/** The share of attention [rows * columns] that lies on the cells of a grid which a shape touches. */
export function massOn(
  weights: ArrayLike<number>,
  { top, left }: { top: number; left: number },
  { rows, columns }: { rows: number; columns: number },
): number {
  let mass = 0;
  for (let i = 0; i < rows * columns; i++) {
    const [y, x] = [(Math.floor(i / columns) * HEIGHT) / rows, ((i % columns) * WIDTH) / columns];
    const touches =
      y < top + SIDE && y + HEIGHT / rows > top && x < left + SIDE && x + WIDTH / columns > left;
    if (touches) mass += weights[i]!;
  }
  return mass;
}
