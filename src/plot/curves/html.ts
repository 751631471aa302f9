import { drawnLabel, drawnTitle } from '../labels.ts';
import { type Folded, htmlFigure, htmlPage, htmlTable, type PageOptions } from '../page.ts';
import { writeValue } from './axis.ts';
import { type Chart, describeCurves } from './input.ts';
import { CURVES_STYLE } from './style.ts';
import { curvesToSVG } from './svg.ts';

/** Longer tables hold evenly chosen rows. */
const MOST_ROWS = 200;

/** @throws ArgumentError when `title` is not a string or `lang` is not a language tag */
export function curvesToHTML(chart: Chart, options: PageOptions = {}): string {
  const { title = chart.title || 'Chart', lang } = options;
  const heading = chart.title && chart.title !== title ? drawnTitle(chart.title) : '';
  const figure = htmlFigure(
    curvesToSVG(chart, {}, 'inline'),
    describeCurves(chart, drawnTitle),
    valuesTable(chart),
    heading,
  );
  return htmlPage('toHTML', { title, lang }, figure, CURVES_STYLE);
}

function valuesTable({ series, xTitle, yFormat }: Chart): Folded | undefined {
  const rows = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  if (rows.length === 0) return undefined;
  const step = Math.ceil(rows.length / MOST_ROWS);
  const values = series.map(({ points }) => new Map(points.map(({ x, y }) => [x, y])));
  const lines = rows
    .filter((_, i) => i % step === 0 || i === rows.length - 1)
    .map((x) => ({
      heading: writeValue(x, 'number'),
      cells: values.map((each) => writeValue(each.get(x) ?? Number.NaN, yFormat)),
    }));
  const labels = series.map(({ label }) => drawnLabel(label));
  const summary = step === 1 ? 'Values as a table' : `Values as a table, one x of ${step}`;
  return { summary, body: htmlTable(drawnTitle(xTitle), labels, lines) };
}
