import { area, line } from 'd3-shape';
import { ArgumentError } from '../../errors.ts';
import { drawnLabel, drawnTitle, markup, shorten, widest } from '../labels.ts';
import {
  heading,
  MARGIN,
  MONOSPACE_ADVANCE,
  type Panel,
  type Place,
  paper,
  placed,
  readout,
  round,
  SANS,
  SANS_ADVANCE,
  text,
} from '../paper.ts';
import { type Axis, type Tick, writeValue, xAxis, yAxis } from './axis.ts';
import { type Chart, type Curve, describeCurves, type Point } from './input.ts';
import { spread, thinned } from './places.ts';
import { CURVES_STYLE, colourOf, markerOf, strokeOf } from './style.ts';

export interface CurvesSVGOptions {
  /** Of the document in user units, from 320 to 4000. Default 720. */
  width?: number;
  /** Of the area within the axes in user units, from 80 to 4000; more where labels need it. Default 300. */
  height?: number;
}

const LABEL_SIZE = 13;
const TICK_SIZE = 12;
const LABEL_GAP = 18;
const WIDEST_LABEL = 26;
/** From the end of the axis to a line's label: a pointer, and a piece of the line. */
const POINTER = 16;
const SAMPLE = 34;
const MARKER_GAP = 36;
const HOVER_GAP = 6;

/** Where a chart's parts stand. */
interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

/** @throws ArgumentError for a width or height out of range */
export function curvesToSVG(chart: Chart, options: CurvesSVGOptions = {}, place: Place = 'document'): string {
  const { width = 720, height = 300 } = options;
  checkSide(width, 'width', 320);
  checkSide(height, 'height', 80);
  const innerWidth = width - 2 * MARGIN;
  const written = chart.series.filter(({ points }) => points.some(isDrawn));
  const note = written.length === 0 ? ['no points'] : [];
  const head = heading(place === 'document' ? chart.title : undefined, [chart.yTitle, ...note], innerWidth);
  const below = written.length === 0 ? { ...head, height: 0, body: '' } : drawn(chart, innerWidth, height);
  const top = MARGIN + head.height;
  const sheet = {
    width,
    height: top + below.height + MARGIN,
    body: `${placed(head, MARGIN, MARGIN)}${placed(below, MARGIN, top)}`,
  };
  return paper(sheet, describeCurves(chart, drawnTitle), place, CURVES_STYLE);
}

function checkSide(value: number, argument: string, least: number): void {
  if (typeof value === 'number' && value >= least && value <= 4000) return;
  throw new ArgumentError(`toSVG: ${argument} must be a number from ${least} to 4000, got ${value}`);
}

function drawn(chart: Chart, width: number, height: number): Panel {
  const [xs, ys] = [xAxis(chart), yAxis(chart)];
  const most = Math.min(WIDEST_LABEL, Math.floor((width * 0.3) / (LABEL_SIZE * SANS_ADVANCE)));
  const labels = chart.series.map(({ label }) => shorten(drawnLabel(label), most));
  const high = Math.max(height, (chart.series.length - 1) * LABEL_GAP);
  const yTicks = ys.ticks(Math.max(2, Math.floor(high / 50)));
  const top = TICK_SIZE;
  const left = Math.ceil(widest(yTicks.map(({ label }) => label)) * TICK_SIZE * MONOSPACE_ADVANCE) + 10;
  const right = width - POINTER - SAMPLE - 6 - Math.ceil(widest(labels) * LABEL_SIZE * SANS_ADVANCE);
  const frame: Frame = {
    left,
    right,
    top,
    bottom: top + high,
    x: (value) => left + xs.position(value) * (right - left),
    y: (value) => top + (1 - ys.position(value)) * high,
  };
  const xTicks = fittingTicks(xs, right - left, TICK_SIZE * MONOSPACE_ADVANCE);
  const titleTop = frame.bottom + TICK_SIZE + 14;
  const xTitle = heading(undefined, [chart.xTitle], right - left);
  const points = chart.series.map(({ points }) => points.filter(isDrawn));
  const body = [
    grid(frame, xTicks, yTicks),
    ...chart.series.map((curve, i) => `<g ${colourOf(i)}>${band(curve, frame)}</g>`),
    ...chart.series.map(
      (curve, i) => `<g ${colourOf(i)}>${path(curve, i, frame)}${markers(curve, i, frame)}</g>`,
    ),
    endLabels(chart, labels, points, frame),
    ...points.map((shown, i) => hovers(chart, i, shown, frame, width)),
    placed(xTitle, left, titleTop),
  ];
  return { width, height: titleTop + xTitle.height, body: body.join('\n') };
}

/** As many ticks as stand beside each other, about 80 units apart. */
function fittingTicks(axis: Axis, length: number, advance: number): Tick[] {
  for (let count = Math.max(2, Math.floor(length / 60)); count > 1; count--) {
    const ticks = axis.ticks(count);
    const fits = ticks.every(({ value, label }, i) => {
      const before = ticks[i - 1];
      if (!before) return true;
      const room = (axis.position(value) - axis.position(before.value)) * length;
      return room >= ((widest([label]) + widest([before.label])) / 2 + 1.5) * advance;
    });
    if (fits) return ticks;
  }
  return axis.ticks(1).slice(0, 1);
}

/** Rules across at each tick of y, short ones down at each tick of x, and what they stand for. */
function grid(
  { left, right, top, bottom, x, y }: Frame,
  xTicks: readonly Tick[],
  yTicks: readonly Tick[],
): string {
  const across = yTicks.map(({ value }) => `M${left} ${round(y(value))}H${round(right)}`).join('');
  const down = xTicks.map(({ value }) => `M${round(x(value))} ${bottom}v4`).join('');
  const beside = yTicks.map(({ value, label }) =>
    text(left - 8, y(value) + TICK_SIZE * 0.35, TICK_SIZE, 'faint', label, 'text-anchor="end"'),
  );
  const under = xTicks.map(({ value, label }) =>
    text(x(value), bottom + TICK_SIZE + 6, TICK_SIZE, 'faint', label, 'text-anchor="middle"'),
  );
  return (
    `<path class="rule" d="${across}" stroke="#d9dce2"/>` +
    `<path class="pen" d="M${left} ${top}V${bottom}H${round(right)}${down}" fill="none" stroke="#1b1d22"/>` +
    [...beside, ...under].join('')
  );
}

function band({ points }: Curve, { x, y }: Frame): string {
  const outline = area<Point>()
    .defined(({ low, high }) => !Number.isNaN(low + high))
    .x((point) => x(point.x))
    .y0(({ low }) => y(low))
    .y1(({ high }) => y(high))
    .digits(1);
  const d = outline([...points]);
  return d ? `<path d="${d}" fill="currentColor" fill-opacity="0.16"/>` : '';
}

function path({ points }: Curve, i: number, { x, y }: Frame): string {
  const outline = line<Point>()
    .defined(isDrawn)
    .x((point) => x(point.x))
    .y((point) => y(point.y))
    .digits(1);
  const d = outline([...points]);
  return d ? `<path d="${d}" ${strokeOf(i)}/>` : '';
}

/** Some of the points marked: the last, those that no line reaches, and others at a distance that leaves the dashes seen. */
function markers({ points }: Curve, i: number, { x, y }: Frame): string {
  const shown = points.filter(isDrawn);
  const alone = points.filter(
    (point, at) => isDrawn(point) && !isDrawn(points[at - 1]) && !isDrawn(points[at + 1]),
  );
  const marked = new Set([
    ...thinned(
      shown.map((point) => x(point.x)),
      MARKER_GAP,
    ).map((at) => shown[at]!),
    ...alone,
  ]);
  return Array.from(marked, (point) => marker(i, x(point.x), y(point.y))).join('');
}

function marker(i: number, x: number, y: number): string {
  return (
    `<path class="rim" d="${markerOf(i)}" transform="translate(${round(x)} ${round(y)})" fill="currentColor" ` +
    `stroke="#fff" stroke-width="1.5" paint-order="stroke"/>`
  );
}

/** Beside its end, or as near as other labels let it: a piece of each line and its label. */
function endLabels(
  chart: Chart,
  labels: readonly string[],
  shown: readonly (readonly Point[])[],
  { top, bottom, right, x, y }: Frame,
): string {
  const named = chart.series.flatMap((_, i) => (shown[i]!.length > 0 ? [i] : []));
  const ends = named.map((i) => shown[i]!.at(-1)!);
  const heights = spread(
    ends.map((point) => y(point.y)),
    LABEL_GAP,
    top,
    bottom,
  );
  return named
    .map((i, at) => {
      const [end, height] = [ends[at]!, heights[at]!];
      const start = right + POINTER;
      // A pointer across the chart would be taken for a line.
      const near = right - x(end.x) < MARKER_GAP;
      const pointer = near
        ? `<path d="M${round(x(end.x) + 5)} ${round(y(end.y))}L${round(start - 2)} ${round(height)}" stroke="#8a909c"/>`
        : '';
      const piece = `<path d="M${round(start)} ${round(height)}h${SAMPLE - 6}" ${strokeOf(i)}/>`;
      const name = text(start + SAMPLE, height + LABEL_SIZE * 0.35, LABEL_SIZE, 'ink', labels[i]!, SANS);
      const full = `<title>${markup(drawnLabel(chart.series[i]!.label))}</title>`;
      return (
        `${pointer}<g>${full}<g ${colourOf(i)}>${piece}${marker(i, start + (SAMPLE - 6) / 2, height)}</g>` +
        `${name}</g>`
      );
    })
    .join('');
}

/** What is pointed at tells its value; above all lines, so that none covers it. */
function hovers(chart: Chart, i: number, shown: readonly Point[], frame: Frame, width: number): string {
  const label = drawnLabel(chart.series[i]!.label);
  return thinned(
    shown.map((point) => frame.x(point.x)),
    HOVER_GAP,
  )
    .map((at) => {
      const point = shown[at]!;
      const [x, y] = [frame.x(point.x), frame.y(point.y)];
      const [where, value] = [writeValue(point.x, 'number'), writeWithBand(point, chart.yFormat)];
      const full = `${label}, ${drawnTitle(chart.xTitle)} ${where}: ${drawnTitle(chart.yTitle)} ${value}`;
      return (
        `<circle class="cell" cx="${round(x)}" cy="${round(y)}" r="7" fill-opacity="0">` +
        `<title>${markup(full)}</title></circle>` +
        readout(
          `${shorten(label, WIDEST_LABEL)}, ${where}: ${value}`,
          x,
          y < frame.top + 32 ? y + 28 : y - 18,
          width,
        )
      );
    })
    .join('');
}

/** y, and what its band reaches from and to. */
function writeWithBand({ y, low, high }: Point, yFormat: Chart['yFormat']): string {
  const band = Number.isNaN(low + high)
    ? ''
    : ` (${writeValue(low, yFormat)} to ${writeValue(high, yFormat)})`;
  return writeValue(y, yFormat) + band;
}

function isDrawn(point: Point | undefined): point is Point {
  return point !== undefined && !Number.isNaN(point.y);
}
