import { dictionary } from 'cmu-pronouncing-dictionary';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import * as alphabet from '../../src/pronounce/alphabet.ts';

describe('the alphabet', () => {
  it('has exactly the phonemes of CMUdict', () => {
    const found = new Set(Object.values(dictionary).flatMap((text) => text.replace(/ #.*/, '').split(' ')));
    expect([...alphabet.phonemes].sort()).toEqual([...found].sort());
    expect(alphabet.phonemes).toHaveLength(69);
    expect(new Set(alphabet.phonemes).size).toBe(69);
  });

  it('has the letters of CMUdict but the period', () => {
    const words = Object.keys(dictionary).filter((word) => !word.endsWith(')'));
    expect([...new Set(words.flatMap((word) => [...word]))].sort()).toEqual(
      [...alphabet.letters, '.'].sort(),
    );
    const counted = (symbol: string) => words.filter((word) => word.includes(symbol)).length;
    expect([words.length, counted("'"), counted('-'), counted('.')]).toEqual([126_046, 7_475, 1_012, 114]);
  });

  it('starts with <pad>, <sos> and <eos> and counts them in the vocabulary sizes', () => {
    const { specialSymbols, padId, startId, endId } = alphabet;
    expect([specialSymbols[padId], specialSymbols[startId], specialSymbols[endId]]).toEqual([
      ...specialSymbols,
    ]);
    expect([alphabet.letterVocabularySize, alphabet.phonemeVocabularySize]).toEqual([31, 72]);
    expect(alphabet.encodeLetters("'-az")).toEqual([3, 4, 5, 30]);
    expect(alphabet.encodePhonemes(['AA0', 'UW2', 'B', 'ZH'])).toEqual([3, 47, 48, 71]);
  });

  it('decodes what it encoded', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...alphabet.letters)), (symbols) => {
        expect(alphabet.decodeLetters(alphabet.encodeLetters(symbols.join('')))).toBe(symbols.join(''));
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...alphabet.phonemes)), (symbols) => {
        expect(alphabet.decodePhonemes(alphabet.encodePhonemes(symbols))).toEqual(symbols);
      }),
    );
  });

  it('decodes up to <eos> and skips <sos> and <pad>', () => {
    expect(alphabet.decodeLetters([1, 7, 0, 5, 24, 2, 9, 99])).toBe('cat');
    expect(alphabet.decodePhonemes(Int32Array.of(1, 48, 2, 0, 0))).toEqual(['B']);
  });

  it('refuses unknown symbols and ids', () => {
    expect(() => alphabet.encodeLetters('a.m')).toThrow(ArgumentError);
    expect(() => alphabet.encodeLetters('a.m')).toThrow('encodeLetters: symbol 1 is ".", not a letter');
    expect(() => alphabet.encodeLetters('A')).toThrow(ArgumentError);
    expect(() => alphabet.encodeLetters('\ud800')).toThrow('"\\ud800"');
    expect(() => alphabet.encodePhonemes(['B', 'AH'])).toThrow('symbol 1 is "AH", not a phoneme');
    expect(() => alphabet.encodePhonemes(['constructor'])).toThrow(ArgumentError);
    for (const id of [31, -1, 3.5, Number.NaN]) {
      expect(() => alphabet.decodeLetters([5, id])).toThrow(
        `decodeLetters: ids[1] is ${id}, expected an integer in [0, 31)`,
      );
    }
    expect(() => alphabet.decodePhonemes([72])).toThrow(ArgumentError);
  });
});
