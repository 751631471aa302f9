import { ArgumentError } from '../errors.ts';
import { drawnTitle, markup } from './labels.ts';
import { PAPER_STYLE } from './paper.ts';

export interface PageOptions {
  /** The title of the page. Default: the plot's title, or what it is, such as `Attention maps`. */
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
figcaption{font-size:.875rem;padding:.25rem 1rem}
summary{cursor:pointer;padding:.25rem 1rem .75rem}
caption{text-align:left;font-weight:600;padding:.5rem 0 .15rem}
table{border-collapse:collapse;margin:0 1rem 1rem;font:14px/1.4 ui-monospace,Menlo,Consolas,monospace}
th,td{padding:.15rem .5rem;text-align:right;border-top:1px solid var(--line);white-space:nowrap}
`;

/**
 * A whole HTML page that has no scripts and loads nothing.
 *
 * @param where the function that messages begin with
 * @throws ArgumentError when `title` is not a string or `lang` is not a language tag
 */
export function htmlPage(
  where: string,
  { title, lang = 'en' }: PageOptions & { title: string },
  body: string,
  style = '',
): string {
  if (typeof title !== 'string') {
    throw new ArgumentError(`${where}: title must be a string, got ${typeof title}`);
  }
  if (typeof lang !== 'string' || !/^[a-z]{2,8}(-[a-z0-9]{1,8})*$/i.test(lang)) {
    throw new ArgumentError(
      `${where}: lang must be a language tag such as "en", got ${JSON.stringify(lang)}`,
    );
  }
  const heading = markup(drawnTitle(title));
  return `<!DOCTYPE html>
<html lang="${lang}">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>${heading}</title>
<style>${PAGE_STYLE}${PAPER_STYLE}${style}</style>
</head>
<body>
<main>
<h1>${heading}</h1>
${body}
</main>
</body>
</html>
`;
}

/** Pointing is not found by chance, and not everyone can point. */
const HINT = '<figcaption>Point at a part to see its value, or open the table.</figcaption>\n';

/** What a page shows on request. */
export interface Folded {
  readonly summary: string;
  readonly body: string;
}

/** A plot in a page: the drawing, which scrolls sideways where it is too wide, and its tables, folded away. */
export function htmlFigure(svg: string, label: string, tables: Folded | undefined, heading = ''): string {
  const folded = tables
    ? `<details><summary>${tables.summary}</summary>
<div class="scroll" tabindex="0">${tables.body}</div></details>
`
    : '';
  return `<figure>
${heading && `<h2>${markup(heading)}</h2>\n`}<div class="scroll" tabindex="0" role="region" aria-label="${markup(label)}">
${svg}
</div>
${folded && HINT}${folded}</figure>`;
}

/** A table whose first row and column are headings; all texts are given before {@link markup}. */
export function htmlTable(
  corner: string,
  columns: readonly string[],
  rows: readonly { heading: string; cells: readonly string[] }[],
  caption = '',
): string {
  const headings = columns.map((column) => `<th scope="col">${markup(column)}</th>`).join('');
  const body = rows.map(({ heading, cells }) => {
    const values = cells.map((cell) => `<td>${markup(cell)}</td>`).join('');
    return `<tr><th scope="row">${markup(heading)}</th>${values}</tr>`;
  });
  return `<table>
${caption && `<caption>${markup(caption)}</caption>\n`}<thead><tr><td>${markup(corner)}</td>${headings}</tr></thead>
<tbody>${body.join('\n')}</tbody>
</table>`;
}
