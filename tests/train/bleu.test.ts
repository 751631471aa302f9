/** BLEU against the examples that its paper, NLTK and sacrebleu publish. */
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { type BleuOptions, corpusBleu } from '../../src/train/bleu.ts';
import type { Prediction } from '../../src/train/errorRate.ts';

const words = (text: string) => (text === '' ? [] : text.split(' '));
const result = (predicted: string, ...references: string[]): Prediction => ({
  predicted: words(predicted),
  references: references.map(words),
});
const of = (options: BleuOptions, ...results: Prediction[]) => corpusBleu(results, options);

// Papineni et al. 2002, examples 1 and 2.
const guide = [
  'It is a guide to action that ensures that the military will forever heed Party commands',
  'It is the guiding principle which guarantees the military forces always being under the command of the Party',
  'It is the practical guide for the army always to heed the directions of the party',
];
const first = result(
  'It is a guide to action which ensures that the military always obeys the commands of the party',
  ...guide,
);
const second = result(
  'It is to insure the troops forever hearing the activity guidebook that party direct',
  ...guide,
);
const cat = ['The cat is on the mat', 'There is a cat on the mat'].map((text) => text.toLowerCase());
const book = result(
  'he read the book because he was interested in world history',
  'he was interested in world history because he read the book',
);

describe('corpusBleu: modified precision (Papineni et al. 2002)', () => {
  it.each([
    ['the the the ...', result('the the the the the the the', ...cat), 1, 2 / 7],
    ['candidate 1, unigrams', first, 1, 17 / 18],
    ['candidate 1, bigrams', first, 2, 10 / 17],
    ['candidate 2, unigrams', second, 1, 8 / 14],
    ['candidate 2, bigrams', second, 2, 1 / 13],
    ['of the, unigrams', result('of the', ...guide), 1, 1],
    ['of the, bigrams', result('of the', ...guide), 2, 1],
  ])('%s', (_, each, order, precision) => {
    expect(corpusBleu([each], { maxOrder: order }).precisions[order - 1]).toBeCloseTo(precision, 12);
  });
});

describe('corpusBleu: brevity penalty', () => {
  const as = (length: number) => new Array<string>(length).fill('a').join(' ');
  it.each([
    [12, [12, 15, 17], 1],
    [12, [28, 28], 0.2635971381157267],
    [12, [13, 2], 0.9200444146293233],
    // Of two references as close, the shorter counts, in either order.
    [12, [13, 11], 1],
    [12, [11, 13], 1],
  ])('of %i words with references of %j', (length, references, penalty) => {
    const { brevityPenalty } = corpusBleu([result(as(length), ...references.map(as))], { maxOrder: 1 });
    expect(brevityPenalty).toBeCloseTo(penalty, 12);
  });

  it('is taken of the summed lengths', () => {
    const { brevityPenalty } = corpusBleu([result(as(2), as(4)), result(as(6), as(4))], { maxOrder: 1 });
    expect(brevityPenalty).toBe(1);
  });
});

describe('corpusBleu: whole scores', () => {
  it("equals NLTK's documented examples", () => {
    expect(of({}, first).bleu).toBeCloseTo(0.5045666840058485, 12);
    expect(of({}, first, book).bleu).toBeCloseTo(0.5920778868801042, 12);
    expect((of({}, first).bleu + of({}, book).bleu) / 2).toBeCloseTo(0.6223247442490669, 12);
  });

  const dog = [
    result('The dog bit the man .', 'The dog bit the man .', 'The dog had bit the man .'),
    result("It wasn't surprising .", 'It was not unexpected .', 'No one was surprised .'),
    result('The man had just bitten him .', 'The man bit him first .', 'The man had bitten the dog .'),
  ];
  const sugar = result(
    'Producția de zahăr primă va fi exprimată în ceea ce privește zahărul alb ;',
    'producţia de zahăr brut se exprimă în zahăr alb ;',
  );
  const letters = ({ predicted, references }: Prediction): Prediction => ({
    predicted: [...predicted.join('')],
    references: references.map((reference) => [...reference.join('')]),
  });
  it.each([
    ['a corpus', {}, dog, 48.530827],
    ['its unsplit words', {}, dog.map((each) => unsplit(each)), 49.1919566],
    ['a sentence', { effectiveOrder: true }, [sugar], 0],
    ['a sentence, smoothed', { smoothing: 'exponential', effectiveOrder: true }, [sugar], 8.493],
    ['a sentence, smoothed, unsplit', { smoothing: 'exponential' }, [unsplit(sugar)], 7.347],
    ['its characters', { smoothing: 'exponential' }, [letters(sugar)], 40.8759],
    [
      'no word in common',
      { smoothing: 'exponential', effectiveOrder: true },
      [result('this is a cat', 'okay thanks')],
      0,
    ],
  ] as const)("equals sacrebleu's test: %s", (_, options, results, score) => {
    expect(100 * corpusBleu(results, options).bleu).toBeCloseTo(score, score > 41 ? 6 : 3);
  });

  it('is 1 for what equals a reference, and 0 for no prediction', () => {
    expect(of({}, first, result('a b c d', 'x', 'a b c d')).bleu).toBeLessThan(1);
    expect(of({}, result('a b c d', 'x', 'a b c d')).bleu).toBe(1);
    expect(of({}, result('', 'a b c d'))).toMatchObject({ bleu: 0, brevityPenalty: 0, predictedLength: 0 });
  });

  it('is 0 for predictions that are too short for an order, unless only the orders they have count', () => {
    const short = result('a b', 'a b');
    expect(of({}, short).bleu).toBe(0);
    expect(of({ smoothing: 'exponential' }, short).bleu).toBe(0);
    expect(of({ effectiveOrder: true }, short).bleu).toBe(1);
    expect(of({}, short, result('a b c d', 'a b c d')).bleu).toBe(1);
  });

  it('tells n-grams apart whatever their words hold', () => {
    expect(of({ maxOrder: 2 }, { predicted: ['a b', 'c'], references: [['a', 'b c']] }).precisions).toEqual([
      0, 0,
    ]);
  });
});

it('corpusBleu refuses what it cannot measure', () => {
  expect(() => corpusBleu([])).toThrow(
    new ArgumentError('corpusBleu: results is empty, expected at least one'),
  );
  expect(() => corpusBleu([first, { predicted: ['a'], references: [] }])).toThrow(
    'results[1].references is empty',
  );
  expect(() => corpusBleu([result('a', '')])).toThrow('results[0].references has an empty sequence');
  for (const maxOrder of [0, 1.5, Number.NaN]) {
    expect(() => corpusBleu([first], { maxOrder })).toThrow(
      `maxOrder must be a positive integer, got ${maxOrder}`,
    );
  }
  expect(() => corpusBleu([first], { smoothing: 'floor' as 'none' })).toThrow(
    'smoothing must be none or exponential, got floor',
  );
});

/** Full stops and semicolons at the end of their words. */
function unsplit({ predicted, references }: Prediction): Prediction {
  const join = (tokens: readonly string[]) => words(tokens.join(' ').replace(/ ([.;])/g, '$1'));
  return { predicted: join(predicted), references: references.map(join) };
}
