import { drawnLabel, drawnTitle } from '../labels.ts';
import { type Folded, htmlFigure, htmlPage, htmlTable, type PageOptions } from '../page.ts';
import { type AttentionGrid, checkMaps } from './grid.ts';
import { describe, toInlineSVG } from './svg.ts';

/**
 * A whole HTML page with the maps, one below the other, each with its weights also as a table. It has no scripts and
 * loads nothing; values show on hover. Without maps the page says so.
 *
 * @throws ArgumentError when `maps` is not an array of maps, `title` is not a string or `lang` is not a language tag
 */
export function attentionPage(maps: readonly AttentionGrid[], options: PageOptions = {}): string {
  checkMaps(maps, 'attentionPage');
  const { title = (maps.length === 1 && maps[0]!.title) || 'Attention maps', lang } = options;
  const figures = maps.map((grid, index) => figure(grid, index, maps.length, title));
  return htmlPage('attentionPage', { title, lang }, figures.join('\n') || '<p>No attention maps.</p>');
}

function figure(grid: AttentionGrid, index: number, count: number, pageTitle: string): string {
  const title = grid.title || `Attention map ${index + 1} of ${count}`;
  const heading = count === 1 && (title === pageTitle || !grid.title) ? '' : drawnTitle(title);
  return htmlFigure(toInlineSVG(grid), describe(grid), weightsTables([grid]), heading);
}

/** The weights of maps as tables, folded away; nothing without weights. */
export function weightsTables(maps: readonly AttentionGrid[]): Folded | undefined {
  const filled = maps.filter(({ weights }) => weights.length > 0);
  if (filled.length === 0) return undefined;
  const summary = filled.length === 1 ? 'Weights as a table' : 'Weights as tables';
  return { summary, body: filled.map((map) => weightsTable(map, filled.length > 1)).join('\n') };
}

function weightsTable({ rows, columns, weights, title }: AttentionGrid, named: boolean): string {
  const lines = rows.map((row, index) => ({
    heading: drawnLabel(row),
    cells: Array.from(weights.subarray(index * columns.length, (index + 1) * columns.length), (weight) =>
      weight.toFixed(2),
    ),
  }));
  return htmlTable('', columns.map(drawnLabel), lines, named && title ? drawnTitle(title) : '');
}
