import { ArgumentError } from '../errors.ts';
import { inkOn, weightColour } from './colour.ts';
import { type AttentionGrid, axes, checkMaps } from './grid.ts';
import { drawnLabel, drawnTitle, markup, shorten, widest, wrap } from './labels.ts';

export interface SVGOptions {
  /** The side of a cell in user units, at least 4. Default 28, and 14 for more than 60 rows or columns. */
  cellSize?: number;
}

/**
 * The only part that a page's Content-Security-Policy can take away: all positions and light colours are
 * attributes, and this adds dark colours and what happens on hover. The class keeps the rules from the page around.
 */
export const MAP_STYLE =
  '.heed-map .cell:hover{stroke:#ff3d77;stroke-width:2}' +
  '.heed-map .cell:hover+.value{visibility:visible}' +
  '@media (prefers-color-scheme:dark){' +
  '.heed-map .paper{fill:#15171c}.heed-map .ink{fill:#eceef2}.heed-map .faint{fill:#a9afbb}}';

/** Between what is drawn and the edge of the document. */
export const MARGIN = 16;
export const TITLE_SIZE = 16;
export const CAPTION_SIZE = 13;
const LEAST_TEXT_WIDTH = 240;
const WIDEST_ROW_LABEL = 24;
const WIDEST_COLUMN_LABEL = 20;
// One terminal cell of text in em: a generous estimate, since the reader's font is unknown.
export const MONOSPACE_ADVANCE = 0.62;
export const SANS_ADVANCE = 0.6;
const LEGEND_STEPS = 20;
const LEGEND_STEP = 6;
const LEGEND_HEIGHT = 10;
// In a page, a map scrolls sideways below this share of its size: smaller labels would be hard to read.
const LEAST_SCALE = 0.75;

/** A drawn map without the document around it, with its top left corner at 0, 0. */
interface Panel {
  width: number;
  height: number;
  body: string;
}

/** One map as an SVG document. @throws ArgumentError when `cellSize` is not a number of at least 4 */
export function toSVG(grid: AttentionGrid, options: SVGOptions = {}): string {
  return svgDocument([panel(grid, cellSize(grid, options), true)], describe(grid), 'document');
}

/** The map for a page that has {@link MAP_STYLE} and shows the title itself. */
export function toInlineSVG(grid: AttentionGrid): string {
  return svgDocument([panel(grid, cellSize(grid, {}), false)], describe(grid), 'inline');
}

/**
 * Several maps in one SVG document, each below the other, with one legend. Without maps it is a document that says
 * so.
 *
 * @throws ArgumentError when `maps` is not an array of maps
 */
export function attentionSheet(maps: readonly AttentionGrid[]): string {
  checkMaps(maps, 'attentionSheet');
  const panels = maps.map((grid) => panel(grid, cellSize(grid, {}), true));
  const label = maps.map(describe).join('; ') || 'no attention maps';
  return svgDocument(panels, label, 'document');
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

function svgDocument(panels: readonly Panel[], label: string, place: 'document' | 'inline'): string {
  const legendWidth = LEGEND_STEPS * LEGEND_STEP + 80;
  const width = round(
    Math.max(legendWidth, LEAST_TEXT_WIDTH, ...panels.map((each) => each.width)) + 2 * MARGIN,
  );
  let top = MARGIN;
  let body = '';
  for (const each of panels) {
    body += `<g transform="translate(${MARGIN} ${round(top)})">${each.body}</g>\n`;
    top += each.height + MARGIN;
  }
  if (panels.length === 0) {
    body = text(MARGIN, top + CAPTION_SIZE, CAPTION_SIZE, 'faint', 'no attention maps');
    top += CAPTION_SIZE + MARGIN;
  }
  const height = round(top + LEGEND_HEIGHT + MARGIN);
  const least = place === 'inline' ? ` style="min-width:${Math.round(width * LEAST_SCALE)}px"` : '';
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="heed-map"${least} role="img" aria-label="${markup(label)}" ` +
    `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" direction="ltr" ` +
    `font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace">\n` +
    (place === 'document' ? `<style>${MAP_STYLE}</style>\n` : '') +
    `<rect class="paper" width="${width}" height="${height}" rx="8" fill="#fff"/>\n` +
    `${body}${legend(top)}\n</svg>`
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

  let body = '';
  let top = 0;
  const paragraph = (content: string, letters: number, kind: 'ink' | 'faint', weight: string): void => {
    const fitting = Math.floor(Math.max(width, LEAST_TEXT_WIDTH) / (letters * SANS_ADVANCE));
    for (const line of wrap(content, fitting)) {
      body += text(0, top + letters, letters, kind, line, `font-family="system-ui, sans-serif"${weight}`);
      top += round(letters * 1.35);
    }
  };
  if (titled && grid.title) paragraph(drawnTitle(grid.title), TITLE_SIZE, 'ink', ' font-weight="600"');
  paragraph(drawnTitle(axes(grid)), CAPTION_SIZE, 'faint', '');
  if (grid.weights.length === 0) {
    paragraph(`no weights: ${rows.length} × ${columns.length}`, CAPTION_SIZE, 'faint', '');
    return { width: LEAST_TEXT_WIDTH, height: top, body };
  }

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

function legend(top: number): string {
  const baseline = top + LEGEND_HEIGHT - 1;
  const steps = Array.from({ length: LEGEND_STEPS }, (_, step) => {
    const fill = weightColour(step / (LEGEND_STEPS - 1));
    return `<rect x="${MARGIN + 12 + step * LEGEND_STEP}" y="${round(top)}" width="${LEGEND_STEP}" height="${LEGEND_HEIGHT}" fill="${fill}"/>`;
  });
  return (
    text(MARGIN, baseline, 12, 'faint', '0') +
    `<g shape-rendering="crispEdges">${steps.join('')}</g>` +
    text(MARGIN + 16 + LEGEND_STEPS * LEGEND_STEP, baseline, 12, 'faint', '1 weight')
  );
}

/** A line of text; the kind gives it a colour for light and for dark pages. */
export function text(
  x: number,
  y: number,
  size: number,
  kind: 'ink' | 'faint',
  content: string,
  more = '',
): string {
  const fill = kind === 'ink' ? '#1b1d22' : '#5b616e';
  const attributes = more === '' ? '' : ` ${more}`;
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${fill}"${attributes}>${markup(content)}</text>`;
}

/** To a tenth of a user unit. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
