import { ArgumentError } from '../../errors.ts';
import { drawnLabel, drawnTitle, markup, shorten } from '../labels.ts';
import {
  heading,
  LEAST_TEXT_WIDTH,
  MARGIN,
  MONOSPACE_ADVANCE,
  type Place,
  paper,
  placed,
  round,
  text,
} from '../paper.ts';
import { describeOverlay, type Overlay, type Raster, resize } from './input.ts';

export interface OverlaySVGOptions {
  /** The longer side of each picture in user units, from 16 to 2000. Default 160. */
  pictureSize?: number;
}

/** Pictures stand side by side up to this width. */
const SHEET_WIDTH = 720;
const LABEL_SIZE = 14;
const LEAST_SLOT = 72;
/** Larger images are averaged down to this side. */
const LARGEST_SIDE = 96;
/** Steps of each colour's channels: more would not be seen, and runs would be shorter. */
const SHADES = 31;
/** What is not looked at is covered with it: in the middle of all greys, so that it shows on dark and light images. */
const VEIL = '#7a808c';
const THICKEST_VEIL = 0.85;
/** Smaller cells have no room for their weight. */
const LEAST_READ = 28;

/** @throws ArgumentError when `pictureSize` is not a number from 16 to 2000 */
export function overlayToSVG(
  overlay: Overlay,
  options: OverlaySVGOptions = {},
  place: Place = 'document',
): string {
  const { pictureSize = 160 } = options;
  if (!(typeof pictureSize === 'number' && pictureSize >= 16 && pictureSize <= 2000)) {
    throw new ArgumentError(`toSVG: pictureSize must be a number from 16 to 2000, got ${pictureSize}`);
  }
  const { raster, steps } = overlay;
  const scale = pictureSize / Math.max(raster.width, raster.height);
  const [width, height] = [raster.width * scale, raster.height * scale];
  const slot = Math.max(width, LEAST_SLOT);
  const perRow = Math.max(1, Math.min(steps.length, Math.floor((SHEET_WIDTH + MARGIN) / (slot + MARGIN))));
  const innerWidth = Math.max(perRow * (slot + MARGIN) - MARGIN, LEAST_TEXT_WIDTH);
  const note =
    steps.length === 0 ? 'no steps' : 'clear: looked at · veiled: not; the largest weight is framed';
  const head = heading(place === 'document' ? overlay.title : undefined, [note], innerWidth);
  const top = MARGIN + head.height + 8;
  let body = placed(head, MARGIN, MARGIN);
  const picture = paths(raster, width, height);
  const rowHeight = height + LABEL_SIZE + 8 + MARGIN;
  steps.forEach((_, i) => {
    const x = MARGIN + (i % perRow) * (slot + MARGIN);
    const y = top + Math.floor(i / perRow) * rowHeight;
    body += `\n<g transform="translate(${round(x)} ${round(y)})">${picture}${veils(overlay, i, width, height)}`;
    body += `${caption(overlay, i, slot, height)}</g>`;
  });
  const sheet = {
    width: innerWidth + 2 * MARGIN,
    height: top + Math.ceil(steps.length / perRow) * rowHeight,
    body,
  };
  return paper(sheet, describeOverlay(overlay, drawnTitle), place);
}

/** The picture: one path for each colour, of runs of pixels in a row. */
function paths(full: Raster, width: number, height: number): string {
  const factor = Math.min(1, LARGEST_SIDE / Math.max(full.width, full.height));
  const [columns, rows] = [full.width, full.height].map((side) => Math.max(1, Math.round(side * factor))) as [
    number,
    number,
  ];
  const { colours } = factor === 1 ? full : resize(full, columns, rows);
  const runs = new Map<string, string>();
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; ) {
      const from = x;
      const fill = hex(colours, y * columns + x);
      while (x < columns && hex(colours, y * columns + x) === fill) x++;
      runs.set(fill, `${runs.get(fill) ?? ''}M${from} ${y}h${x - from}v1h${from - x}z`);
    }
  }
  const drawn = Array.from(runs, ([fill, d]) => `<path fill="${fill}" d="${d}"/>`).join('');
  const scales = [width / columns, height / rows].map((each) => Math.round(each * 1e4) / 1e4).join(' ');
  return `<g transform="scale(${scales})" shape-rendering="crispEdges">${drawn}</g>`;
}

function hex(colours: Float64Array, pixel: number): string {
  const channel = (i: number): string =>
    Math.round((Math.round(colours[3 * pixel + i]! * SHADES) / SHADES) * 255)
      .toString(16)
      .padStart(2, '0');
  return `#${channel(0)}${channel(1)}${channel(2)}`;
}

/** The grid over the picture: the less was looked at a place, the thicker its veil. */
function veils(overlay: Overlay, step: number, width: number, height: number): string {
  const { rows, columns } = overlay;
  const { weights } = overlay.steps[step]!;
  const largest = Math.max(...weights);
  const [cellWidth, cellHeight] = [width / columns, height / rows];
  const boxAt = (i: number): string => {
    const [x, y] = [(i % columns) * cellWidth, Math.floor(i / columns) * cellHeight];
    return `x="${round(x)}" y="${round(y)}" width="${round(cellWidth)}" height="${round(cellHeight)}"`;
  };
  const readout = (weight: number, i: number): string => {
    const [x, y] = [((i % columns) + 0.5) * cellWidth, (Math.floor(i / columns) + 0.5) * cellHeight];
    return (
      `<text class="value" x="${round(x)}" y="${round(y + 4)}" font-size="11" text-anchor="middle" fill="#fff" ` +
      `stroke="#000" stroke-width="3" paint-order="stroke" visibility="hidden" pointer-events="none">${weight.toFixed(2)}</text>`
    );
  };
  const cells = Array.from(weights, (weight, i) => {
    const share = largest > 0 ? weight / largest : 0;
    const place = `row ${Math.floor(i / columns) + 1}, column ${(i % columns) + 1}`;
    const hint = markup(`${drawnLabel(overlay.steps[step]!.label)} ← ${place}: ${weight.toFixed(2)}`);
    const opacity = Math.round(100 * THICKEST_VEIL * (1 - share)) / 100;
    const cell = `<rect class="cell" ${boxAt(i)} fill="${VEIL}" fill-opacity="${opacity}"><title>${hint}</title></rect>`;
    return Math.min(cellWidth, cellHeight) < LEAST_READ ? cell : cell + readout(weight, i);
  });
  // Crisp: else the seams between the cells would show.
  const grid = `<g shape-rendering="crispEdges">${cells.join('')}</g>`;
  if (largest === 0) return grid;
  const frame = boxAt(weights.indexOf(largest));
  // Dark within light: seen on any picture.
  return (
    `${grid}<g fill="none" pointer-events="none"><rect ${frame} stroke="#fff" stroke-width="3"/>` +
    `<rect ${frame} stroke="#c2185b" stroke-width="1.5"/></g>`
  );
}

function caption({ steps }: Overlay, step: number, slot: number, height: number): string {
  const fitting = Math.max(2, Math.floor(slot / (LABEL_SIZE * MONOSPACE_ADVANCE)));
  return text(
    0,
    height + LABEL_SIZE + 4,
    LABEL_SIZE,
    'ink',
    shorten(drawnLabel(steps[step]!.label), fitting),
  );
}
