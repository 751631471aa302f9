// Typing: the phonemes follow every key, and the page stays free for the next.

import { traceTasks } from './tasks.mjs';

const WORD = 'knowledgeable';
const SENTENCE = "Don't naïve readers thoroughly misunderstand encyclopaedias";
/**
 * A longer task of the page delays a key, in milliseconds of the processor: by the clock a busy machine would be measured,
 * and not the page.
 */
const LONGEST_TASK = 50;

export async function checkTyping(visit, pronouncer, expect) {
  const { page } = visit;
  await page.fill('#text', '');
  await page.focus('#text');
  const wrong = [];
  for (let length = 1; length <= WORD.length; length++) {
    await page.keyboard.press(WORD[length - 1]);
    const expected = pronouncer.pronounce(WORD.slice(0, length)).phonemes.join(' ');
    const actual = await visit.phonemes(expected);
    if (actual !== expected) wrong.push(`${WORD.slice(0, length)} is ${actual}, in Node ${expected}`);
  }
  expect(`with every key of ${WORD} the phonemes are Node's`, wrong.length === 0, wrong.join('; '));
  const ipa = await visit.textOf('#ipa');
  const expected = pronouncer.pronounce(WORD);
  expect('and the IPA', ipa === `/${expected.ipa}/`, `${ipa}, in Node /${expected.ipa}/`);
  const { letters, phonemes } = expected.attention;
  const cells = await page.locator('#map svg .cell').count();
  expect('the map has a cell for each weight', cells === letters.length * phonemes.length, `${cells} cells`);
  await checkAlternatives(visit, expected, expect);
  await checkSentence(visit, pronouncer, expect);
  await checkRefusal(visit, expect);
}

async function checkAlternatives(visit, { alternatives }, expect) {
  const actual = await visit.page.locator('#alternatives .phonemes').allTextContents();
  const expected = alternatives.map(({ phonemes }) => phonemes.join(' '));
  expect(
    'the alternatives are Node’s',
    actual.join() === expected.join(),
    `${actual.join()}, not ${expected}`,
  );
}

async function checkSentence(visit, pronouncer, expect) {
  const expected = pronouncer
    .pronounceAll(SENTENCE.split(' '))
    .map(({ ipa }) => ipa)
    .join(' ');
  await visit.page.fill('#text', '');
  const stop = await traceTasks(visit.page);
  await visit.page.locator('#text').pressSequentially(SENTENCE, { delay: 20 });
  const actual = await visit.words(expected);
  const { processor, clock } = await stop();
  expect('a sentence typed fast ends in its sounds', actual === expected, `${actual}, not ${expected}`);
  const longest = `${processor.toFixed(0)} ms (${clock.toFixed(0)} ms by the clock)`;
  expect(
    `no task while typing takes ${LONGEST_TASK} ms: at most ${longest}`,
    processor < LONGEST_TASK,
    longest,
  );
}

async function checkRefusal(visit, expect) {
  await visit.page.fill('#text', 'room 101');
  await visit.page.locator('#words label').nth(1).click();
  const [, refusal] = await visit.page.locator('#words small').allTextContents();
  expect('a word that cannot be read is marked', refusal === 'cannot be read', refusal);
  const reason = await visit.textOf('#certainty');
  expect('and the reason is said', /characters that are not letters.*"1" \(U\+0031\)/.test(reason), reason);
}
