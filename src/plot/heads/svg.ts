import { ArgumentError } from '../../errors.ts';
import { weightColour } from '../colour.ts';
import { drawnLabel, drawnTitle, markup, shorten, widest } from '../labels.ts';
import { axes } from '../map/grid.ts';
import { legend } from '../map/svg.ts';
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
  SANS,
  text,
} from '../paper.ts';
import { describeHeads, type Heads, hasWeights, headName, noWeights } from './input.ts';

export interface HeadsSVGOptions {
  /** The most that the document takes in user units, from 320 to 4000, if one head fits. Default 1100. */
  width?: number;
}

/** Labels are as high as their cells. */
const SMALLEST_CELL = 8;
const LARGEST_CELL = 18;
const LARGEST_LABEL = 12;
const WIDEST_LABEL = 16;
const GAP = 10;
const NAME_SIZE = 12;
/** What would be read as 0.00 is not drawn on its own. */
const LEAST_DRAWN = 0.005;

/** How the heads of a layer stand: `perLine` beside each other. */
interface Layout {
  readonly cell: number;
  readonly labelSize: number;
  readonly gutter: number;
  readonly perLine: number;
}

/** @throws ArgumentError when `width` is not a number from 320 to 4000 */
export function headsToSVG(heads: Heads, options: HeadsSVGOptions = {}, place: Place = 'document'): string {
  const { width = 1100 } = options;
  if (!(typeof width === 'number' && width >= 320 && width <= 4000)) {
    throw new ArgumentError(`toSVG: width must be a number from 320 to 4000, got ${width}`);
  }
  const drawn = hasWeights(heads) ? panels(heads, width - 2 * MARGIN) : { width: 0, height: 0, body: '' };
  const innerWidth = Math.max(drawn.width, LEAST_TEXT_WIDTH);
  const note = hasWeights(heads) ? [] : [noWeights(heads)];
  const head = heading(place === 'document' ? heads.title : undefined, [axes(heads), ...note], innerWidth);
  const scale = legend();
  const top = MARGIN + head.height;
  const sheet = {
    width: innerWidth + 2 * MARGIN,
    height: top + drawn.height + 2 * MARGIN + scale.height,
    body: [
      placed(head, MARGIN, MARGIN),
      placed(drawn, MARGIN, top),
      placed(scale, MARGIN, top + drawn.height + MARGIN),
    ].join('\n'),
  };
  return paper(sheet, describeHeads(heads, drawnTitle), place);
}

/** As many heads in a line as fit with the smallest cells, evenly many in each; then the cells as large as they can be. */
function layoutOf(
  rows: readonly string[],
  columns: number,
  heads: number,
  layers: number,
  width: number,
): Layout {
  const names = widest([`layer ${layers}`]) * NAME_SIZE;
  const gutter = 8 + Math.ceil(Math.max(widest(rows) * LARGEST_LABEL, names) * MONOSPACE_ADVANCE);
  const room = width - gutter + GAP;
  const most = Math.max(1, Math.floor(room / (columns * SMALLEST_CELL + GAP)));
  const perLine = Math.ceil(heads / Math.ceil(heads / most));
  const fitting = Math.floor((room / perLine - GAP) / columns);
  const cell = Math.max(SMALLEST_CELL, Math.min(LARGEST_CELL, fitting));
  return { cell, labelSize: Math.min(LARGEST_LABEL, cell), gutter, perLine };
}

/** Layers downwards, their heads across; labels only at the left edge and above the first heads. */
function panels(heads: Heads, width: number): Panel {
  const rows = heads.rows.map((row) => shorten(drawnLabel(row), WIDEST_LABEL));
  const columns = heads.columns.map((column) => shorten(drawnLabel(column), WIDEST_LABEL));
  const perLayer = heads.layers[0]!.length;
  const layout = layoutOf(rows, columns.length, perLayer, heads.layers.length, width);
  const { cell, labelSize, gutter, perLine } = layout;
  const panelWidth = columns.length * cell;
  const left = (h: number): number => gutter + (h % perLine) * (panelWidth + GAP);
  const labelled = isUpright(columns, layout) ? labelSize : widest(columns) * labelSize * MONOSPACE_ADVANCE;
  let top = Math.ceil(labelled) + NAME_SIZE + 14;
  let body = '';
  for (let h = 0; h < perLine; h++) {
    body += placed(
      { width: 0, height: 0, body: columnLabels(columns, layout) },
      left(h),
      top - NAME_SIZE - 10,
    );
  }
  heads.layers.forEach((layer, l) => {
    for (let first = 0; first < perLayer; first += perLine) {
      const shown = layer.slice(first, first + perLine);
      if (first === 0) body += text(0, top - 5, NAME_SIZE, 'ink', `layer ${l + 1}`, SANS);
      body += rowLabels(rows, layout, top);
      shown.forEach((weights, at) => {
        const h = first + at;
        body += text(left(h), top - 5, NAME_SIZE - 1, 'faint', shorten(`head ${h + 1}`, 12), SANS);
        const squares = cells(heads, weights, headName(l, h), cell);
        body += `\n${placed({ width: panelWidth, height: 0, body: squares }, left(h), top)}`;
      });
      top += rows.length * cell + NAME_SIZE + GAP + 4;
    }
  });
  return { width: left(perLine - 1) + panelWidth, height: top - NAME_SIZE - GAP - 4, body };
}

function isUpright(columns: readonly string[], { cell, labelSize }: Layout): boolean {
  return widest(columns) * labelSize * MONOSPACE_ADVANCE < cell;
}

function columnLabels(columns: readonly string[], layout: Layout): string {
  const { cell, labelSize } = layout;
  const upright = isUpright(columns, layout);
  return columns
    .map((label, c) => {
      const middle = (c + 0.5) * cell;
      if (upright) return text(middle, 0, labelSize, 'ink', label, 'text-anchor="middle"');
      const turned = `transform="translate(${round(middle + labelSize * 0.35)} 0) rotate(-90)"`;
      return text(0, 0, labelSize, 'ink', label, turned);
    })
    .join('');
}

function rowLabels(rows: readonly string[], { cell, labelSize, gutter }: Layout, top: number): string {
  return rows
    .map((label, r) => {
      const y = top + (r + 0.5) * cell + labelSize * 0.35;
      return text(gutter - 6, y, labelSize, 'ink', label, 'text-anchor="end"');
    })
    .join('');
}

/** A head: its ground for the weights next to 0, and a square for each other. */
function cells({ rows, columns }: Heads, weights: Float64Array, name: string, cell: number): string {
  const hint = (content: string): string => `<title>${markup(`${name}, ${content}`)}</title>`;
  const squares = Array.from(weights, (weight, i) => {
    if (weight < LEAST_DRAWN) return '';
    const [r, c] = [Math.floor(i / columns.length), i % columns.length];
    const place = `${drawnLabel(rows[r]!)} ← ${drawnLabel(columns[c]!)}: ${weight.toFixed(2)}`;
    const outline = `M${c * cell} ${r * cell}h${cell}v${cell}h-${cell}z`;
    return `<path class="cell" d="${outline}" fill="${weightColour(weight)}">${hint(place)}</path>`;
  });
  return (
    `<rect width="${columns.length * cell}" height="${rows.length * cell}" fill="${weightColour(0)}">` +
    `${hint('weights below 0.005')}</rect>${squares.join('')}`
  );
}
