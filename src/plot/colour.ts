import { rgb } from 'd3-color';
import { interpolateViridis } from 'd3-scale-chromatic';

/** The colour of a weight in [0, 1] as `#rrggbb`: viridis, whose lightness rises evenly, so it also reads in grey. */
export function weightColour(weight: number): string {
  return rgb(interpolateViridis(weight)).formatHex();
}

/** The ANSI sequence (24-bit) that sets the background to a weight's colour. */
export function ansiBackground(weight: number): string {
  const { r, g, b } = rgb(interpolateViridis(weight));
  return `\u001b[48;2;${r};${g};${b}m`;
}

/** The ANSI sequence that ends all colours. */
export const ANSI_RESET = '\u001b[0m';

/** `#000` or `#fff`, whichever has the higher contrast on a weight's colour (WCAG 2.2 relative luminance). */
export function inkOn(weight: number): string {
  const { r, g, b } = rgb(interpolateViridis(weight));
  const linear = (channel: number): number => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  return (luminance + 0.05) ** 2 > 1.05 * 0.05 ? '#000' : '#fff';
}

/** Cyan, magenta, green, yellow, blue and red as the terminal's own theme has them. */
const TINTS = [36, 35, 32, 33, 34, 31];

/** A character in the colour of the `i`th of several things, where colours are wanted. */
export function tinted(character: string, i: number, colour: boolean): string {
  return colour ? `\u001b[${TINTS[i % TINTS.length]}m${character}${ANSI_RESET}` : character;
}
