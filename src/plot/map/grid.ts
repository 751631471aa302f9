import { ArgumentError } from '../../errors.ts';
import { checkLabels, checkObject, checkTitle, checkWeights, kind, type Weights } from '../input.ts';

/** What an attention map is made from. */
export interface AttentionMapInput {
  /** One label per row: what was produced, such as the phonemes. */
  rows: readonly string[];
  /** One label per column: what was attended to, such as the letters. */
  columns: readonly string[];
  /** [rows, columns], flat in row-major order or nested, each weight in [0, 1]. */
  weights: Weights;
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

/** Checks and copies the input of the function `where`. @throws ShapeError, ArgumentError */
export function checkGrid(input: AttentionMapInput, where: string): AttentionGrid {
  checkObject(input, where, 'rows, columns and weights');
  const rows = checkLabels(input.rows, where, 'rows');
  const columns = checkLabels(input.columns, where, 'columns');
  return {
    rows,
    columns,
    weights: checkWeights(input.weights, rows.length, columns.length, where),
    title: checkTitle(input.title, where, 'title'),
    rowsTitle: checkTitle(input.rowsTitle, where, 'rowsTitle'),
    columnsTitle: checkTitle(input.columnsTitle, where, 'columnsTitle'),
  };
}

type Titles = Pick<AttentionGrid, 'rowsTitle' | 'columnsTitle'>;

/** The titles of both axes with their directions, or an empty text. */
export function axes({ rowsTitle, columnsTitle }: Titles): string {
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
