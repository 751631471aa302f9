import { ArgumentError } from '../errors.ts';
import { type AttentionGrid, checkMaps } from './grid.ts';
import { drawnLabel, drawnTitle, markup } from './labels.ts';
import { describe, MAP_STYLE, toInlineSVG } from './svg.ts';

export interface PageOptions {
  /** The title of the page. Default: the only map's title, or `Attention maps`. */
  title?: string;
  /** The language of the labels as a BCP 47 tag. Default `en`. */
  lang?: string;
}

const PAGE_STYLE = `:root{color-scheme:light dark;--page:#f3f4f6;--paper:#fff;--ink:#1b1d22;--line:#d5d8de}
@media (prefers-color-scheme:dark){:root{--page:#0c0d10;--paper:#15171c;--ink:#eceef2;--line:#343842}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:75rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0 1rem}
h2{font-size:1.1rem;line-height:1.3;margin:0;padding:.75rem 1rem 0}
figure{margin:0 0 1rem;background:var(--paper);border:1px solid var(--line);border-radius:8px}
.scroll{overflow-x:auto}
svg{display:block;max-width:100%;height:auto}
summary{cursor:pointer;padding:.5rem 1rem}
table{border-collapse:collapse;margin:0 1rem 1rem;font:14px/1.4 ui-monospace,Menlo,Consolas,monospace}
th,td{padding:.15rem .5rem;text-align:right;border-top:1px solid var(--line);white-space:nowrap}
`;

/**
 * A whole HTML page with the maps, one below the other, each with its weights also as a table. It has no scripts and
 * loads nothing; values show on hover. Without maps the page says so.
 *
 * @throws ArgumentError when `maps` is not an array of maps, `title` is not a string or `lang` is not a language tag
 */
export function attentionPage(maps: readonly AttentionGrid[], options: PageOptions = {}): string {
  checkMaps(maps, 'attentionPage');
  const { title = (maps.length === 1 && maps[0]!.title) || 'Attention maps', lang = 'en' } = options;
  if (typeof title !== 'string') {
    throw new ArgumentError(`attentionPage: title must be a string, got ${typeof title}`);
  }
  if (typeof lang !== 'string' || !/^[a-z]{2,8}(-[a-z0-9]{1,8})*$/i.test(lang)) {
    throw new ArgumentError(
      `attentionPage: lang must be a language tag such as "en", got ${JSON.stringify(lang)}`,
    );
  }
  const heading = markup(drawnTitle(title));
  const figures = maps.map((grid, index) => figure(grid, index, maps.length, drawnTitle(title)));
  return `<!DOCTYPE html>
<html lang="${lang}">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>${heading}</title>
<style>${PAGE_STYLE}${MAP_STYLE}</style>
</head>
<body>
<main>
<h1>${heading}</h1>
${figures.join('\n') || '<p>No attention maps.</p>'}
</main>
</body>
</html>
`;
}

function figure(grid: AttentionGrid, index: number, count: number, pageTitle: string): string {
  const title = grid.title ? drawnTitle(grid.title) : `Attention map ${index + 1} of ${count}`;
  const heading = count === 1 && (title === pageTitle || !grid.title) ? '' : `<h2>${markup(title)}</h2>\n`;
  return `<figure>
${heading}<div class="scroll" tabindex="0" role="region" aria-label="${markup(describe(grid))}">
${toInlineSVG(grid)}
</div>
${grid.weights.length === 0 ? '' : table(grid)}</figure>`;
}

function table(grid: AttentionGrid): string {
  const columns = grid.columns.map((column) => `<th scope="col">${markup(drawnLabel(column))}</th>`).join('');
  const rows = grid.rows.map((row, index) => {
    const weights = grid.weights.subarray(index * grid.columns.length, (index + 1) * grid.columns.length);
    const values = Array.from(weights, (weight) => `<td>${weight.toFixed(2)}</td>`).join('');
    return `<tr><th scope="row">${markup(drawnLabel(row))}</th>${values}</tr>`;
  });
  return `<details><summary>Weights as a table</summary>
<div class="scroll" tabindex="0"><table>
<thead><tr><td></td>${columns}</tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div></details>
`;
}
