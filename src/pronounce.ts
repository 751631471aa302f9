/** heed/pronounce: the embedded default model, from spelling to sound. */
export { encodeLetters, encodePhonemes, type Phoneme } from './pronounce/alphabet.ts';
export { toIPA } from './pronounce/ipa.ts';
export {
  type Alternative,
  createPronouncer,
  type PronounceOptions,
  type Pronouncer,
  type PronouncerOptions,
  type Pronunciation,
  type PronunciationAttention,
} from './pronounce/pronouncer.ts';
export {
  longestWord,
  normaliseSpelling,
  type Spelling,
  type SpellingChange,
  splitWords,
} from './pronounce/spelling.ts';
