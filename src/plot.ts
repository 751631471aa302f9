/** Attention maps for terminals, SVG and HTML: the package's `heed/plot`. */
export type { AttentionGrid, AttentionMapInput } from './plot/grid.ts';
export { attentionPage, type PageOptions } from './plot/html.ts';
export { type AttentionMap, attentionMap } from './plot/map.ts';
export { attentionSheet, type SVGOptions } from './plot/svg.ts';
export type { TerminalOptions } from './plot/terminal.ts';
