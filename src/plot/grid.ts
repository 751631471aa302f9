import { ArgumentError, ShapeError } from '../errors.ts';

/** What an attention map is made from. */
export interface AttentionMapInput {
  /** One label per row: what was produced, such as the phonemes. */
  rows: readonly string[];
  /** One label per column: what was attended to, such as the letters. */
  columns: readonly string[];
  /** [rows, columns], flat in row-major order or nested, each weight in [0, 1]. */
  weights: ArrayLike<number> | ArrayLike<ArrayLike<number>>;
  title?: string;
  /** What the rows are, such as `phonemes`. */
  rowsTitle?: string;
  /** What the columns are, such as `letters`. */
  columnsTitle?: string;
}

/** A checked map: `weights` is [rows, columns], flat in row-major order, each in [0, 1]. */
export interface AttentionGrid {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly weights: Float64Array;
  readonly title?: string;
  readonly rowsTitle?: string;
  readonly columnsTitle?: string;
}

/** A softmax in float32 can end a few units in the last place above 1. */
export const ROUNDING = 1e-6;

/** Checks and copies the input. @throws ShapeError, ArgumentError */
export function checkGrid(input: AttentionMapInput): AttentionGrid {
  if (typeof input !== 'object' || input === null) {
    throw new ArgumentError(
      `attentionMap: expected an object with rows, columns and weights, got ${kind(input)}`,
    );
  }
  const rows = checkLabels(input.rows, 'rows');
  const columns = checkLabels(input.columns, 'columns');
  return {
    rows,
    columns,
    weights: checkWeights(input.weights, rows.length, columns.length),
    title: checkTitle(input.title, 'title'),
    rowsTitle: checkTitle(input.rowsTitle, 'rowsTitle'),
    columnsTitle: checkTitle(input.columnsTitle, 'columnsTitle'),
  };
}

/** The titles of both axes with their directions, or an empty text. */
export function axes({ rowsTitle, columnsTitle }: AttentionGrid): string {
  return [rowsTitle && `${rowsTitle} ↓`, columnsTitle && `${columnsTitle} →`].filter(Boolean).join(' · ');
}

/** @throws ArgumentError when `maps` is not an array of maps */
export function checkMaps(maps: readonly AttentionGrid[], where: string): void {
  if (!Array.isArray(maps)) throw new ArgumentError(`${where}: maps must be an array, got ${kind(maps)}`);
  maps.forEach((grid: AttentionGrid | undefined, index) => {
    if (grid?.weights instanceof Float64Array) return;
    throw new ArgumentError(`${where}: maps[${index}] must come from attentionMap(), got ${kind(grid)}`);
  });
}

function checkLabels(labels: readonly string[], argument: string): readonly string[] {
  if (!Array.isArray(labels)) {
    throw new ArgumentError(`attentionMap: ${argument} must be an array of strings, got ${kind(labels)}`);
  }
  return Array.from(labels, (label, index) => {
    if (typeof label === 'string') return label;
    throw new ArgumentError(`attentionMap: ${argument}[${index}] must be a string, got ${kind(label)}`);
  });
}

function checkTitle(title: string | undefined, argument: string): string | undefined {
  if (title === undefined || typeof title === 'string') return title;
  throw new ArgumentError(`attentionMap: ${argument} must be a string, got ${kind(title)}`);
}

function checkWeights(weights: AttentionMapInput['weights'], rows: number, columns: number): Float64Array {
  if (typeof weights !== 'object' || weights === null || typeof weights.length !== 'number') {
    throw new ArgumentError(
      `attentionMap: weights must be an array of ${rows} x ${columns} numbers, got ${kind(weights)}`,
    );
  }
  const nested = typeof weights[0] === 'object' && weights[0] !== null;
  const size = nested ? rows : rows * columns;
  if (weights.length !== size) {
    const got = nested ? `${weights.length} rows` : `${weights.length} numbers`;
    const expected = nested ? `${rows} rows` : `${rows} x ${columns} = ${size} numbers`;
    throw new ShapeError(
      `attentionMap: weights must hold ${expected} (rows is [${rows}], columns is [${columns}]), got ${got}`,
    );
  }
  const flat = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const line = nested ? (weights[row] as ArrayLike<number>) : (weights as ArrayLike<number>);
    const offset = nested ? 0 : row * columns;
    if (nested && line?.length !== columns) {
      throw new ShapeError(
        `attentionMap: weights[${row}] must hold ${columns} numbers (columns is [${columns}]), got ${line?.length ?? kind(line)}`,
      );
    }
    for (let column = 0; column < columns; column++) {
      flat[row * columns + column] = checkWeight(line[offset + column], row, column);
    }
  }
  return flat;
}

function checkWeight(weight: unknown, row: number, column: number): number {
  if (typeof weight !== 'number' || !(weight >= 0 && weight <= 1 + ROUNDING)) {
    const got = typeof weight === 'number' ? weight : kind(weight);
    throw new ArgumentError(
      `attentionMap: weights must be numbers in [0, 1], got ${got} at row ${row}, column ${column}`,
    );
  }
  return Math.min(weight, 1);
}

/** What a value is, for a message. */
export function kind(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
}
