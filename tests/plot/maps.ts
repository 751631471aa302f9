import fc from 'fast-check';
import { type AttentionMap, attentionMap } from '../../src/plot.ts';

/** The map of the word that the tests read by hand. */
export function phone(): AttentionMap {
  return attentionMap({
    rows: ['F', 'OW1', 'N'],
    columns: ['p', 'h', 'o', 'n', 'e'],
    weights: [
      [0.6, 0.4, 0, 0, 0],
      [0, 0, 0.9, 0.06, 0.04],
      [0, 0, 0.1, 0.74, 0.16],
    ],
    title: 'phone',
    rowsTitle: 'phonemes',
    columnsTitle: 'letters',
  });
}

/** A map of a given size whose every row is uniform. */
export function uniform(rows: number, columns: number): AttentionMap {
  return attentionMap({
    rows: Array.from({ length: rows }, (_, row) => `row${row}`),
    columns: Array.from({ length: columns }, (_, column) => `c${column}`),
    weights: new Float32Array(rows * columns).fill(1 / Math.max(1, columns)),
  });
}

const nasty = fc.constantFrom(
  '<script>alert(1)</script>',
  ']]>',
  '&amp;',
  '"\'',
  '<!--',
  '\u0000',
  '\u001b[31m',
  '\u009b31m',
  '\r\n',
  '\t',
  '\ud800',
  '\udc00',
  '\ufffe',
  '\u2028',
  '\u202e',
  '\u200d',
  '\ufe0f',
  '\u0301',
  '東京',
  '👩‍👩‍👧‍👦',
  '🇺🇸',
  '🏽',
  'שלום',
  ' ',
  '',
);
/** Labels that could do harm. */
export const anyLabel = fc.oneof(
  nasty,
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.array(nasty, { maxLength: 4 }).map((parts) => parts.join('')),
  // Any UTF-16 code unit, so that surrogates come alone.
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4 })
    .map((units) => String.fromCharCode(...units)),
);
const optionalTitle = fc.option(anyLabel, { nil: undefined });

/** Maps with awkward labels and any weights in [0, 1], without rows or columns too. */
export const anyMap: fc.Arbitrary<AttentionMap> = fc
  .record({
    rows: fc.array(anyLabel, { maxLength: 5 }),
    columns: fc.array(anyLabel, { maxLength: 24 }),
    title: optionalTitle,
    rowsTitle: optionalTitle,
    columnsTitle: optionalTitle,
    weight: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ weight, ...input }) => {
    const weights = Array.from(
      { length: input.rows.length * input.columns.length },
      (_, at) => (weight * at) % 1,
    );
    return attentionMap({ ...input, weights });
  });
