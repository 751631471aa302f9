import { ArgumentError, ShapeError } from '../../errors.ts';
import { checkObject, checkText, checkTitle, isList, kind } from '../input.ts';

/** A line of a chart. */
export interface CurvesSeries {
  readonly label: string;
  /** Finite and rising. */
  readonly x: ArrayLike<number>;
  /** One for each x; NaN leaves a gap. */
  readonly y: ArrayLike<number>;
  /** What lies around the line, such as a standard deviation over seeds: one of each for each x; NaN leaves a gap. */
  readonly band?: { readonly low: ArrayLike<number>; readonly high: ArrayLike<number> };
}

export interface CurvesInput {
  readonly title?: string;
  readonly xTitle: string;
  readonly yTitle: string;
  /** At most 26. */
  readonly series: readonly CurvesSeries[];
  /** How y is written: `percent` makes 0.25 into 25%. Default `number`. */
  readonly yFormat?: 'number' | 'percent';
  /** A logarithmic axis takes positive numbers only. Default `linear`. */
  readonly xScale?: 'linear' | 'log';
  readonly yScale?: 'linear' | 'log';
}

/** NaN where there is no y or no band. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

/** A checked line. */
export interface Curve {
  readonly label: string;
  readonly points: readonly Point[];
}

/** A checked chart. */
export interface Chart {
  readonly title: string | undefined;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly series: readonly Curve[];
  readonly yFormat: 'number' | 'percent';
  readonly xScale: 'linear' | 'log';
  readonly yScale: 'linear' | 'log';
}

const WHERE = 'curves';
/** As many as there are letters to mark them with. */
const MOST_SERIES = 26;
/** Further out, the width of an axis would not be a number. */
const LARGEST = 1e300;
const LEAST_ON_LOG = 1e-300;

/** Checks and copies the input. @throws ShapeError, ArgumentError */
export function checkCurves(input: CurvesInput): Chart {
  checkObject(input, WHERE, 'xTitle, yTitle and series');
  const { xTitle, yTitle, series, yFormat = 'number', xScale = 'linear', yScale = 'linear' } = input;
  checkText(xTitle, WHERE, 'xTitle');
  checkText(yTitle, WHERE, 'yTitle');
  checkChoice(yFormat, ['number', 'percent'], 'yFormat');
  checkChoice(xScale, ['linear', 'log'], 'xScale');
  checkChoice(yScale, ['linear', 'log'], 'yScale');
  if (!Array.isArray(series)) fail(`series must be an array, got ${kind(series)}`);
  if (series.length > MOST_SERIES) fail(`series must be at most ${MOST_SERIES}, got ${series.length}`);
  return {
    title: checkTitle(input.title, WHERE, 'title'),
    xTitle,
    yTitle,
    series: Array.from(series, (each: CurvesSeries, i) =>
      checkSeries(each, `series[${i}]`, xScale === 'log', yScale === 'log'),
    ),
    yFormat,
    xScale,
    yScale,
  };
}

function checkSeries(series: CurvesSeries, argument: string, xLog: boolean, yLog: boolean): Curve {
  if (typeof series !== 'object' || series === null) {
    fail(`${argument} must be an object with label, x and y, got ${kind(series)}`);
  }
  checkText(series.label, WHERE, `${argument}.label`);
  const x = checkValues(series.x, `${argument}.x`, undefined, xLog, false);
  const values = (list: ArrayLike<number>, name: string) =>
    checkValues(list, `${argument}.${name}`, x.length, yLog, true);
  const y = values(series.y, 'y');
  const none = x.map(() => Number.NaN);
  const [low, high] =
    series.band === undefined
      ? [none, none]
      : [values(series.band?.low, 'band.low'), values(series.band?.high, 'band.high')];
  const points = x.map((at, i) => {
    if (i > 0 && at <= x[i - 1]!) fail(`${argument}.x must rise, got ${at} after ${x[i - 1]} at ${i}`);
    if (low[i]! > high[i]!) {
      fail(`${argument}.band.low must not be above band.high, got ${low[i]} above ${high[i]} at ${i}`);
    }
    return { x: at, y: y[i]!, low: low[i]!, high: high[i]! };
  });
  return { label: series.label, points };
}

function checkValues(
  values: ArrayLike<number>,
  argument: string,
  length: number | undefined,
  positive: boolean,
  gaps: boolean,
): number[] {
  if (!isList(values)) fail(`${argument} must be an array of numbers, got ${kind(values)}`);
  if (length !== undefined && values.length !== length) {
    throw new ShapeError(
      `${WHERE}: ${argument} must hold one number for each of ${length} x, got ${values.length}`,
    );
  }
  return Array.from(values, (value, i) => {
    const got = typeof value === 'number' ? value : kind(value);
    if (typeof value !== 'number') fail(`${argument} must be numbers, got ${got} at ${i}`);
    if (gaps && Number.isNaN(value)) return value;
    if (!(Math.abs(value) <= LARGEST)) {
      fail(`${argument} must be finite numbers up to ${LARGEST}${gaps ? ' or NaN' : ''}, got ${got} at ${i}`);
    }
    if (positive && value < LEAST_ON_LOG) {
      fail(`${argument} must be above 0 (at least ${LEAST_ON_LOG}) on a log scale, got ${got} at ${i}`);
    }
    return value;
  });
}

function checkChoice(value: string, choices: readonly string[], argument: string): void {
  if (choices.includes(value)) return;
  fail(
    `${argument} must be ${choices.map((each) => `"${each}"`).join(' or ')}, got ${JSON.stringify(value) ?? kind(value)}`,
  );
}

function fail(problem: string): never {
  throw new ArgumentError(`${WHERE}: ${problem}`);
}

/** What the chart is, for those who do not see it. */
export function describeCurves(
  { title, xTitle, yTitle, series }: Chart,
  drawn: (text: string) => string,
): string {
  const named = title ? `: ${drawn(title)}` : '';
  const of = series.map(({ label }) => drawn(label)).join(', ');
  return `chart${named}, ${drawn(yTitle)} by ${drawn(xTitle)}${of && ` of ${of}`}`;
}
