import stringWidth from 'string-width';

// Directional marks and overrides can reorder the text around a label, so they count as control characters.
const DIRECTIONAL = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069';
const UNPRINTABLE = new RegExp(`[\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}${DIRECTIONAL}]`, 'gu');
const NOT_IN_MARKUP = new RegExp(`[\\p{Cc}\\p{Zl}\\p{Zp}\\ufffe\\uffff${DIRECTIONAL}]`, 'gu');
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const LEFT_TO_RIGHT_MARK = '\u200e';

const ESCAPES: Record<string, string> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A label with its blanks made visible: a space is `␣`, a combining mark without a base sits on `◌`. */
function visible(label: string): string {
  if (/^ +$/.test(label)) return '␣'.repeat(label.length);
  return /^\p{M}/u.test(label) ? `◌${label}` : label;
}

/** A label for a terminal: control and directional characters and lone surrogates are escaped, as `\x1b`. */
export function terminalLabel(label: string): string {
  return visible(escapeControls(label));
}

/**
 * `text` closed off so that a terminal that reorders right-to-left text keeps it in its own column. The mark is
 * zero cells wide.
 */
export function directed(text: string): string {
  return RIGHT_TO_LEFT.test(text) ? text + LEFT_TO_RIGHT_MARK : text;
}

/** A title for a terminal: one line, escaped as {@link terminalLabel}. */
export function terminalTitle(title: string): string {
  return escapeControls(oneLine(title));
}

function escapeControls(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0);
    const hexadecimal = code.toString(16);
    return (
      ESCAPES[character] ??
      (code < 256 ? `\\x${hexadecimal.padStart(2, '0')}` : `\\u${hexadecimal.padStart(4, '0')}`)
    );
  });
}

/** A label for SVG or HTML, before {@link markup}: no characters that XML forbids, lone surrogates as U+FFFD. */
export function drawnLabel(label: string): string {
  return visible(drawable(label.replace(/[\t\n\r]/g, ' ')));
}

/** A title for SVG or HTML, before {@link markup}: one line, cleaned as {@link drawnLabel}. */
export function drawnTitle(title: string): string {
  return drawable(oneLine(title));
}

function drawable(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd').replace(NOT_IN_MARKUP, '');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Text as XML and HTML content or attribute value. */
export function markup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** The characters that a reader sees: grapheme clusters. */
export function graphemes(text: string): string[] {
  return Array.from(new Intl.Segmenter('en').segment(text), ({ segment }) => segment);
}

/** The widest of the texts, in terminal cells; 0 without texts. */
export function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, stringWidth(text)), 0);
}

/** `text` in at most `width` cells, ending in `…` where something was cut. */
export function shorten(text: string, width: number): string {
  return stringWidth(text) <= width ? text : `${pieces(text, width - 1)[0]}…`;
}

/** `text` broken at spaces into lines of at most `width` cells (at least 2); a longer word is cut into pieces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const piece of text.split(' ').flatMap((word) => pieces(word, width))) {
    const longer = lines.length === 0 ? piece : `${lines.at(-1)} ${piece}`;
    if (stringWidth(longer) <= width) lines.splice(-1, 1, longer);
    else lines.push(piece);
  }
  return lines;
}

function pieces(word: string, width: number): string[] {
  const cut: string[] = [];
  let piece = '';
  let used = 0;
  for (const character of graphemes(word)) {
    const cells = stringWidth(character);
    if (used + cells > width) {
      cut.push(piece);
      piece = '';
      used = 0;
    }
    piece += character;
    used += cells;
  }
  return piece === '' ? cut : [...cut, piece];
}
