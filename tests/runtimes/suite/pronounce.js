// The pronouncer with its own weights: a handful of words, and what it refuses.
import { expectEqual, expectNear, expectRejects, expectThrows, expectTrue } from './expectations.js';

export const needs = ['heed', 'models', 'pronounce'];

/** What it says, on every engine: no two alternatives of these are near each other. */
const WORDS = {
  attention: 'əˈtɛnʃən',
  memory: 'ˈmɛmɚi',
  "it's": 'ˈɪts',
  café: 'ˈkeɪf',
};

async function withPronouncer({ createPronouncer }, options, body) {
  const pronouncer = await createPronouncer(options);
  try {
    await body(pronouncer);
  } finally {
    pronouncer.dispose();
  }
}

export const free = {
  'says words': (context) =>
    withPronouncer(context, {}, (pronouncer) => {
      const spoken = Object.fromEntries(
        Object.keys(WORDS).map((word) => [word, pronouncer.pronounce(word).ipa]),
      );
      expectEqual('IPA', spoken, WORDS);
      const { usedBytes } = pronouncer.runtime.memory;
      const results = pronouncer.pronounceAll(Object.keys(WORDS));
      expectEqual(
        'all at once',
        results.map(({ ipa }) => ipa),
        Object.values(WORDS),
      );
      expectEqual('bytes left behind', pronouncer.runtime.memory.usedBytes - usedBytes, 0);
      const [{ phonemes, attention, alternatives, score }, , , café] = results;
      expectEqual('phonemes', phonemes, ['AH0', 'T', 'EH1', 'N', 'SH', 'AH0', 'N']);
      expectTrue('score', score < 0 && score > -1 && alternatives.length === 3);
      expectEqual('letters', attention.letters.join(''), 'attention');
      for (const row of attention.weights) {
        expectNear('a row', [row.reduce((a, b) => a + b, 0)], [1], { roundings: 16, approximations: 1 });
      }
      expectEqual('changed', café.changed, [{ from: 'é', to: 'e' }]);
      expectEqual('greedy', pronouncer.pronounce('attention', { beam: 1 }).ipa, WORDS.attention);
    }),

  'says words in 8 bits': (context) =>
    withPronouncer(context, { arithmetic: 'int8' }, (pronouncer) => {
      expectEqual('IPA', pronouncer.pronounce('attention').ipa, WORDS.attention);
    }),

  'shows its model, which reads letters and writes phonemes': (context) =>
    withPronouncer(context, {}, (pronouncer) => {
      const { encodeLetters, encodePhonemes } = context.pronounce;
      const { phonemes } = pronouncer.pronounce('attention', { beam: 1 });
      const [written] = context.models.greedyDecode(
        pronouncer.model.stepModel([encodeLetters('attention')]),
        20,
      );
      expectEqual('phonemes', [...written.ids], encodePhonemes(phonemes));
    }),

  'refuses what it cannot read': (context) =>
    withPronouncer(context, {}, async (pronouncer) => {
      expectThrows('script', 'ArgumentError', /한/, () => pronouncer.pronounce('한글'));
      expectThrows('empty', 'ArgumentError', /empty/, () => pronouncer.pronounce(' '));
      expectThrows('beam', 'ArgumentError', /beam/, () => pronouncer.pronounce('word', { beam: 33 }));
      pronouncer.dispose();
      expectThrows('disposed', 'DisposedError', /./, () => pronouncer.pronounce('word'));
      const wrong = context.createPronouncer({ weights: context.heed.writeSafetensors({}) });
      await expectRejects('weights', 'FormatError', /config/, wrong);
    }),

  spells: ({ pronounce: { longestWord, normaliseSpelling, splitWords, toIPA } }) => {
    expectEqual('letters', normaliseSpelling('Straße').letters, 'strasse');
    expectEqual('split', splitWords("Pay attention: it's late."), ['Pay', 'attention', "it's", 'late']);
    expectEqual('IPA', toIPA(['HH', 'IY1', 'D']), 'ˈhid');
    const long = 'a'.repeat(longestWord + 1);
    expectThrows('long', 'ArgumentError', /64/, () => normaliseSpelling(long));
    expectThrows('phoneme', 'ArgumentError', /XX/, () => toIPA(['XX']));
  },
};
