/** The shipped pronouncer, greedy: words/s in batches, and the time of a single word. */
import { loadDictionary } from '../models/pronounce/dictionary.ts';
import { createPronouncer } from '../src/pronounce/pronouncer.ts';
import type { RuntimeOptions } from '../src/runtime/load.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import type { Case } from './suite.ts';

const WORDS = 512;
/** Held-out words the model must get right (without stress), or what is timed is not the model. */
const RIGHT_AT_LEAST = 0.5;

export async function pronounceCases(options: RuntimeOptions): Promise<{ cases: Case[]; runtime: Runtime }> {
  const pronouncer = await createPronouncer(options);
  // Every eleventh: the list is sorted, and lengths and beginnings should be mixed.
  const entries = loadDictionary()
    .test.filter((_, i) => i % 11 === 0)
    .slice(0, WORDS);
  const words = entries.map(({ word }) => word);
  const plain = (phonemes: readonly string[]): string => phonemes.join(' ').replace(/\d/g, '');
  let next = 0;
  const cases: Case[] = [
    {
      name: `${WORDS} held-out words, greedy, batches of 64`,
      verify() {
        const results = pronouncer.pronounceAll(words, { beam: 1 });
        const right = results.filter((result, i) =>
          entries[i]!.pronunciations.some((reference) => plain(reference) === plain(result.phonemes)),
        ).length;
        if (right < RIGHT_AT_LEAST * WORDS)
          throw new Error(`pronounceAll: only ${right} of ${WORDS} words are right`);
        for (const result of results) {
          const alone = pronouncer.pronounce(result.word, { beam: 1 });
          if (alone.ipa !== result.ipa)
            throw new Error(`pronounce: ${result.word} differs alone and in a batch`);
        }
      },
      run: () => void pronouncer.pronounceAll(words, { beam: 1 }),
      rate: (seconds) => `${(WORDS / seconds).toFixed(0)} words/s (aim: at least 500)`,
    },
    {
      name: 'a single held-out word, greedy',
      verify() {},
      run: () => void pronouncer.pronounce(words[next++ % WORDS]!, { beam: 1 }),
      rate: () => '(aim: at most 5 ms)',
    },
    {
      name: `${WORDS} held-out words, beam 4, batches of 64`,
      verify() {},
      run: () => void pronouncer.pronounceAll(words, { beam: 4 }),
      rate: (seconds) => `${(WORDS / seconds).toFixed(0)} words/s`,
    },
  ];
  return { cases, runtime: pronouncer.runtime };
}
