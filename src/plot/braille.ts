/** A canvas of braille patterns: two dots sideways and four downwards in each cell of a terminal. */
export class BrailleCanvas {
  /** In dots. */
  readonly width: number;
  readonly height: number;
  readonly #cells: Uint8Array;
  readonly #columns: number;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#cells = new Uint8Array(columns * rows);
    [this.width, this.height] = [2 * columns, 4 * rows];
  }

  /** Sets the dots from one to the other; all within the canvas. With `every` above 1, one dot of so many. */
  line(x0: number, y0: number, x1: number, y1: number, every = 1): void {
    const steps = Math.max(1, Math.round(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
    for (let step = 0; step <= steps; step += every) {
      const share = step / steps;
      this.#dot(Math.round(x0 + share * (x1 - x0)), Math.round(y0 + share * (y1 - y0)));
    }
  }

  /** The pattern of a cell, or nothing where it has no dots. */
  cell(column: number, row: number): string | undefined {
    const dots = this.#cells[row * this.#columns + column]!;
    return dots === 0 ? undefined : String.fromCharCode(0x2800 + dots);
  }

  /** The cells that have dots: [column, row]. */
  filled(): [number, number][] {
    return Array.from(this.#cells.keys())
      .filter((i) => this.#cells[i] !== 0)
      .map((i) => [i % this.#columns, Math.floor(i / this.#columns)]);
  }

  #dot(x: number, y: number): void {
    // Unicode counts the six upper dots down the columns, then the two below.
    const bit = y % 4 === 3 ? 6 + (x % 2) : 3 * (x % 2) + (y % 4);
    this.#cells[(y >> 2) * this.#columns + (x >> 1)]! |= 1 << bit;
  }
}
