/** Plots for terminals, SVG and HTML: the package's `heed/plot`. */
export { type Curves, curves } from './plot/curves/curves.ts';
export type { CurvesInput, CurvesSeries } from './plot/curves/input.ts';
export type { CurvesSVGOptions } from './plot/curves/svg.ts';
export type { CurvesTerminalOptions } from './plot/curves/terminal.ts';
export type { AttentionGrid, AttentionMapInput } from './plot/map/grid.ts';
export { attentionPage } from './plot/map/html.ts';
export { type AttentionMap, attentionMap } from './plot/map/map.ts';
export { attentionSheet, type SVGOptions } from './plot/map/svg.ts';
export type { AttentionOverlayInput, OverlayImage, OverlayStep } from './plot/overlay/input.ts';
export { type AttentionOverlay, attentionOverlay } from './plot/overlay/overlay.ts';
export type { OverlaySVGOptions } from './plot/overlay/svg.ts';
export type { PageOptions } from './plot/page.ts';
export type { TerminalOptions } from './plot/terminal.ts';
