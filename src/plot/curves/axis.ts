import { extent } from 'd3-array';
import { format } from 'd3-format';
import { scaleLinear, scaleLog } from 'd3-scale';
import type { Chart } from './input.ts';

export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** An axis of a chart: where values lie on it, and what is written along it. */
export interface Axis {
  /** Where a value lies: 0 at the axis's start, 1 at its end. */
  position(value: number): number;
  /** About `count` round values in the axis's range. */
  ticks(count: number): Tick[];
}

/** Of a narrower range, floats could not tell the ticks apart. */
const NARROWEST = 1e-9;

/** From the least to the greatest x of all lines. */
export function xAxis({ series, xScale }: Chart): Axis {
  const values = series.flatMap(({ points }) => points.map(({ x }) => x));
  return axisOver(range(values, xScale), xScale, 'number', false);
}

/**
 * All y and bands; on a linear axis out to round values. It starts at 0 when it would otherwise start in the lower half of what lies between
 * 0 and the greatest value.
 */
export function yAxis({ series, yScale, yFormat }: Chart): Axis {
  const values = series.flatMap(({ points }) => points.flatMap(({ y, low, high }) => [y, low, high]));
  let [least, greatest] = range(values, yScale);
  if (yScale === 'linear') {
    if (least > 0 && least < greatest / 2) least = 0;
    if (greatest < 0 && greatest > least / 2) greatest = 0;
  }
  return axisOver([least, greatest], yScale, yFormat, true);
}

/** The least and the greatest value, apart from each other. */
function range(values: readonly number[], scale: Chart['xScale']): [number, number] {
  const [least = 1, greatest = 1] = extent(values.filter((value) => !Number.isNaN(value)));
  if (scale === 'log') {
    return greatest / least > 1 + NARROWEST ? [least, greatest] : [least / 2, greatest * 2];
  }
  const size = Math.max(Math.abs(least), Math.abs(greatest));
  if (size < Number.MIN_VALUE / Number.EPSILON) return [-1, 1];
  return greatest - least > size * NARROWEST ? [least, greatest] : [least - size / 2, greatest + size / 2];
}

function axisOver(
  domain: [number, number],
  kind: Chart['xScale'],
  yFormat: Chart['yFormat'],
  nice: boolean,
): Axis {
  const scale = (kind === 'log' ? scaleLog() : scaleLinear()).domain(domain).range([0, 1]);
  if (nice && kind === 'linear') scale.nice();
  const size = Math.max(...scale.domain().map(Math.abs));
  const marks = yFormat === 'percent' ? percentSpecifier(size) : specifier(size);
  return {
    position: (value) => scale(value),
    ticks: (count) => {
      // The logarithmic scale leaves out labels that would stand too close.
      const written = scale.tickFormat(count, kind === 'log' ? '' : marks);
      return scale
        .ticks(count)
        .filter((value) => written(value) !== '')
        .map((value) => ({ value, label: kind === 'log' ? writeValue(value, yFormat) : written(value) }));
    },
  };
}

/** Digits as the ticks need them; SI prefixes and exponents where there would be too many. */
function specifier(size: number): string {
  if (size >= 1e15 || size < 1e-4) return 'e';
  return size >= 1e6 ? 's' : ',f';
}

function percentSpecifier(size: number): string {
  return size >= 1e6 || size < 1e-6 ? 'e' : '%';
}

/** A value as it is written beside a point or in a table: four digits that count, all of an integer's. */
export function writeValue(value: number, yFormat: Chart['yFormat']): string {
  if (Number.isNaN(value)) return '';
  if (yFormat === 'percent') return Math.abs(value) < 1e6 ? format('.4~p')(value) : format('.3~e')(value);
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return format(',')(value);
  if (size >= 1e9 || size < 1e-4) return format('.3~e')(value);
  return size >= 1000 ? format(',.1~f')(value) : format('.4~r')(value);
}
