/** ARPAbet phonemes in the International Phonetic Alphabet. */
import { ArgumentError } from '../errors.ts';
import { type Consonant, isPhoneme, type Phoneme, type Vowel } from './alphabet.ts';

// biome-ignore format: a table
const consonantSigns = {
  B: 'b', CH: 'tʃ', D: 'd', DH: 'ð', F: 'f', G: 'ɡ', HH: 'h', JH: 'dʒ', K: 'k', L: 'l', M: 'm', N: 'n',
  NG: 'ŋ', P: 'p', R: 'ɹ', S: 's', SH: 'ʃ', T: 't', TH: 'θ', V: 'v', W: 'w', Y: 'j', Z: 'z', ZH: 'ʒ',
} as const satisfies Record<Consonant, string>;

// biome-ignore format: a table
const vowelSigns = {
  AA: 'ɑ', AE: 'æ', AH: 'ʌ', AO: 'ɔ', AW: 'aʊ', AY: 'aɪ', EH: 'ɛ', ER: 'ɝ', EY: 'eɪ', IH: 'ɪ',
  IY: 'i', OW: 'oʊ', OY: 'ɔɪ', UH: 'ʊ', UW: 'u',
} as const satisfies Record<Vowel, string>;

/** Vowels that have a sign of their own without stress. */
const unstressedSigns: Partial<Record<Vowel, string>> = { AH: 'ə', ER: 'ɚ' };

/**
 * Consonant clusters that may begin an English syllable. Left out are those that begin only names and loan
 * words in CMUdict, such as `SH L`, `T S` or `N Y`.
 */
// biome-ignore format: a table
const onsets: ReadonlySet<string> = new Set([
  'P L', 'P R', 'B L', 'B R', 'T R', 'T W', 'D R', 'D W', 'K L', 'K R', 'K W', 'G L', 'G R', 'G W',
  'F L', 'F R', 'TH R', 'TH W', 'SH R', 'S L', 'S W', 'S M', 'S N', 'S P', 'S T', 'S K', 'S F', 'HH W',
  'P Y', 'B Y', 'K Y', 'G Y', 'F Y', 'V Y', 'M Y', 'HH Y',
  'S P L', 'S P R', 'S P Y', 'S T R', 'S K L', 'S K R', 'S K W', 'S K Y',
]);

/**
 * The phonemes in IPA (broad, General American, no tie bars or length marks): `HH AH0 L OW1` is `həˈloʊ`.
 *
 * Every stressed vowel gives its syllable a mark, ˈ for 1 and ˌ for 2, in words of one syllable too. The
 * mark stands before the syllable by the maximal-onset rule: of the consonants since the vowel before, the longest
 * ending that may begin an English syllable belongs to it (a single consonant but NG always may); consonants that
 * begin the word all do.
 * @throws ArgumentError when a symbol is not a phoneme of CMUdict; vowels need their stress digit.
 */
export function toIPA(phonemes: readonly string[]): string {
  const signs: string[] = [];
  let consonantsBefore: Phoneme[] = [];
  let first = true;
  phonemes.forEach((phoneme, index) => {
    if (!isPhoneme(phoneme)) {
      throw new ArgumentError(
        `toIPA: phonemes[${index}] is ${JSON.stringify(phoneme)}, expected an ARPAbet symbol such as "B" or "AH0"`,
      );
    }
    if (!isVowel(phoneme)) {
      consonantsBefore.push(phoneme);
      signs.push(consonantSigns[phoneme]);
      return;
    }
    const stress = phoneme.slice(-1);
    if (stress !== '0') {
      const onset = first ? consonantsBefore.length : onsetLength(consonantsBefore);
      signs.splice(signs.length - onset, 0, stress === '1' ? 'ˈ' : 'ˌ');
    }
    const vowel = phoneme.slice(0, -1) as Vowel;
    signs.push((stress === '0' && unstressedSigns[vowel]) || vowelSigns[vowel]);
    consonantsBefore = [];
    first = false;
  });
  return signs.join('');
}

function isVowel(phoneme: Phoneme): phoneme is Exclude<Phoneme, Consonant> {
  return !(phoneme in consonantSigns);
}

/** How many of the last consonants between two vowels begin the second vowel's syllable. */
function onsetLength(consonants: readonly Phoneme[]): number {
  for (const length of [3, 2]) {
    if (consonants.length >= length && onsets.has(consonants.slice(-length).join(' '))) return length;
  }
  const last = consonants.at(-1);
  return last === undefined || last === 'NG' ? 0 : 1;
}
