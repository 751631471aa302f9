/** What a page could load or run. */
export const LOADS =
  /<(script|link|img|image|iframe|object|embed|foreignObject|use)\b|\s(href|src|on\w+)="|url\(|@import/i;

/** How often a part occurs in a text. */
export function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

const ESCAPE = '\u001b';
const COLOUR = new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g');

/** A text for a terminal without its ANSI colours. */
export function withoutColours(text: string): string {
  return text.replaceAll(COLOUR, '');
}

/** The contrast of two colours `#rrggbb` by WCAG 2.2, from 1 to 21. */
export function contrast(one: string, other: string): number {
  const [dark, light] = [one, other].map(luminance).sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const full = colour.length === 4 ? colour.replace(/[\da-f]/gi, '$&$&') : colour;
  const channels = [1, 3, 5].map((at) => {
    const value = Number.parseInt(full.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return [0.2126, 0.7152, 0.0722].reduce((sum, share, i) => sum + share * channels[i]!, 0);
}
