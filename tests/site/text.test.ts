import { describe, expect, it } from 'vitest';
import { placedWords, wordAt } from '../../site/src/text.ts';
import { bytesText, median, millisecondsText } from '../../site/src/units.ts';

describe('placedWords', () => {
  it.each([
    '',
    ' … ',
    'Pay attention',
    "'tis the dogs' mother-in-law -- \"don't\", she said; ''round about",
    'a a-a aa a',
    '😀 naïve café (it’s) U.S.',
  ])('finds each word where it stands: %s', (text) => {
    const words = placedWords(text);
    let before = 0;
    for (const { word, start, end } of words) {
      expect(text.slice(start, end)).toBe(word);
      expect(start).toBeGreaterThanOrEqual(before);
      before = end;
    }
    // What lies between the words says nothing.
    const rest = words.reduceRight((left, { start, end }) => left.slice(0, start) + left.slice(end), text);
    expect(rest).not.toMatch(/[a-z]/i);
  });
});

describe('wordAt', () => {
  const words = placedWords('Pay  attention, now');

  it.each([
    [0, 0],
    [3, 0],
    [4, 0],
    [5, 1],
    [14, 1],
    [15, 1],
    [16, 2],
    [99, 2],
  ])('the caret at %i touches or follows word %i', (caret, index) => {
    expect(wordAt(words, caret)).toBe(index);
  });

  it('is 0 before the first word, and without words', () => {
    expect(wordAt(placedWords('  a'), 0)).toBe(0);
    expect(wordAt([], 3)).toBe(0);
  });
});

describe('quantities', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.00 kB'],
    [16_100_000, '16.1 MB'],
    [3e9, '3.00 GB'],
  ])('%i bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

  it.each([
    [0.0512, '0.0512 ms'],
    [1.694, '1.69 ms'],
    [390.4, '390 ms'],
  ])('%d ms are %s', (milliseconds, text) => expect(millisecondsText(milliseconds)).toBe(text));

  it('the median is the middle one, or between the two', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
  });
});
