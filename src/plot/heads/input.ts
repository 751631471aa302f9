import { ArgumentError, ShapeError } from '../../errors.ts';
import { checkLabels, checkObject, checkTitle, checkWeights, isList, kind, type Weights } from '../input.ts';
import type { AttentionGrid } from '../map/grid.ts';

/** What small multiples of all heads are made from. */
export interface AttentionHeadsInput {
  /** One label per row: what attends. */
  rows: readonly string[];
  /** One label per column: what is attended to. */
  columns: readonly string[];
  /**
   * [layers, heads, rows, columns], each weight in [0, 1]: an array of layers, each flat in row-major order or an array of
   * heads, each flat or nested; or all of it flat, with `heads`.
   */
  layers: ArrayLike<number> | readonly (ArrayLike<number> | readonly Weights[])[];
  /** How many heads a layer has. Needed where `layers` is flat; otherwise it is found. */
  heads?: number;
  title?: string;
  /** What the rows are, such as `words`. */
  rowsTitle?: string;
  /** What the columns are. */
  columnsTitle?: string;
}

/** Checked heads. */
export interface Heads {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** [layer][head]: [rows, columns] in row-major order. */
  readonly layers: readonly (readonly Float64Array[])[];
  readonly title: string | undefined;
  readonly rowsTitle: string | undefined;
  readonly columnsTitle: string | undefined;
}

const WHERE = 'attentionHeads';

/** Checks and copies the input. @throws ShapeError, ArgumentError */
export function checkHeads(input: AttentionHeadsInput): Heads {
  checkObject(input, WHERE, 'rows, columns and layers');
  const rows = checkLabels(input.rows, WHERE, 'rows');
  const columns = checkLabels(input.columns, WHERE, 'columns');
  const { heads } = input;
  if (heads !== undefined && !(Number.isInteger(heads) && heads > 0)) {
    throw new ArgumentError(`${WHERE}: heads must be a positive integer, got ${heads}`);
  }
  const layers = layersOf(input.layers, heads, rows.length, columns.length).map((layer, l) =>
    layer.map((weights, h) =>
      checkWeights(weights, rows.length, columns.length, WHERE, `layers[${l}][${h}]`),
    ),
  );
  const expected = heads ?? layers[0]?.length;
  layers.forEach(({ length }, l) => {
    if (length === expected) return;
    throw new ShapeError(`${WHERE}: layers[${l}] must hold ${expected} heads, got ${length}`);
  });
  return {
    rows,
    columns,
    layers,
    title: checkTitle(input.title, WHERE, 'title'),
    rowsTitle: checkTitle(input.rowsTitle, WHERE, 'rowsTitle'),
    columnsTitle: checkTitle(input.columnsTitle, WHERE, 'columnsTitle'),
  };
}

/** [layer][head] of what came, each head still to be checked. */
function layersOf(
  layers: AttentionHeadsInput['layers'],
  heads: number | undefined,
  rows: number,
  columns: number,
): Weights[][] {
  if (!isList(layers)) {
    throw new ArgumentError(`${WHERE}: layers must be an array of layers, got ${kind(layers)}`);
  }
  const size = rows * columns;
  if (isFlat(layers)) {
    if (heads === undefined) {
      throw new ArgumentError(`${WHERE}: heads must be given where layers is flat, got undefined`);
    }
    return parts(layers, heads * size, 'layers', `a multiple of ${heads} x ${rows} x ${columns}`).map(
      (layer, l) => parts(layer, size, `layers[${l}]`, ''),
    );
  }
  return Array.from(layers, (layer, l) => {
    if (!isList(layer)) {
      throw new ArgumentError(`${WHERE}: layers[${l}] must be an array of heads, got ${kind(layer)}`);
    }
    if (isFlat(layer)) return parts(layer, size, `layers[${l}]`, `a multiple of ${rows} x ${columns}`);
    return Array.from(layer as readonly Weights[]);
  });
}

function isFlat(values: ArrayLike<unknown>): values is ArrayLike<number> {
  return typeof values[0] === 'number';
}

/** The values cut into pieces of `size`. */
function parts(values: ArrayLike<number>, size: number, argument: string, expected: string): number[][] {
  if (size === 0 || values.length % size !== 0) {
    throw new ShapeError(
      `${WHERE}: ${argument} must hold ${expected} = ${size} numbers, got ${values.length}`,
    );
  }
  const all = Array.from(values);
  return Array.from({ length: all.length / size }, (_, i) => all.slice(i * size, (i + 1) * size));
}

/** Whether there is a weight to draw. */
export function hasWeights({ rows, columns, layers }: Heads): boolean {
  return rows.length * columns.length * layers.length * (layers[0]?.length ?? 0) > 0;
}

/** Layer by layer, each head as a map of its own, named by its place. */
export function mapsOf({ rows, columns, layers }: Heads): AttentionGrid[] {
  return layers.flatMap((heads, l) =>
    heads.map((weights, h) => ({ rows, columns, weights, title: headName(l, h) })),
  );
}

export function headName(layer: number, head: number): string {
  return `layer ${layer + 1}, head ${head + 1}`;
}

/** What is missing, where there are no weights. */
export function noWeights({ rows, columns, layers }: Heads): string {
  const sizes = [layers.length, layers[0]?.length ?? 0, rows.length, columns.length];
  return `no weights: ${sizes.join(' × ')}`;
}

/** What the heads are, for those who do not see them. */
export function describeHeads(
  { title, rows, columns, layers }: Heads,
  drawn: (text: string) => string,
): string {
  const named = title ? `: ${drawn(title)}` : '';
  const size = `${rows.length} × ${columns.length}`;
  return `attention of all heads${named}, ${layers.length} × ${layers[0]?.length ?? 0} heads, ${size} each`;
}
