/** `examples/translate`: files of pairs, good and bad; parts that share no phrase; a small language learned end to end. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { createRuntime, FormatError } from 'heed';
import { trainingRuntime } from 'heed/train';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basePhrases, cldrLanguages, cldrPairs } from '../../examples/translate/cldr.ts';
import { scoresOf, wordsOf, wordsSeenIn } from '../../examples/translate/measure.ts';
import { LONGEST_LINE, parsePairs, readPairs } from '../../examples/translate/pairs.ts';
import { phrases, type Recipe } from '../../examples/translate/recipe.ts';
import { partOf, splitPairs } from '../../examples/translate/split.ts';
import { trainTranslator } from '../../examples/translate/training.ts';
import { Translator } from '../../examples/translate/translator.ts';
import { ids, normalise, piecesOf, Vocabulary } from '../../examples/translate/vocabulary.ts';
import { wordAttention } from '../../examples/translate/wordAttention.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parsePairs(bytes(text), 'list.tsv');

describe('parsePairs', () => {
  const two = [
    { source: 'Go.', target: 'Geh.' },
    { source: 'Hi.', target: 'Hallo.' },
  ];
  it.each([
    ['lines', 'Go.\tGeh.\nHi.\tHallo.\n'],
    ['no last line end', 'Go.\tGeh.\nHi.\tHallo.'],
    ['attributions', 'Go.\tGeh.\tCC-BY 2.0\nHi.\tHallo.\tCC-BY 2.0\n'],
    ['CR LF', 'Go.\tGeh.\r\nHi.\tHallo.\r\n'],
    ['a byte-order mark', '\u{feff}Go.\tGeh.\nHi.\tHallo.\n'],
    ['empty lines', '\nGo.\tGeh.\n \n\nHi.\tHallo.\n\n'],
    ['pairs twice', 'Go.\tGeh.\nHi.\tHallo.\nGo.\tGeh.\n'],
    ['spaces of all kinds', ' Go.\tGeh.\nHi. \t\u{a0}Hallo.\u{202f}\n'],
  ])('takes %s', (_, text) => {
    expect(parse(text)).toEqual(two);
    expect(parsePairs(gzipSync(text), 'list.tsv.gz')).toEqual(two);
  });

  it('composes letters', () => {
    expect(parse('e\u{301}\t\u{1112}\u{1161}\u{11ab}')).toEqual([{ source: 'é', target: '한' }]);
  });

  const long = 'a'.repeat(LONGEST_LINE);
  it.each([
    ['an empty file', '', 'list.tsv: holds no pairs, expected lines of a text, a tab and its translation'],
    [
      'only empty lines',
      '\n\n \n',
      'list.tsv: holds no pairs, expected lines of a text, a tab and its translation',
    ],
    ['no tab', 'Go. Geh.\n', 'list.tsv: line 1 has no tab, expected a text, a tab and its translation'],
    [
      'one column in the middle',
      'Go.\tGeh.\nHi.\nHi.\tHallo.',
      'list.tsv: line 2 has no tab, expected a text, a tab and its translation',
    ],
    [
      'an empty column, and others',
      'Go.\t\nHi.\n\tHallo.',
      'list.tsv: line 1 has an empty translation, expected a text, a tab and its translation (and 2 more such lines)',
    ],
    [
      'an empty text',
      '\tGeh.',
      'list.tsv: line 1 has an empty text, expected a text, a tab and its translation',
    ],
    [
      'a huge line',
      `Go.\tGeh.\n${long}\tb`,
      'list.tsv: line 2 has 10002 characters, at most 10000 are taken, expected a text, a tab and its translation',
    ],
  ])('refuses %s', (_, text, message) => {
    expect(() => parse(text)).toThrow(new FormatError(message));
  });

  it.each([
    ['Latin-1', Uint8Array.from([0x47, 0x6f, 0x09, 0xe9, 0x0a]), 'list.tsv: is not UTF-8, which is expected'],
    ['UTF-16', Uint8Array.from([0xff, 0xfe, 0x47, 0x00]), 'list.tsv: is UTF-16, expected UTF-8'],
    ['broken gzip', gzipSync('Go.\tGeh.').subarray(0, 20), 'list.tsv: cannot be unpacked'],
  ])('refuses %s', (_, of, message) => {
    expect(() => parsePairs(of, 'list.tsv')).toThrow(message);
  });

  it('says what it could not read', () => {
    expect(() => readPairs('missing.tsv')).toThrow(new FormatError('cannot read missing.tsv: no such file'));
    expect(() => readPairs(tmpdir())).toThrow(new FormatError(`cannot read ${tmpdir()}: is a folder`));
  });
});

describe('Vocabulary', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab é한:-,’ 1'), maxLength: 20 }).map(normalise);

  it('pieces make up the text', () => {
    fc.assert(
      fc.property(text, (each) => {
        expect(piecesOf(each).join('').trim()).toBe(each);
      }),
    );
    expect(piecesOf('woman: red-haired')).toEqual([' woman', ':', ' red', '-', 'haired']);
  });

  it('decodes what it encodes, in words and in letters', () => {
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(1, 2, Infinity),
        (texts, least) => {
          const vocabulary = Vocabulary.of(texts, least);
          for (const each of texts) {
            expect(vocabulary.decode(vocabulary.encode(each))).toBe(each);
            expect(vocabulary.decode(vocabulary.encode(each, 1, { uniform: () => 0 }))).toBe(each);
          }
        },
      ),
    );
  });

  it('gives words an id from the least count on, and spells others', () => {
    const vocabulary = Vocabulary.of(['red heart', 'red circle'], 2);
    expect(vocabulary.tokensOf('red heart')).toEqual([' red', ' ', 'h', 'e', 'a', 'r', 't']);
    expect(vocabulary.tokensOf('red', 0.5, { uniform: () => 0.4 })).toEqual([' ', 'r', 'e', 'd']);
    expect(vocabulary.tokensOf('red', 0.5, { uniform: () => 0.6 })).toEqual([' red']);
  });

  it('knows what it does not know', () => {
    const vocabulary = Vocabulary.of(['abc'], 1);
    expect(vocabulary.encode('aé')).toContain(ids.unknownId);
    expect(vocabulary.unknownLetters('éaxé')).toEqual(['é', 'x']);
    expect(vocabulary.decode([vocabulary.size, ids.unknownId])).toBe('��');
  });

  it('refuses tokens that are none', () => {
    expect(() => new Vocabulary(['a', 'a'])).toThrow('a token occurs twice');
    expect(() => new Vocabulary(['a', ''])).toThrow('tokens must be texts, got ""');
    expect(() => new Vocabulary([1] as never)).toThrow('tokens must be texts, got 1');
    expect(() => new Vocabulary({} as never)).toThrow('tokens must be texts, got {}');
    expect(() => Vocabulary.of([], 0)).toThrow('least must be at least 1, got 0');
  });
});

describe('splitPairs', () => {
  const word = fc.constantFrom(...'abcdefghijklmnop');
  const pairs = fc.array(fc.record({ source: word, target: word }), { maxLength: 30 });

  it('shares no phrase of either side between parts, and keeps every pair', () => {
    fc.assert(
      fc.property(pairs, fc.nat(1000), (list, seed) => {
        const parts = Object.values(splitPairs(list, seed));
        expect(parts.flat().length).toBe(list.length);
        for (const side of ['source', 'target'] as const) {
          const seen = parts.map((part) => new Set(part.map((pair) => pair[side])));
          const together = new Set(seen.flatMap((each) => [...each]));
          expect(together.size).toBe(seen.reduce((sum, { size }) => sum + size, 0));
        }
      }),
    );
  });

  it('does not depend on the order of the pairs', () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const sorted = (part: readonly object[]) => part.map((pair) => JSON.stringify(pair)).sort();
        const [one, other] = [splitPairs(list), splitPairs([...list].reverse())];
        expect(sorted(one.train)).toEqual(sorted(other.train));
        expect(sorted(one.test)).toEqual(sorted(other.test));
      }),
    );
  });

  it('puts about a tenth into test and a twentieth into validation, others with another seed', () => {
    const words = Array.from({ length: 20_000 }, (_, i) => `word ${i}`);
    const share = (part: string, seed: number) =>
      words.filter((each) => partOf(each, seed) === part).length / words.length;
    for (const seed of [0, 1, 2]) {
      // Four standard deviations.
      expect(Math.abs(share('test', seed) - 0.1)).toBeLessThan(0.0085);
      expect(Math.abs(share('validation', seed) - 0.05)).toBeLessThan(0.0062);
    }
    expect(words.some((each) => partOf(each, 0) !== partOf(each, 1))).toBe(true);
  });
});

describe('CLDR names', () => {
  it('come in many languages', () => {
    expect(cldrLanguages()).toEqual(expect.arrayContaining(['de', 'fr', 'ja', 'ko']));
    expect(cldrPairs('ko')).toContainEqual({ source: 'woman running', target: '뛰는 여자' });
    expect(() => cldrPairs('tlh')).toThrow('CLDR has no names in "tlh", expected one of');
    for (const language of cldrLanguages()) expect(() => cldrPairs(language)).not.toThrow();
  });

  it.each([
    ['woman running', '뛰는 여자', 'woman running', '뛰는 여자'],
    ['woman running: medium skin tone', '뛰는 여자: 갈색 피부', 'woman running', '뛰는 여자'],
    ['kiss: man, man', 'bisou : homme et homme', 'kiss', 'bisou'],
    ['man: red hair', '男人：红发', 'man', '男人'],
    ['flag: Japan', '깃발: 일본', 'flag: Japan', '깃발: 일본'],
    [':', ':', ':', ':'],
  ])('%s, %s: base phrases', (source, target, base, other) => {
    expect(basePhrases({ source, target })).toEqual({ source: base, target: other });
  });
});

describe('measures', () => {
  const trial = (target: string, written: string) => ({ source: '', target, written });

  it('count words, characters and whole translations', () => {
    const scores = scoresOf([trial('cercle rouge', 'cercle rouge'), trial('cœur rouge', 'cœur bleu')]);
    expect(scores).toMatchObject({ pairs: 2, exact: 0.5, wordAccuracy: 0.75 });
    // Of 22 characters, to make 'rouge' of 'bleu' takes 5 changes.
    expect(scores.characterAccuracy).toBeCloseTo(1 - 5 / 22, 12);
    expect(scoresOf([trial('a', 'a b c d e f')]).wordAccuracy).toBe(0);
  });

  it('cut words where BLEU counts them', () => {
    expect(wordsOf('femme qui s’incline : peau foncée')).toEqual([
      'femme',
      'qui',
      's',
      '’',
      'incline',
      ':',
      'peau',
      'foncée',
    ]);
    expect(wordsOf('뛰는 여자: 갈색 피부')).toEqual(['뛰는', '여자', ':', '갈색', '피부']);
  });

  it('tell pairs whose words were all seen', () => {
    const seen = wordsSeenIn([{ source: 'red heart', target: 'cœur rouge' }]);
    expect(seen({ source: 'heart', target: 'cœur' })).toBe(true);
    expect(seen({ source: 'heart', target: 'coeur' })).toBe(false);
    expect(seen({ source: 'blue heart', target: 'cœur' })).toBe(false);
  });
});

it('attention between letters becomes attention between words', () => {
  const read = [' red', ' ', 'f', 'o'];
  const written = [' ', 'f', 'o', ':', ' rot'];
  const weights = [
    [0, 0.5, 0.5, 0],
    [0.2, 0.2, 0.4, 0.2],
    [0.1, 0.3, 0.3, 0.3],
    [1, 0, 0, 0],
    [0.7, 0.1, 0.1, 0.1],
    [0, 0, 0, 1],
  ];
  const { words, sourceWords, attention } = wordAttention(read, written, weights);
  expect([words, sourceWords]).toEqual([
    ['fo', ':', 'rot'],
    ['red', 'fo'],
  ]);
  const wanted = [0.1, 0.9, 1, 0, 0.7, 0.3];
  attention.flat().forEach((weight, i) => {
    expect(weight).toBeCloseTo(wanted[i]!, 12);
  });
});

describe('a made-up language that writes the noun first', () => {
  const adjectives = [...'abcdefghij'].map((letter) => `${letter}ig`);
  const nouns = [...'klmnopqrst'].map((letter) => `${letter}un`);
  const pairs = adjectives.flatMap((adjective) =>
    nouns.map((noun) => ({
      source: `${adjective} ${noun}`,
      target: `${[...noun].reverse().join('')} ${[...adjective].reverse().join('')}`,
    })),
  );
  const parts = splitPairs(pairs);
  const recipe: Recipe = {
    ...phrases,
    sizes: { modelSize: 32, heads: 2, feedForwardSize: 64, encoderLayers: 1, decoderLayers: 1, dropout: 0 },
    peakLearningRate: 5e-3,
    batchSize: 32,
    spelling: 0,
    joined: 0,
  };
  const learn = async (steps: number) => {
    const runtime = await trainingRuntime({ seed: 1 });
    const translator = Translator.create(runtime, parts.train, recipe, runtime.random);
    const result = await trainTranslator({
      runtime,
      translator,
      pairs: parts.train,
      recipe,
      budget: { steps },
      seed: 1,
    });
    return { translator, result };
  };

  it('is learned, saved and loaded', async () => {
    const { translator, result } = await learn(250);
    expect(result).toEqual({ steps: 250, tooLong: 0 });
    const sources = parts.test.map(({ source }) => source);
    const written = translator.translate(sources);
    const right = written.filter(({ text }, i) => text === parts.test[i]!.target).length;
    expect(parts.test.length).toBeGreaterThanOrEqual(5);
    expect(right / parts.test.length).toBeGreaterThanOrEqual(0.8);
    expect(translator.translate(sources, 2).map(({ text }) => text)).toEqual(written.map(({ text }) => text));

    const loaded = Translator.load(
      await createRuntime({ variant: translator.model.runtime.variant }),
      translator.save(),
    );
    expect(loaded.translate(sources)).toEqual(written);
    expect(() => translator.translate([''])).toThrow('the text is empty');
    expect(() => translator.translate(['x'.repeat(129)])).toThrow(
      'the text has 130 tokens, at most 128 are taken',
    );
    expect(translator.translate(['ü kun'])[0]!.unknown).toEqual(['ü']);
    expect(translator.translate(['ü kun'])[0]!.sourceWords).toEqual(['ü', 'kun']);
  });

  it('gives the same weights from the same seed', async () => {
    const [one, other] = await Promise.all([learn(5), learn(5)]);
    expect(one.translator.save()).toEqual(other.translator.save());
  });

  it('refuses files that are no saved translators', async () => {
    const runtime = await createRuntime();
    const { translator } = await learn(1);
    const saved = translator.save();
    expect(() => Translator.load(runtime, bytes('no weights'))).toThrow(FormatError);
    expect(() => Translator.load(runtime, saved.subarray(0, -4))).toThrow(FormatError);
    const text = Buffer.from(saved).toString('latin1');
    const changed = (from: string, to: string) => Buffer.from(text.replace(from, to), 'latin1');
    expect(() => Translator.load(runtime, changed('heed translator 1', 'heed translator 9'))).toThrow(
      'not a saved translator',
    );
  });
});

describe('npm run example:translate', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'heed-translate-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const program = (args: readonly string[], input = '') => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', 'examples/translate/index.ts', ...args],
      { input, encoding: 'utf8' },
    );
    return { status, stdout, stderr };
  };

  it('trains on a file, saves, and translates with the saved model', () => {
    const lines = Array.from({ length: 60 }, (_, i) => `word ${i}\tmot ${i}\tsomeone\r\n`);
    const list = join(folder, 'list.tsv.gz');
    const model = join(folder, 'model.safetensors');
    writeFileSync(list, gzipSync(`\u{feff}${lines.join('')}`));
    const trained = program(['--pairs', list, '--steps', '8', '--beam', '1', '--save', model, 'word 3']);
    expect(trained.stderr).toMatch(
      /^trained on \d+ pairs, 8 steps\nheld out: [\d.]+ % of \d+ exactly right, /,
    );
    expect(trained.stdout).toMatch(/^word 3 {2}→ {2}/);
    expect(trained.status).toBe(0);
    const again = program(['--load', model, '--beam', '1'], 'word 3\n\nwörd 3\n');
    expect(again).toMatchObject({ status: 0, stderr: '' });
    expect(again.stdout.startsWith(trained.stdout)).toBe(true);
    expect(again.stdout).toContain('(never seen in training: ö)');
  });

  it.each([
    ['a missing file', ['--pairs', 'missing.tsv'], 1, 'translate: cannot read missing.tsv: no such file\n'],
    ['a missing model', ['--load', 'missing'], 1, 'translate: cannot read missing: no such file\n'],
    ['no model', ['--load', 'package.json'], 1, /^translate: package\.json: [^\n]+\n$/],
    ['no list', ['--pairs', 'LICENSE'], 1, /^translate: LICENSE: line 1 has no tab, [^\n]+\n$/],
    [
      'an unknown language',
      ['--language', 'tlh'],
      1,
      /^translate: CLDR has no names in "tlh", expected one of [^\n]+\n$/,
    ],
    ['a language with few names', ['--language', 'ar-SA'], 1, /^translate: CLDR: too few pairs[^\n]+\n$/],
    ['a beam of 99', ['--beam', '99'], 2, /^translate: [^\n]+It must be an integer from 1 to 16\.\n$/],
    ['options that do not go together', ['--quick', '--load', 'x'], 2, /^translate: [^\n]+\n$/],
  ])('says in a line what is wrong with %s', (_, args, status, message) => {
    const ended = program(args);
    expect(ended.status).toBe(status);
    if (typeof message === 'string') expect(ended.stderr).toBe(message);
    else expect(ended.stderr).toMatch(message);
    expect(ended.stdout).toBe('');
  });
});
