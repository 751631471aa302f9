import { ArgumentError } from '../../errors.ts';
import { drawnLabel, drawnTitle, markup, shorten, widest } from '../labels.ts';
import type { AttentionGrid } from '../map/grid.ts';
import {
  heading,
  LEAST_TEXT_WIDTH,
  MARGIN,
  MONOSPACE_ADVANCE,
  type Panel,
  type Place,
  paper,
  placed,
  readout,
  round,
  text,
} from '../paper.ts';
import { axesOfLines, describeLines } from './describe.ts';

export interface LinesOptions {
  /** Weights below it are left out; a number in [0, 1]. Default 0.05, and 0.2 in a terminal. */
  threshold?: number;
}

const LABEL_SIZE = 14;
const WIDEST_LABEL = 20;
/** Blank between labels. */
const LABEL_GAP = 24;
/** Labels that take more beside each other are written upwards. */
const WIDEST_ROW = 960;
const DROP = 150;
const THICKEST = 8;
const FAINTEST = 0.2;
const HOVER_WIDTH = 10;

/** The rules that lines need beside the paper's. */
export const LINES_STYLE =
  '.heed-plot .touch:hover{stroke:#ff3d77;stroke-opacity:.8}.heed-plot .touch:hover+.value{visibility:visible}';

/** @throws ArgumentError when `threshold` is not a number in [0, 1] */
export function linesToSVG(
  grid: AttentionGrid,
  options: LinesOptions = {},
  place: Place = 'document',
): string {
  const threshold = checkThreshold(options, 0.05);
  const { rows, columns, weights } = grid;
  const empty = weights.length === 0;
  const drawn = empty ? { width: 0, height: 0, body: '' } : bipartite(grid, threshold);
  const innerWidth = Math.max(drawn.width, LEAST_TEXT_WIDTH);
  const note = empty ? [`no weights: ${rows.length} × ${columns.length}`] : [];
  const head = heading(
    place === 'document' ? grid.title : undefined,
    [axesOfLines(grid), ...note],
    innerWidth,
  );
  const top = MARGIN + head.height + 4;
  const scale = empty ? drawn : legend(threshold);
  const sheet = {
    width: innerWidth + 2 * MARGIN,
    height: top + drawn.height + MARGIN + scale.height + MARGIN,
    body: [
      placed(head, MARGIN, MARGIN),
      placed(drawn, MARGIN + (innerWidth - drawn.width) / 2, top),
      placed(scale, MARGIN, top + drawn.height + MARGIN),
    ].join('\n'),
  };
  return paper(sheet, describeLines(grid, drawnTitle), place, LINES_STYLE);
}

/** @throws ArgumentError when `threshold` is not a number in [0, 1] */
export function checkThreshold({ threshold }: LinesOptions, usual: number): number {
  if (threshold === undefined) return usual;
  if (typeof threshold === 'number' && threshold >= 0 && threshold <= 1) return threshold;
  throw new ArgumentError(`attentionLines: threshold must be a number in [0, 1], got ${threshold}`);
}

/** Columns above, rows below, and between them a line for each weight; the heavy ones above the light ones. */
function bipartite(grid: AttentionGrid, threshold: number): Panel {
  const columns = grid.columns.map((label) => shorten(drawnLabel(label), WIDEST_LABEL));
  const rows = grid.rows.map((label) => shorten(drawnLabel(label), WIDEST_LABEL));
  const both = [columns, rows];
  const upright = Math.max(...both.map((labels) => sum(labels.map(across)))) <= WIDEST_ROW;
  const sizes = both.map((labels) => labels.map(upright ? across : () => LABEL_SIZE * 1.6));
  const width = Math.max(...sizes.map(sum));
  const [columnPlaces, rowPlaces] = sizes.map((each) => middles(each, width)) as [number[], number[]];
  const [above, below] = both.map((labels) =>
    upright ? LABEL_SIZE : Math.ceil(widest(labels) * LABEL_SIZE * MONOSPACE_ADVANCE),
  ) as [number, number];
  const [from, to] = [above + 8, above + 8 + DROP];
  const body = [
    ...columns.map((label, c) => name(label, columnPlaces[c]!, above, upright, 'start')),
    ...rows.map((label, r) => name(label, rowPlaces[r]!, to + 8, upright, 'end')),
    ...links(grid, threshold, columnPlaces, rowPlaces, from, to, width),
  ];
  return { width, height: to + 8 + below + 6, body: body.join('\n') };
}

/** What a label takes beside others. */
function across(label: string): number {
  return widest([label]) * LABEL_SIZE * MONOSPACE_ADVANCE + LABEL_GAP;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The middles of labels of these sizes, set evenly in `width`. */
function middles(sizes: readonly number[], width: number): number[] {
  const extra = (width - sum(sizes)) / sizes.length;
  let start = 0;
  return sizes.map((size) => {
    start += size + extra;
    return start - (size + extra) / 2;
  });
}

/** A label that stands on `y`, or hangs from it when it is at the lines' end. */
function name(label: string, x: number, y: number, upright: boolean, end: 'start' | 'end'): string {
  if (upright) {
    const baseline = end === 'start' ? y : y + LABEL_SIZE;
    return text(x, baseline, LABEL_SIZE, 'ink', label, 'text-anchor="middle"');
  }
  const turned = `transform="translate(${round(x + LABEL_SIZE * 0.35)} ${round(y)}) rotate(-90)"`;
  return text(0, 0, LABEL_SIZE, 'ink', label, `text-anchor="${end}" ${turned}`);
}

function links(
  grid: AttentionGrid,
  threshold: number,
  columnPlaces: readonly number[],
  rowPlaces: readonly number[],
  from: number,
  to: number,
  width: number,
): string[] {
  const shown = Array.from(grid.weights.keys())
    .filter((i) => grid.weights[i]! >= threshold && grid.weights[i]! > 0)
    .sort((a, b) => grid.weights[a]! - grid.weights[b]! || a - b);
  const middle = (from + to) / 2;
  const count = grid.columns.length;
  const drawn = shown.map((i) => {
    const [row, column] = [Math.floor(i / count), i % count];
    const [x0, x1] = [round(columnPlaces[column]!), round(rowPlaces[row]!)];
    const outline = `M${x0} ${from}C${x0} ${middle} ${x1} ${middle} ${x1} ${to}`;
    const value = grid.weights[i]!.toFixed(2);
    const [full, short] = [(label: string) => label, (label: string) => shorten(label, WIDEST_LABEL)].map(
      (cut) => `${cut(drawnLabel(grid.rows[row]!))} ← ${cut(drawnLabel(grid.columns[column]!))}: ${value}`,
    ) as [string, string];
    return {
      line: `<path d="${outline}" ${thickness(grid.weights[i]!)}/>`,
      touch: `<path class="touch" d="${outline}"><title>${markup(full)}</title></path>`,
      value: readout(short, (x0 + x1) / 2, middle + 5, width),
    };
  });
  const lines = drawn.map(({ line }) => line);
  // Above all lines, so that a thin one can be pointed at and no line covers a value.
  const touched = drawn.map(({ touch, value }) => touch + value);
  return [
    `<g class="pen" fill="none" stroke="#1b1d22">${lines.join('')}</g>`,
    `<g fill="none" stroke="#fff" stroke-opacity="0" stroke-width="${HOVER_WIDTH}">${touched.join('')}</g>`,
  ];
}

/** Both tell the weight: thin and pale, or thick and dark. */
function thickness(weight: number): string {
  const opacity = FAINTEST + (1 - FAINTEST) * weight;
  return `stroke-width="${round(Math.max(0.6, THICKEST * weight))}" stroke-opacity="${Math.round(100 * opacity) / 100}"`;
}

function legend(threshold: number): Panel {
  const steps = [0.25, 0.5, 1].map((weight, i) => {
    const x = i * 74;
    const sample = `<path class="pen" d="M${x} 6h28" stroke="#1b1d22" ${thickness(weight)}/>`;
    return sample + text(x + 34, 10, 12, 'faint', weight === 1 ? '1 weight' : `${weight}`);
  });
  const note = threshold === 0 ? '' : text(0, 28, 12, 'faint', `below ${threshold}: left out`);
  return { width: LEAST_TEXT_WIDTH, height: note ? 32 : 12, body: steps.join('') + note };
}
