import { ArgumentError } from '../../errors.ts';
import { inkOn, weightColour } from '../colour.ts';
import { drawnLabel, drawnTitle, markup, shorten, widest } from '../labels.ts';
import {
  heading,
  LEAST_TEXT_WIDTH,
  MARGIN,
  MONOSPACE_ADVANCE,
  type Panel,
  type Place,
  paper,
  placed,
  round,
  text,
} from '../paper.ts';
import { type AttentionGrid, axes, checkMaps } from './grid.ts';

export interface SVGOptions {
  /** The side of a cell in user units, at least 4. Default 28, and 14 for more than 60 rows or columns. */
  cellSize?: number;
}

export interface SheetOptions extends SVGOptions {
  /** How many maps stand side by side; 1 by default. */
  beside?: number;
}

const WIDEST_ROW_LABEL = 24;
const WIDEST_COLUMN_LABEL = 20;
const LEGEND_STEPS = 20;
const LEGEND_STEP = 6;
const LEGEND_HEIGHT = 10;

/** One map as an SVG document. @throws ArgumentError when `cellSize` is not a number of at least 4 */
export function toSVG(grid: AttentionGrid, options: SVGOptions = {}): string {
  return svgDocument([panel(grid, cellSize(grid, options), true)], describe(grid), 'document');
}

/** The map for a page that has the style of {@link paper} and shows the title itself. */
export function toInlineSVG(grid: AttentionGrid): string {
  return svgDocument([panel(grid, cellSize(grid, {}), false)], describe(grid), 'inline');
}

/**
 * Several maps in one SVG document, below one another or in rows, with one legend. Without maps it is a document that
 * says so.
 *
 * @throws ArgumentError when `maps` is not an array of maps, `beside` no positive integer, or `cellSize` not a number of
 *   at least 4
 */
export function attentionSheet(maps: readonly AttentionGrid[], options: SheetOptions = {}): string {
  checkMaps(maps, 'attentionSheet');
  const { beside = 1 } = options;
  if (!(Number.isInteger(beside) && beside > 0)) {
    throw new ArgumentError(`attentionSheet: beside must be a positive integer, got ${beside}`);
  }
  const panels = maps.map((grid) => panel(grid, cellSize(grid, options), true));
  const label = maps.map(describe).join('; ') || 'no attention maps';
  return svgDocument(panels, label, 'document', beside);
}

/** What the map is, for those who do not see it. */
export function describe(grid: AttentionGrid): string {
  const title = grid.title ? `: ${drawnTitle(grid.title)}` : '';
  const axisTitles = [grid.rowsTitle, grid.columnsTitle].flatMap((each) => (each ? [drawnTitle(each)] : []));
  const of = axisTitles.length === 0 ? '' : ` (${axisTitles.join(' × ')})`;
  return `attention map${title}, ${grid.rows.length} × ${grid.columns.length}${of}`;
}

function cellSize(grid: AttentionGrid, options: SVGOptions): number {
  const size = options.cellSize ?? (Math.max(grid.rows.length, grid.columns.length) > 60 ? 14 : 28);
  if (typeof size !== 'number' || !Number.isFinite(size) || size < 4) {
    throw new ArgumentError(`toSVG: cellSize must be a finite number of at least 4, got ${size}`);
  }
  return size;
}

function svgDocument(panels: readonly Panel[], label: string, place: Place, beside = 1): string {
  const legendWidth = LEGEND_STEPS * LEGEND_STEP + 80;
  const step = Math.max(0, ...panels.map((each) => each.width)) + MARGIN;
  const drawn = step * Math.min(beside, panels.length) - MARGIN;
  const width = Math.max(legendWidth, LEAST_TEXT_WIDTH, drawn) + 2 * MARGIN;
  let top = MARGIN;
  let body = '';
  for (let first = 0; first < panels.length; first += beside) {
    const row = panels.slice(first, first + beside);
    row.forEach((each, i) => {
      body += `${placed(each, MARGIN + i * step, top)}\n`;
    });
    top += Math.max(...row.map((each) => each.height)) + MARGIN;
  }
  if (panels.length === 0) {
    const note = heading(undefined, ['no attention maps'], LEAST_TEXT_WIDTH);
    body = placed(note, MARGIN, top);
    top += note.height + MARGIN;
  }
  return paper(
    { width, height: top + LEGEND_HEIGHT + MARGIN, body: body + placed(legend(), MARGIN, top) },
    label,
    place,
  );
}

function panel(grid: AttentionGrid, cell: number, titled: boolean): Panel {
  const size = round(Math.min(14, cell * 0.75));
  const advance = size * MONOSPACE_ADVANCE;
  const rows = grid.rows.map(drawnLabel);
  const columns = grid.columns.map(drawnLabel);
  const rowLabels = rows.map((row) => shorten(row, WIDEST_ROW_LABEL));
  const columnLabels = columns.map((column) => shorten(column, WIDEST_COLUMN_LABEL));
  const gutter = Math.ceil(widest(rowLabels) * advance) + 8;
  const width = gutter + columns.length * cell;

  const empty = grid.weights.length === 0 ? [`no weights: ${rows.length} × ${columns.length}`] : [];
  const head = heading(
    titled ? grid.title : undefined,
    [axes(grid), ...empty],
    Math.max(width, LEAST_TEXT_WIDTH),
  );
  if (grid.weights.length === 0) return head;

  let { body, height: top } = head;
  const upright = widest(columnLabels) * advance < cell;
  top += upright ? size + 10 : Math.ceil(widest(columnLabels) * advance) + 12;
  columnLabels.forEach((label, column) => {
    const middle = gutter + (column + 0.5) * cell;
    body += upright
      ? text(middle, top - 6, size, 'ink', label, 'text-anchor="middle"')
      : text(
          0,
          0,
          size,
          'ink',
          label,
          `transform="translate(${round(middle + size * 0.35)} ${round(top - 6)}) rotate(-90)"`,
        );
  });
  rowLabels.forEach((label, row) => {
    const y = top + row * cell;
    body += `\n${text(gutter - 8, y + cell / 2 + size * 0.35, size, 'ink', label, 'text-anchor="end"')}`;
    body += `<g transform="translate(${gutter} ${round(y)})">${cells(grid, row, rows[row]!, columns, cell)}</g>`;
  });
  return { width, height: top + rows.length * cell, body };
}

function cells(
  grid: AttentionGrid,
  row: number,
  rowLabel: string,
  columns: readonly string[],
  cell: number,
): string {
  const side = round(cell - 1);
  const showsValue = cell >= 24;
  return columns
    .map((column, index) => {
      const weight = grid.weights[row * columns.length + index]!;
      const value = weight.toFixed(2);
      const hint = `<title>${markup(`${rowLabel} ← ${column}: ${value}`)}</title>`;
      const x = round(index * cell);
      const box = `<rect class="cell" x="${x}" width="${side}" height="${side}" fill="${weightColour(weight)}">${hint}</rect>`;
      if (!showsValue) return box;
      return (
        `${box}<text class="value" x="${round(x + side / 2)}" y="${round(side / 2 + 3.5)}" font-size="10" ` +
        `text-anchor="middle" fill="${inkOn(weight)}" visibility="hidden" pointer-events="none">${value}</text>`
      );
    })
    .join('');
}

/** The colours from 0 to 1. */
export function legend(): Panel {
  const steps = Array.from({ length: LEGEND_STEPS }, (_, step) => {
    const fill = weightColour(step / (LEGEND_STEPS - 1));
    return `<rect x="${12 + step * LEGEND_STEP}" width="${LEGEND_STEP}" height="${LEGEND_HEIGHT}" fill="${fill}"/>`;
  });
  const width = LEGEND_STEPS * LEGEND_STEP;
  const body =
    text(0, LEGEND_HEIGHT - 1, 12, 'faint', '0') +
    `<g shape-rendering="crispEdges">${steps.join('')}</g>` +
    text(width + 16, LEGEND_HEIGHT - 1, 12, 'faint', '1 weight');
  return { width: width + 80, height: LEGEND_HEIGHT, body };
}
