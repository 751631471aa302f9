import { dictionary as source } from 'cmu-pronouncing-dictionary';
import { describe, expect, it } from 'vitest';
import { groupVariants, loadDictionary, type Split, splitOf } from '../../models/pronounce/dictionary.ts';
import { FormatError } from '../../src/errors.ts';
import { normaliseSpelling } from '../../src/pronounce/spelling.ts';

const splits: readonly Split[] = ['train', 'validation', 'test'];
const dictionary = loadDictionary();

describe('loadDictionary', () => {
  it('has every base word in exactly one part, or excludes it for its period', () => {
    const bases = new Set(Object.keys(source).map((key) => key.replace(/\(\d+\)$/, '')));
    const words = splits.flatMap((split) => dictionary[split].map(({ word }) => word));
    expect(new Set(words).size).toBe(words.length);
    expect(words.length + dictionary.excluded).toBe(bases.size);
    expect(dictionary.excluded).toBe(114);
    const kept = new Set(words);
    const missing = [...bases].filter((word) => !kept.has(word));
    expect(missing.every((word) => word.includes('.'))).toBe(true);
    expect(words.some((word) => word.includes('('))).toBe(false);
  });

  it('has every pronunciation, with its word and without comments', () => {
    const entries = splits.flatMap((split) => dictionary[split]);
    const count = entries.reduce((sum, { pronunciations }) => sum + pronunciations.length, 0);
    expect(count).toBe(Object.keys(source).filter((key) => !key.includes('.')).length);
    const of = (word: string) => {
      return entries.find((entry) => entry.word === word)?.pronunciations.map((p) => p.join(' '));
    };
    expect(of('spieth')).toEqual(['S P IY1 TH', 'S P AY1 AH0 TH']);
    expect(of('aalborg')).toEqual(['AO1 L B AO0 R G', 'AA1 L B AO0 R G']);
    expect(of('either')).toEqual(['IY1 DH ER0', 'AY1 DH ER0']);
  });

  it('has words that normaliseSpelling leaves as they are', () => {
    for (const split of splits) {
      for (const { word } of dictionary[split]) {
        const { letters, changed } = normaliseSpelling(word);
        if (letters !== word || changed.length > 0) expect.fail(`${word} became ${letters}`);
      }
    }
  });

  it('splits 90 / 5 / 5 within four standard deviations of a fair draw', () => {
    const total = splits.reduce((sum, split) => sum + dictionary[split].length, 0);
    for (const [split, share] of [
      ['train', 0.9],
      ['validation', 0.05],
      ['test', 0.05],
    ] as const) {
      const bound = 4 * Math.sqrt(total * share * (1 - share));
      expect(Math.abs(dictionary[split].length - total * share)).toBeLessThan(bound);
    }
  });

  it('is sorted, and the same every time', () => {
    const again = loadDictionary();
    for (const split of splits) {
      const words = dictionary[split].map(({ word }) => word);
      expect(words).toEqual([...words].sort());
      expect(again[split]).toEqual(dictionary[split]);
    }
    expect(splits.map((split) => dictionary[split].length)).toEqual([113_296, 6_371, 6_265]);
  });

  it('splits otherwise with another seed, independently of the first', () => {
    const other = loadDictionary(1);
    const test = new Set(dictionary.test.map(({ word }) => word));
    const both = other.test.filter(({ word }) => test.has(word)).length;
    const expected = 0.05 * test.size;
    expect(Math.abs(both - expected)).toBeLessThan(4 * Math.sqrt(expected));
  });
});

describe('splitOf', () => {
  it('depends on the word and the seed alone', () => {
    for (const split of splits) {
      for (const { word } of dictionary[split].slice(0, 2_000)) expect(splitOf(word)).toBe(split);
    }
    const words = Array.from({ length: 1_000 }, (_, index) => `word${index}`);
    expect(words.map((word) => splitOf(word, 1))).not.toEqual(words.map((word) => splitOf(word)));
    expect(splitOf('café')).toBe(splitOf('café', 0));
  });

  it('draws each first letter and each length in proportion', () => {
    const groups = new Map<string, { total: number; train: number }>();
    for (const split of splits) {
      for (const { word } of dictionary[split]) {
        for (const key of [word[0]!, `${word.length} letters`]) {
          const group = groups.get(key) ?? { total: 0, train: 0 };
          group.total++;
          if (split === 'train') group.train++;
          groups.set(key, group);
        }
      }
    }
    for (const [key, { total, train }] of groups) {
      const bound = 5 * Math.sqrt(total * 0.09) + 1;
      expect(Math.abs(train - total * 0.9), key).toBeLessThan(bound);
    }
  });
});

describe('groupVariants', () => {
  it('groups variants in their order, wherever they stand', () => {
    const { entries, excluded } = groupVariants({
      'b(3)': 'B',
      'b(2)': 'B IY0',
      'u.': 'Y UW1',
      b: 'B IY1 # x',
      a: 'AH0',
    });
    expect(entries).toEqual([
      { word: 'a', pronunciations: [['AH0']] },
      { word: 'b', pronunciations: [['B', 'IY1'], ['B', 'IY0'], ['B']] },
    ]);
    expect(excluded).toBe(1);
  });

  it('lists every problem of a malformed dictionary', () => {
    try {
      groupVariants({ 'a(2)': 'AH0', b: 'B XX', c: '', constructor: 'K', 'toString(2)': 'T' });
      expect.fail('accepted');
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      expect((error as FormatError).problems).toEqual([
        'dictionary: "a(2)" has no entry "a"',
        'dictionary: "b" has ["XX"], expected phonemes',
        'dictionary: "c" has [""], expected phonemes',
        'dictionary: "toString(2)" has no entry "toString"',
      ]);
    }
  });
});
