/** The experiment on blanks in words: its baselines by hand, what the model may see, which words it is asked. */
import { describe, expect, it } from 'vitest';
import { ask, scoreOf } from '../../experiments/fill-the-blank/measure.ts';
import { configOf, hiddenBatch, maskId, modelFill, rowOf } from '../../experiments/fill-the-blank/model.ts';
import { bigramFill, NGrams, ngramFill, unigramFill } from '../../experiments/fill-the-blank/ngrams.ts';
import { relatedTo } from '../../experiments/fill-the-blank/relatives.ts';
import { experiment } from '../../experiments/fill-the-blank/run.ts';
import {
  eachLetterOf,
  type Fill,
  letterIndex,
  loadSpellings,
  someLettersOf,
  spelled,
} from '../../experiments/fill-the-blank/spelling.ts';
import { trialOf } from '../../experiments/fill-the-blank/trial.ts';
import { ArgumentError } from '../../src/errors.ts';
import { MaskedLanguageModel } from '../../src/models/maskedLanguage/model.ts';
import { decodeLetters, endId, letters, padId, startId } from '../../src/pronounce/alphabet.ts';
import { Random } from '../../src/tensor/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

/** Symbols: a three times, b once, the end twice. */
const corpus = ['ab', 'aa'];
/** 28 letters and the end, equally probable before any count. */
const uniform = 1 / 29;
const unigram = { a: (3 + 3 * uniform) / 9, b: (1 + 3 * uniform) / 9, end: (2 + 3 * uniform) / 9 };
/** Of a letter that was never seen. */
const unseen = (3 * uniform) / 9;
const spellings = loadSpellings();

const first = (fill: Fill, spelling: string) => Array.from(fill([spelling])[0]![0]!);
const at = (probabilities: readonly number[], letter: string) => probabilities[letterIndex(letter)]!;
const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe('NGrams', () => {
  it('interpolates as Witten and Bell do: unigrams and bigrams by hand', () => {
    const ngrams = new NGrams(corpus, 2);
    expect(ngrams.probability('', 'a')).toBeCloseTo(unigram.a, 12);
    expect(ngrams.probability('', '$')).toBeCloseTo(unigram.end, 12);
    expect(ngrams.probability('', 'z')).toBeCloseTo(unseen, 12);
    // a is followed by b, a and the end, once each; b by the end; the start by a, twice.
    expect(ngrams.probability('a', 'b')).toBeCloseTo((1 + 3 * unigram.b) / 6, 12);
    expect(ngrams.probability('a', 'z')).toBeCloseTo((3 * unseen) / 6, 12);
    expect(ngrams.probability('b', '$')).toBeCloseTo((1 + unigram.end) / 2, 12);
    expect(ngrams.probability('^', 'a')).toBeCloseTo((2 + unigram.a) / 3, 12);
    // Nothing follows z; of a longer history the last symbol counts.
    expect(ngrams.probability('z', 'a')).toBeCloseTo(unigram.a, 12);
    expect(ngrams.probability('ba', 'b')).toBe(ngrams.probability('a', 'b'));
  });

  it('gives probabilities that add up to 1 after any history', () => {
    const ngrams = new NGrams(spellings.train.slice(0, 2_000), 4);
    for (const history of ['', '^^^', 'a', 'th', 'ing', 'qzx', '^qu']) {
      const sum = total([...letters, '$'].map((symbol) => ngrams.probability(history, symbol)));
      expect(sum, history).toBeCloseTo(1, 10);
    }
  });
});

describe('the baselines', () => {
  it('unigrams tell the most frequent letter everywhere', () => {
    const fill = unigramFill(corpus);
    expect(first(fill, 'b_')).toEqual(first(fill, '_'));
    const share = unigram.a / (unigram.a + unigram.b + 26 * unseen);
    expect(at(first(fill, '_b'), 'a')).toBeCloseTo(share, 12);
  });

  it('bigrams tell from the left neighbour, or from both, by hand', () => {
    const after = (count: number, share: number) => (count + 3 * share) / 6;
    const left = first(bigramFill(corpus, 'left'), 'a_');
    const leftSum = after(1, unigram.a) + after(1, unigram.b) + 26 * after(0, unseen);
    expect(at(left, 'b')).toBeCloseTo(after(1, unigram.b) / leftSum, 12);
    const both = first(bigramFill(corpus, 'both'), 'a_');
    const ends = { a: after(1, unigram.end), b: (1 + unigram.end) / 2, unseen: unigram.end };
    const products = [
      after(1, unigram.a) * ends.a,
      after(1, unigram.b) * ends.b,
      26 * after(0, unseen) * ends.unseen,
    ];
    expect(at(both, 'a')).toBeCloseTo(products[0]! / total(products), 12);
    expect(at(both, 'b')).toBeCloseTo(products[1]! / total(products), 12);
  });

  const train = spellings.train.slice(0, 3_000);
  const words = ['t_', '_', "cat'_", '_orse', 'th_re', 'attentio_'];

  it('bigrams of both sides are the whole word, told with each letter', () => {
    const [messages, whole] = [bigramFill(train, 'both'), ngramFill(train, 2)];
    for (const word of words) {
      first(whole, word).forEach((probability, i) => {
        expect(first(messages, word)[i]).toBeCloseTo(probability, 10);
      });
    }
  });

  it('bigrams fill several blanks as if all words with them were summed up', () => {
    const ngrams = new NGrams(train, 2);
    const probabilityOf = (word: string) =>
      [...word, '$'].reduce(
        (product, symbol, i) => product * ngrams.probability(word[i - 1] ?? '^', symbol),
        1,
      );
    const [before, behind] = [letters.map(() => 0), letters.map(() => 0)];
    letters.forEach((one, i) => {
      letters.forEach((other, j) => {
        const probability = probabilityOf(`t${one}${other}y`);
        before[i]! += probability;
        behind[j]! += probability;
      });
    });
    const filled = bigramFill(train, 'both')(['t__y'])[0]!;
    [before, behind].forEach((sums, blank) => {
      sums.forEach((sum, i) => {
        expect(filled[blank]![i]).toBeCloseTo(sum / total(before), 10);
      });
    });
  });

  it('n-grams of both sides find a word that was counted', () => {
    const fill = ngramFill(['thought', 'through', 'throat'], 4);
    for (const [word, letter] of [
      ['th_ught', 'o'],
      ['th_oat', 'r'],
      ['throug_', 'h'],
    ] as const) {
      const told = first(fill, word);
      expect(at(told, letter)).toBe(Math.max(...told));
      expect(total(told)).toBeCloseTo(1, 10);
    }
  });
});

describe('questions', () => {
  it('hide each letter of each word once, or some of them', () => {
    expect(eachLetterOf(['to', "i'm"]).map(spelled)).toEqual(['_o', 't_', "_'m", 'i_m', "i'_"]);
    const words = spellings.test.slice(0, 500);
    const half = someLettersOf(words, 0.5, new Random(1));
    expect(half.map(({ word }) => word)).toEqual(words);
    expect(half.every(({ blanks }) => blanks.length > 0)).toBe(true);
    const hidden = half.reduce((sum, { blanks }) => sum + blanks.length, 0);
    const all = total(words.map(({ length }) => length));
    expect(Math.abs(hidden / all - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / all) + 0.01);
  });

  it('give away nothing but the other letters', () => {
    const given: string[] = [];
    const fill: Fill = (asked) => {
      given.push(...asked);
      return asked.map((spelling) =>
        [...spelling].filter((s) => s === '_').map(() => letters.map(() => 1 / 28)),
      );
    };
    const questions = someLettersOf(spellings.test.slice(0, 300), 0.3, new Random(2));
    const filled = ask(fill, questions);
    expect(filled.length).toBe(total(questions.map(({ blanks }) => blanks.length)));
    expect([...given].sort()).toEqual(questions.map(spelled).sort());
    for (const { word, blanks } of questions) {
      const asked = spelled({ word, blanks });
      [...word].forEach((letter, i) => {
        expect(asked[i]).toBe(blanks.includes(i) ? '_' : letter);
      });
    }
  });

  it('are about test words alone, of which none is a training or validation word', () => {
    const known = new Set([...spellings.train, ...spellings.validation]);
    const { single, several, examples } = trialOf(spellings, 10_000, 1);
    const asked = new Set([...single, ...[...several.values()].flat(), ...examples].map(({ word }) => word));
    expect([...asked].filter((word) => known.has(word))).toEqual([]);
    expect([...asked].sort()).toEqual([...spellings.test].sort());
    expect(single.length).toBe(total(spellings.test.map(({ length }) => length)));
    expect(trialOf(spellings, 50, 7).examples).toEqual(trialOf(spellings, 50, 7).examples);
    expect(trialOf(spellings, 50, 7).examples).not.toEqual(trialOf(spellings, 50, 8).examples);
  });

  it('tell words with a relative from those without', () => {
    const isRelated = relatedTo(['cat', 'hope', 'walking', 'jones']);
    for (const word of ["cat's", 'cats', 'hoped', 'hoping', 'walk', 'walked', "jones's"]) {
      expect(isRelated(word), word).toBe(true);
    }
    for (const word of ['dog', 'catalogue', 'shop', 'talk']) expect(isRelated(word), word).toBe(false);
  });
});

describe('scores', () => {
  it('count ranks, and take the logarithms’ mean', () => {
    const ranked = ['a', 'b', 'c', 'd'];
    const shares = letters.map((letter) => [0.4, 0.3, 0.2, 0.1][ranked.indexOf(letter)] ?? 0);
    const filled = ask((asked) => asked.map(() => [shares]), eachLetterOf(['a', 'b', 'c', 'd']));
    const perplexity = (0.4 * 0.3 * 0.2 * 0.1) ** -0.25;
    expect(scoreOf(filled)).toEqual({
      ...{ blanks: 4, top1: 0.25, top3: 0.75 },
      perplexity: expect.closeTo(perplexity, 3),
    });
  });
});

describe('the model', () => {
  it('reads words between start and end, and refuses other symbols', () => {
    expect(rowOf('a_')).toEqual([startId, letterIndex('a') + 3, maskId, endId]);
    expect(() => rowOf('é')).toThrow(ArgumentError);
  });

  it('never sees in training what it has to tell', () => {
    const random = new Random(4);
    const words = spellings.train.slice(5_000, 5_040);
    let told = 0;
    for (let round = 0; round < 50; round++) {
      const { input, targets, lengths } = hiddenBatch(words.map(rowOf), 0.3, random);
      const time = input.length / words.length;
      words.forEach((word, w) => {
        expect(lengths[w]).toBe(word.length + 2);
        const row = rowOf(word);
        for (let t = 0; t < time; t++) {
          const [seen, target] = [input[w * time + t]!, targets[w * time + t]!];
          const own = row[t] ?? padId;
          if (target === -100) expect(seen).toBe(own);
          else expect([seen, target]).toEqual([maskId, own]);
          if ([startId, endId, padId].includes(own)) expect(target).toBe(-100);
          told += +(target !== -100);
        }
      });
    }
    const share = told / (50 * total(words.map(({ length }) => length)));
    expect(Math.abs(share - 0.3)).toBeLessThan(0.02);
  });

  it.each(variants)('fills blanks with the probabilities of letters, %s', async (variant) => {
    const runtime = await sharedRuntime(variant);
    const recipe = { ...experiment.settings.quick.model, modelSize: 16, heads: 2, feedForwardSize: 16 };
    using model = MaskedLanguageModel.create(runtime, configOf(recipe, 12), new Random(1));
    const [one, two] = modelFill(model)(['c_t', '__']);
    expect([one!.length, two!.length]).toEqual([1, 2]);
    const candidates = model.fillMask([rowOf('c_t')], { topK: maskId + 1 })[0]![0]!.candidates;
    for (const { id, probability } of candidates) {
      const letter = decodeLetters([id === maskId ? padId : id]);
      if (letter !== '') expect(one![0]![letterIndex(letter)]).toBe(probability);
    }
    expect(total(Array.from(one![0]!))).toBeLessThanOrEqual(1 + 1e-6);
  });
});
