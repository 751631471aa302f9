/** What all SVG documents share: the paper with its light and dark colours, text, and its sizes. */
import { drawnTitle, markup, widest, wrap } from './labels.ts';

/**
 * The only part that a page's Content-Security-Policy can take away: all positions and light colours are
 * attributes, and this adds dark colours and what happens on hover. The class keeps the rules from the page around.
 */
export const PAPER_STYLE =
  '.heed-plot .cell:hover{stroke:#ff3d77;stroke-width:2}' +
  '.heed-plot .cell:hover+.value{visibility:visible}' +
  '@media (prefers-color-scheme:dark){' +
  '.heed-plot .paper{fill:#15171c}.heed-plot .ink{fill:#eceef2}.heed-plot .faint{fill:#a9afbb}' +
  '.heed-plot .rim{stroke:#15171c}.heed-plot .rule{stroke:#343842}.heed-plot .pen{stroke:#eceef2}}';

/** Between what is drawn and the edge of the document. */
export const MARGIN = 16;
export const TITLE_SIZE = 16;
export const CAPTION_SIZE = 13;
export const LEAST_TEXT_WIDTH = 240;
// One terminal cell of text in em: a generous estimate, since the reader's font is unknown.
export const MONOSPACE_ADVANCE = 0.62;
export const SANS_ADVANCE = 0.6;
export const SANS = 'font-family="system-ui, sans-serif"';

/** Something drawn, without the document around it; its top left corner at 0, 0. */
export interface Panel {
  width: number;
  height: number;
  body: string;
}

/** On its own with its style, or within a page that has {@link PAPER_STYLE} and shows the title itself. */
export type Place = 'document' | 'inline';

// In a page, a plot scrolls sideways below this share of its size: smaller labels would be hard to read.
const LEAST_SCALE = 0.75;

/** An SVG document with its own paper. `label` says what it shows; `style` are rules beside {@link PAPER_STYLE}. */
export function paper({ width, height, body }: Panel, label: string, place: Place, style = ''): string {
  const [wide, high] = [round(width), round(height)];
  const least = place === 'inline' ? ` style="min-width:${Math.round(width * LEAST_SCALE)}px"` : '';
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="heed-plot"${least} role="img" aria-label="${markup(label)}" ` +
    `width="${wide}" height="${high}" viewBox="0 0 ${wide} ${high}" direction="ltr" ` +
    `font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace">\n` +
    (place === 'document' ? `<style>${PAPER_STYLE}${style}</style>\n` : '') +
    `<rect class="paper" width="${wide}" height="${high}" rx="8" fill="#fff"/>\n${body}\n</svg>`
  );
}

/** A line of text; the kind gives it a colour for light and for dark pages. */
export function text(
  x: number,
  y: number,
  size: number,
  kind: 'ink' | 'faint',
  content: string,
  more = '',
): string {
  const fill = kind === 'ink' ? '#1b1d22' : '#5b616e';
  const attributes = more === '' ? '' : ` ${more}`;
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${fill}"${attributes}>${markup(content)}</text>`;
}

/**
 * Words on a plate of their own, around x and above y but within `width`, that show while the element before them is pointed
 * at.
 */
export function readout(content: string, x: number, y: number, width: number): string {
  const half = (widest([content]) * CAPTION_SIZE * SANS_ADVANCE) / 2 + 6;
  const middle = Math.max(half, Math.min(x, width - half));
  const plate = `<rect class="paper" x="${round(middle - half)}" y="${round(y - 17)}" width="${round(2 * half)}" height="24" rx="4" fill="#fff"/>`;
  const words = text(middle, y, CAPTION_SIZE, 'ink', content, `${SANS} text-anchor="middle"`);
  return `<g class="value" visibility="hidden" pointer-events="none" stroke="none">${plate}${words}</g>`;
}

/** A title (or none) and captions, wrapped to `width`, with their top left corner at 0, 0. */
export function heading(title: string | undefined, captions: readonly string[], width: number): Panel {
  const panel = { width, height: 0, body: '' };
  const paragraph = (content: string, size: number, kind: 'ink' | 'faint', weight: string): void => {
    for (const line of wrap(drawnTitle(content), Math.floor(width / (size * SANS_ADVANCE)))) {
      panel.body += text(0, panel.height + size, size, kind, line, `${SANS}${weight}`);
      panel.height += round(size * 1.35);
    }
  };
  if (title) paragraph(title, TITLE_SIZE, 'ink', ' font-weight="600"');
  for (const caption of captions) paragraph(caption, CAPTION_SIZE, 'faint', '');
  return panel;
}

/** The panel with its top left corner elsewhere. */
export function placed({ body }: Panel, x: number, y: number): string {
  return `<g transform="translate(${round(x)} ${round(y)})">${body}</g>`;
}

/** To a tenth of a user unit. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
