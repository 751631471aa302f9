/** The data of the experiment: what is held out, and that nothing of it was trained on. */
import { describe, expect, it } from 'vitest';
import { basePhrases, cldrPairs } from '../../examples/translate/cldr.ts';
import { isRight, wordsOf } from '../../examples/translate/measure.ts';
import { kindsIn, languages, parallelNames, translationMemory } from '../../experiments/translate/data.ts';

const parts = ['train', 'validation', 'test'] as const;

describe.each(Object.entries(languages))('%s names', (_, language) => {
  const pairs = cldrPairs(language);
  const split = parallelNames(language);

  it('are 4,342 pairs, each English name once and each translation once', () => {
    expect(pairs).toHaveLength(4342);
    expect(new Set(pairs.map(({ source }) => source)).size).toBe(4342);
    expect(new Set(pairs.map(({ target }) => target)).size).toBe(4342);
  });

  it('are in one part each', () => {
    expect(parts.map((part) => split[part].length)).toEqual([3715, 209, 418]);
    const all = parts.flatMap((part) => split[part]);
    expect(new Set(all.map(({ source }) => source)).size).toBe(4342);
  });

  it.each(['source', 'target'] as const)('share no base phrase between parts: %s', (side) => {
    const phrases = parts.map((part) => new Set(split[part].map((pair) => basePhrases(pair)[side])));
    const sizes = phrases.map(({ size }) => size);
    expect(sizes.every((size) => size > 50)).toBe(true);
    // Were one in two parts, all together would be fewer.
    expect(new Set(phrases.flatMap((each) => [...each])).size).toBe(sizes.reduce((sum, size) => sum + size));
  });

  it('have no base phrase in training that a held-out name begins with before its colon', () => {
    const trained = new Set(split.train.map(({ source }) => source));
    for (const { source } of split.test) {
      if (source.includes(':')) expect(trained.has(source.split(':')[0]!), source).toBe(false);
    }
  });

  it('are told apart by what training has of their words', () => {
    const kindOf = kindsIn(split.train);
    const kinds = split.test.map(kindOf);
    expect(split.train.every((pair) => kindOf(pair).written)).toBe(true);
    expect(kinds.filter(({ read, written }) => written && !read)).toHaveLength(0);
    const trained = new Set(split.train.flatMap(({ source }) => wordsOf(source)));
    split.test.forEach(({ source }, i) => {
      expect(kinds[i]!.read).toBe(wordsOf(source).every((word) => trained.has(word)));
      expect(kinds[i]!.flag && kinds[i]!.variant).toBe(false);
    });
  });

  it('are never exactly right from a translation memory', () => {
    const some = split.test.slice(0, 50);
    const trials = translationMemory(split.train, some);
    expect(trials.map(({ source }) => source)).toEqual(some.map(({ source }) => source));
    expect(trials.filter(isRight)).toHaveLength(0);
    const targets = new Set(split.train.map(({ target }) => target));
    expect(trials.every(({ written }) => targets.has(written))).toBe(true);
  });
});

it('a translation memory answers with the closest name, the first of those as close', () => {
  const train = [
    { source: 'red circle', target: 'cercle rouge' },
    { source: 'red heart', target: 'cœur rouge' },
    { source: 'blue heart', target: 'cœur bleu' },
  ];
  const [same, tie] = translationMemory(train, [
    { source: 'big blue heart', target: '' },
    { source: 'red square', target: '' },
  ]);
  expect(same!.written).toBe('cœur bleu');
  expect(tie!.written).toBe('cercle rouge');
});
