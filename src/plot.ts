/** Attention maps for terminals, SVG and HTML: the package's `heed/plot`. */
export type { AttentionGrid, AttentionMapInput } from './plot/grid.ts';
export { attentionPage, type PageOptions } from './plot/html.ts';
export { type AttentionMap, attentionMap } from './plot/map.ts';
export { type AttentionOverlay, attentionOverlay } from './plot/overlay.ts';
export type { AttentionOverlayInput, OverlayImage, OverlayStep } from './plot/overlayInput.ts';
export type { OverlaySVGOptions } from './plot/overlaySvg.ts';
export { attentionSheet, type SVGOptions } from './plot/svg.ts';
export type { TerminalOptions } from './plot/terminal.ts';
