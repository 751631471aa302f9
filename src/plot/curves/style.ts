/** How lines are told apart: by dashes and markers, which also tell them in grey, and by colours. */
import {
  type SymbolType,
  symbol,
  symbolCircle,
  symbolCross,
  symbolDiamond,
  symbolSquare,
  symbolStar,
  symbolTriangle,
  symbolWye,
} from 'd3-shape';

/** Each at a contrast of at least 4.5 on the light and on the dark paper. */
export const SERIES_COLOURS: readonly { light: string; dark: string }[] = [
  { light: '#0b61b5', dark: '#6cb4ff' },
  { light: '#b8400a', dark: '#ff9d5c' },
  { light: '#00745a', dark: '#4fd1a5' },
  { light: '#9b1f9b', dark: '#ee8cee' },
  { light: '#7d6000', dark: '#e0c04a' },
  { light: '#b3123f', dark: '#ff8fa3' },
  { light: '#0b6b80', dark: '#62d0e6' },
  { light: '#4b5563', dark: '#b9c1cd' },
];

/** Six dashes and seven markers: no pair comes twice among 42 lines. */
const DASHES = ['', '7 4', '2 4', '10 4 2 4', '14 4', '5 2.5 5 7'];
const MARKERS: readonly SymbolType[] = [
  symbolCircle,
  symbolSquare,
  symbolTriangle,
  symbolDiamond,
  symbolCross,
  symbolStar,
  symbolWye,
];
const MARKER_AREA = 42;

/** The rules that colours need beside the paper's. */
export const CURVES_STYLE = `@media (prefers-color-scheme:dark){${SERIES_COLOURS.map(
  ({ dark }, i) => `.heed-plot .series${i}{color:${dark}}`,
).join('')}}`;

/** Attributes of a group in which `currentColor` is the colour of line `i`. */
export function colourOf(i: number): string {
  const index = i % SERIES_COLOURS.length;
  return `class="series${index}" color="${SERIES_COLOURS[index]!.light}"`;
}

/** Attributes of line `i`. */
export function strokeOf(i: number): string {
  const dashes = DASHES[i % DASHES.length]!;
  return `fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"${dashes && ` stroke-dasharray="${dashes}"`}`;
}

/** The outline of line `i`'s marker, around 0, 0. */
export function markerOf(i: number): string {
  return symbol(MARKERS[i % MARKERS.length], MARKER_AREA).digits(1)() ?? '';
}
