import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { isLetter } from '../../src/pronounce/alphabet.ts';
import { longestWord, normaliseSpelling, splitWords } from '../../src/pronounce/spelling.ts';

const spelled = (word: string) => normaliseSpelling(word).letters;

function refusal(word: string): string {
  try {
    normaliseSpelling(word);
  } catch (error) {
    expect(error).toBeInstanceOf(ArgumentError);
    return (error as Error).message;
  }
  throw new Error(`accepted ${JSON.stringify(word.slice(0, 40))}`);
}

describe('normaliseSpelling', () => {
  it('lower-cases without calling it a change', () => {
    expect(normaliseSpelling("  O'Brien-Smith\r\n")).toEqual({ letters: "o'brien-smith", changed: [] });
    expect(normaliseSpelling('\ufeffhello')).toEqual({ letters: 'hello', changed: [] });
  });

  it('drops accents, composed or not, and says so', () => {
    expect(normaliseSpelling('café')).toEqual({ letters: 'cafe', changed: [{ from: 'é', to: 'e' }] });
    expect(normaliseSpelling('cafe\u0301')).toEqual({
      letters: 'cafe',
      changed: [{ from: 'e\u0301', to: 'e' }],
    });
    expect(normaliseSpelling('Éléonore')).toEqual({
      letters: 'eleonore',
      changed: [
        { from: 'É', to: 'e' },
        { from: 'é', to: 'e' },
      ],
    });
    expect(spelled('Việt')).toBe('viet');
  });

  it('replaces Latin letters that Unicode does not decompose', () => {
    expect(spelled('Straße')).toBe('strasse');
    expect(spelled('STRAẞE')).toBe('strasse');
    expect(spelled('Ærøskøbing')).toBe('aeroskobing');
    expect(spelled('œuvre')).toBe('oeuvre');
    expect(spelled('Łódź')).toBe('lodz');
    expect(spelled('Đorđe')).toBe('dorde');
    expect(spelled('Þórður')).toBe('thordur');
    expect(spelled('Işık')).toBe('isik');
    expect(spelled('İzmir')).toBe('izmir');
    expect(spelled('ﬁnǽŉ')).toBe("finae'n");
    expect(spelled('ｃａｔ𝐬')).toBe('cats');
  });

  it('knows typographic apostrophes and hyphens, and drops soft hyphens', () => {
    for (const apostrophe of '’‘ʼ＇`´') expect(spelled(`don${apostrophe}t`)).toBe("don't");
    for (const hyphen of '‐‑－') expect(spelled(`twenty${hyphen}one`)).toBe('twenty-one');
    expect(normaliseSpelling('hy\u00adphen')).toEqual({
      letters: 'hyphen',
      changed: [{ from: '\u00ad', to: '' }],
    });
  });

  it.each([
    ['digit', 'mp3', '"3" (U+0033)'],
    ['punctuation', 'what?', '"?" (U+003F)'],
    ['period', 'u.s.', '"." (U+002E)'],
    ['space', 'hello world', '" " (U+0020)'],
    ['dash', 'to–do', '"–" (U+2013)'],
    ['hangul', '한글', '"한" (U+D55C), "글" (U+AE00)'],
    ['cyrillic with a mark', 'и\u0306', '"и\u0306" (U+0438 U+0306)'],
    ['lone surrogate', 'a\ud83d', ': U+D83D'],
    ['low surrogate', '\ude00', ': U+DE00'],
    ['emoji', 'hi😀', '"😀" (U+1F600)'],
    ['sign that decomposes into letters', 'heed™', '"™" (U+2122)'],
    ['fraction', '½', '"½" (U+00BD)'],
    ['control character', 'a\u001b[31m', ': U+001B, "[" (U+005B), "3" (U+0033), "1" (U+0031)'],
    ['NUL', 'a\0b', ': U+0000'],
    ['mark without a letter', '\u0301a', 'U+0301'],
  ])('refuses and names a %s', (_, word, named) => {
    expect(refusal(word)).toContain(named);
  });

  it('names each foreign character once, and at most eight', () => {
    expect(refusal('1a1')).toMatch(/hyphens: "1" \(U\+0031\)$/);
    expect(refusal('1234567890')).toMatch(/"8" \(U\+0038\) and 2 more$/);
  });

  it('refuses words without a letter', () => {
    for (const word of ['', ' ', '\r\n\t\u00a0\ufeff']) expect(refusal(word)).toContain('word is empty');
    for (const word of ["'", '-', "-'-", '\u00ad']) expect(refusal(word)).toContain('no letter');
    expect(refusal(7 as unknown as string)).toBe(
      'normaliseSpelling: word is of type number, expected a string',
    );
    expect(refusal(undefined as unknown as string)).toContain('undefined');
  });

  it('takes 64 letters and refuses 65 with both numbers', () => {
    expect(spelled('a'.repeat(longestWord))).toHaveLength(64);
    expect(spelled('e\u0301'.repeat(longestWord))).toBe('e'.repeat(64));
    expect(refusal('a'.repeat(65))).toBe(
      `normaliseSpelling: word "${'a'.repeat(39)}…" has 65 letters, expected at most 64 letters`,
    );
    expect(refusal('ß'.repeat(33))).toContain('has 66 letters, expected at most 64');
    expect(refusal('a'.repeat(5_000))).toContain('has 5000 characters, expected at most 64');
  });

  it('refuses megabytes at once', () => {
    const started = performance.now();
    for (const unit of ['a', 'e\u0301', '\u0301', '😀', '한', '\ud800', ' a']) {
      expect(refusal(unit.repeat(4_000_000 / unit.length)).length).toBeLessThan(200);
    }
    expect(refusal(' '.repeat(4_000_000))).toContain('empty');
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('quotes at most 40 printable characters of the word', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (word) => {
        try {
          normaliseSpelling(word);
        } catch (error) {
          const { message } = error as Error;
          expect(message).not.toMatch(/[\p{Cc}\p{Cs}]/u);
          const quoted = /^normaliseSpelling: word "(.*)" has /u.exec(message)?.[1];
          if (quoted !== undefined) expect([...quoted].length).toBeLessThanOrEqual(40);
        }
      }),
    );
  });

  it('gives letters of the alphabet or an ArgumentError for any string, and leaves letters alone', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'aZé’ß-\u0301ŉ') }),
    );
    fc.assert(
      fc.property(anything, (word) => {
        let letters: string;
        try {
          letters = spelled(word);
        } catch (error) {
          expect(error).toBeInstanceOf(ArgumentError);
          return;
        }
        expect([...letters].every(isLetter)).toBe(true);
        expect(letters.length).toBeLessThanOrEqual(longestWord);
        expect(normaliseSpelling(letters)).toEqual({ letters, changed: [] });
      }),
      { numRuns: 500 },
    );
  });
});

describe('splitWords', () => {
  it.each([
    ['Hello, world!', ['Hello', 'world']],
    ['\ufeff"Who\'s there?"\r\n(Nobody.)\r\n', ["Who's", 'there', 'Nobody']],
    ['the well-known author—of books -- and - plays…', 'the well-known author of books and plays'.split(' ')],
    ['“Don’t”, he said: «non»', ['Don’t', 'he', 'said', 'non']],
    ['and/or, end.Next', ['and', 'or', 'end', 'Next']],
    ['the U.S. of A.', ['the', 'U', 'S', 'of', 'A']],
    ["'Tis the dogs' tails, goin' round", ["'Tis", 'the', "dogs'", 'tails', "goin'", 'round']],
    ["rock 'n' roll", ['rock', "'n", 'roll']],
    ["He said 'good dogs' to 'us', ''twice''", ['He', 'said', 'good', 'dogs', 'to', 'us', 'twice']],
    ['-pre mid-- post-', ['pre', 'mid', 'post']],
    ['nota\u200bbene\u3000a\u00a0b\u2028c\u0085d', ['nota', 'bene', 'a', 'b', 'c', 'd']],
    ['2 cats & 한글 😀 50% C++', ['2', 'cats', '&', '한글', '😀', '50%', 'C++']],
    ['', []],
    [' \t\r\n.,;\'"--- – …', []],
  ])('splits %j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it('keeps every letter of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abéZ한3😀$\'’-.,!?"()\r\n \ufeff—') }), (text) => {
        const words = splitWords(text);
        const kept = (from: string) => from.replace(/[^abéZ한3😀$]/gu, '');
        expect(kept(words.join(''))).toBe(kept(text));
        expect(words.every((word) => /^['’]?[abéZ한3😀$]/u.test(word))).toBe(true);
      }),
    );
  });

  it('takes time linear in the text', () => {
    const started = performance.now();
    for (const unit of ['a', '-', "'", ' ', 'a ', "a'", '.', '"-', '😀', '\ud800']) {
      splitWords(unit.repeat(1_000_000 / unit.length));
      splitWords(`x${unit.repeat(1_000_000 / unit.length)}x`);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
