/** Spelling to sound: English words to ARPAbet phonemes and IPA, with the attention that led there. */
import { beamSearch, type LengthPenalty } from '../decode/beam.ts';
import { greedyDecode } from '../decode/greedy.ts';
import type { Hypothesis } from '../decode/stepModel.ts';
import { ArgumentError, DisposedError, FormatError } from '../errors.ts';
import { toFloat32 } from '../io/conversion.ts';
import { readSafetensors } from '../io/safetensors.ts';
import type { Arithmetic } from '../layers/parameters.ts';
import type { Seq2SeqConfig } from '../models/seq2seq/config.ts';
import { Seq2Seq } from '../models/seq2seq/model.ts';
import { createRuntime, type RuntimeOptions } from '../runtime/load.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { WeightSource } from '../tensor/weights.ts';
import {
  decodePhonemes,
  encodeLetters,
  endId,
  letterVocabularySize,
  type Phoneme,
  padId,
  phonemeVocabularySize,
  startId,
} from './alphabet.ts';
import { toIPA } from './ipa.ts';
import { normaliseSpelling, type Spelling, type SpellingChange } from './spelling.ts';
import { shippedWeights } from './weights.ts';

/** Where the decoder looked: weights[i][j] is what phoneme i took from letter j; each row sums to 1. */
export interface PronunciationAttention {
  readonly phonemes: readonly Phoneme[];
  readonly letters: readonly string[];
  readonly weights: readonly Float32Array[];
}

/** One way to pronounce a word. */
export interface Alternative {
  /** ARPAbet with stress digits: ['AH0', 'T', 'EH1', 'N', 'SH', 'AH0', 'N']. */
  readonly phonemes: readonly Phoneme[];
  /** The International Phonetic Alphabet: 'əˈtɛnʃən'. */
  readonly ipa: string;
  /** Mean natural-log probability of a token, the end included: at most 0; higher is surer. */
  readonly score: number;
}

/** How a word sounds. */
export interface Pronunciation extends Alternative {
  /** The word as it was given. */
  readonly word: string;
  /** Letters that were replaced to spell it in the model's alphabet: é by e. */
  readonly changed: readonly SpellingChange[];
  readonly attention: PronunciationAttention;
  /** Further pronunciations, best first; as many as the beam is wide, less one. */
  readonly alternatives: readonly Alternative[];
}

export interface PronounceOptions {
  /** Hypotheses kept while decoding: 1 is greedy and fastest; 4 by default. At most 32. */
  readonly beam?: number;
}

export interface PronouncerOptions extends RuntimeOptions {
  /** A safetensors file of weights to use instead of the embedded ones. */
  readonly weights?: Uint8Array | ArrayBuffer;
  /**
   * What 8-bit weights, as the embedded ones, are computed in: `f32` by default; `int8` takes a quarter of the memory
   * for them and costs a little accuracy (`npm run eval:pronounce -- --arithmetic int8`).
   */
  readonly arithmetic?: Arithmetic;
}

const DEFAULT_BEAM = 4;
const WIDEST_BEAM = 32;
/** Of none, gnmt 0.6, square root and mean, the best on validation words. */
const LENGTH_PENALTY: LengthPenalty = { kind: 'gnmt', alpha: 0.6 };
/** Words decoded side by side by `pronounceAll`. */
const BATCH = 64;
/** Pronunciations are cut there: twice the letters and some (the dictionary's longest is 1.9 per letter, for initials). */
const longest = (letters: number): number => 2 * letters + 6;

/**
 * Makes a pronouncer: the embedded weights on a runtime of its own.
 * @throws FormatError when the weights are not a pronouncer's; UnsupportedError without WebAssembly SIMD
 */
export async function createPronouncer(options: PronouncerOptions = {}): Promise<Pronouncer> {
  const { weights, arithmetic, ...runtimeOptions } = options;
  const bytes = weights ?? (await shippedWeights());
  const runtime = await createRuntime(runtimeOptions);
  try {
    return new Pronouncer(runtime, bytes, arithmetic);
  } catch (error) {
    runtime.dispose();
    throw error;
  }
}

/** Made by `createPronouncer`. Synchronous from then on. */
export class Pronouncer {
  readonly #runtime: Runtime;
  readonly #model: Seq2Seq;
  #disposed = false;

  /** Takes ownership of the runtime. @throws FormatError */
  constructor(runtime: Runtime, weights: Uint8Array | ArrayBuffer, arithmetic?: Arithmetic) {
    const file = readSafetensors(weights);
    expectFinite(file);
    this.#runtime = runtime;
    this.#model = Seq2Seq.load(runtime, file, readConfig(file.metadata.config), { arithmetic });
  }

  /** The runtime it works on: variant and memory. */
  get runtime(): Runtime {
    return this.#runtime;
  }

  /**
   * The encoder-decoder that pronounces, for a look inside: it reads `encodeLetters` and writes `encodePhonemes`. Its
   * tensors are of `runtime`; it is disposed of with the pronouncer.
   */
  get model(): Seq2Seq {
    return this.#model;
  }

  /**
   * How a word sounds.
   * @param word letters, apostrophes and hyphens in any case; accents on Latin letters are dropped and reported
   * @throws ArgumentError for an empty word, one of more than 64 letters, or characters outside the alphabet, named;
   *   DisposedError
   */
  pronounce(word: string, options: PronounceOptions = {}): Pronunciation {
    return this.pronounceAll([word], options)[0]!;
  }

  /** Pronounces many words, several at a time: faster than one by one. Results are in the words' order. @throws as `pronounce`, before any work */
  pronounceAll(words: readonly string[], options: PronounceOptions = {}): Pronunciation[] {
    const batches = this.pronounceBatches(words, options);
    const results = new Array<Pronunciation>(words.length);
    for (const batch of batches) {
      for (const [index, pronunciation] of batch) results[index] = pronunciation;
    }
    return results;
  }

  /**
   * What `pronounceAll` returns, a batch at a time, each word with its index: for who lets others have a turn in between.
   * @throws as `pronounce`, at once; DisposedError while iterating
   */
  pronounceBatches(
    words: readonly string[],
    options: PronounceOptions = {},
  ): IterableIterator<(readonly [index: number, pronunciation: Pronunciation])[]> {
    if (this.#disposed) throw new DisposedError('pronouncer: used after its dispose()');
    if (!Array.isArray(words))
      throw new ArgumentError(`pronounceAll: words must be an array, got ${typeof words}`);
    const { beam = DEFAULT_BEAM } = options ?? {};
    if (!(Number.isInteger(beam) && beam >= 1 && beam <= WIDEST_BEAM)) {
      throw new ArgumentError(`pronounce: beam must be an integer in 1..${WIDEST_BEAM}, got ${beam}`);
    }
    const spelled = words.map((word, index) => ({ word, index, ...normaliseSpelling(word) }));
    // Words of like length together, so that little padding is computed.
    spelled.sort((a, b) => a.letters.length - b.letters.length);
    return this.#batches(spelled, beam);
  }

  *#batches(
    spelled: readonly (Spelling & { readonly word: string; readonly index: number })[],
    beam: number,
  ): Generator<(readonly [number, Pronunciation])[], undefined> {
    for (let start = 0; start < spelled.length; start += BATCH) {
      const batch = spelled.slice(start, start + BATCH);
      const decoded = this.#decode(
        batch.map(({ letters }) => encodeLetters(letters)),
        beam,
      );
      yield batch.map(({ word, index, letters, changed }, i) => {
        const [best, ...others] = decoded[i]!;
        return [
          index,
          {
            word,
            ...toAlternative(best!),
            changed,
            attention: attentionOf(best!, letters),
            alternatives: others.map(toAlternative),
          },
        ];
      });
    }
  }

  #decode(sources: number[][], beam: number): Hypothesis[][] {
    const model = this.#model.stepModel(sources);
    // Each word's own limit, so that its neighbours in the batch change nothing.
    const maxLength = sources.map((source) => longest(source.length));
    if (beam === 1) return greedyDecode(model, maxLength).map((hypothesis) => [hypothesis]);
    return beamSearch(model, { beam, maxLength, lengthPenalty: LENGTH_PENALTY });
  }

  /** Frees the weights and the runtime. */
  dispose(): void {
    this.#disposed = true;
    this.#runtime.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function toAlternative({ ids, logProbability, attention }: Hypothesis): Alternative {
  const phonemes = decodePhonemes(ids);
  return { phonemes, ipa: toIPA(phonemes), score: logProbability / attention.length };
}

function attentionOf({ ids, attention }: Hypothesis, letters: string): PronunciationAttention {
  const phonemes = decodePhonemes(ids);
  // The end token's row shows nothing that sounds, and the padding of a batch no letter.
  const weights = attention.slice(0, phonemes.length).map((row) => row.slice(0, letters.length));
  return { phonemes, letters: [...letters], weights };
}

/** @throws FormatError unless the text is the configuration of a model over this alphabet */
function readConfig(text: string | undefined): Seq2SeqConfig {
  if (text === undefined)
    throw new FormatError('pronouncer weights: metadata has no config; is this a pronouncer?');
  let config: Seq2SeqConfig;
  try {
    config = JSON.parse(text) as Seq2SeqConfig;
  } catch (error) {
    throw new FormatError(`pronouncer weights: metadata config is not JSON: ${(error as Error).message}`);
  }
  const problems: string[] = [];
  const expect = (name: keyof Seq2SeqConfig, fits: boolean, expected: string | number): void => {
    if (!fits) problems.push(`pronouncer weights: config ${name} must be ${expected}, got ${config?.[name]}`);
  };
  const fixed = {
    sourceVocabulary: letterVocabularySize,
    targetVocabulary: phonemeVocabularySize,
    paddingId: padId,
    startId,
    endId,
  } as const;
  for (const [name, value] of Object.entries(fixed) as [keyof typeof fixed, number][]) {
    expect(name, config?.[name] === value, value);
  }
  const within = (
    name: 'embeddingSize' | 'encoderHidden' | 'decoderHidden' | 'encoderLayers',
    most: number,
  ): void => {
    const size = config?.[name];
    expect(name, Number.isInteger(size) && size >= 1 && size <= most, `an integer in 1..${most}`);
  };
  within('embeddingSize', 8192);
  within('encoderHidden', 8192);
  within('decoderHidden', 8192);
  within('encoderLayers', 16);
  // Those whose parameters follow from the sizes above.
  const scores: Seq2SeqConfig['score'][] = ['dot', 'scaled-dot', 'general', 'additive'];
  expect('score', scores.includes(config?.score), `one of ${scores.join(', ')}`);
  if (config?.score === 'dot' || config?.score === 'scaled-dot') {
    const encoded = 2 * config.encoderHidden;
    expect(
      'decoderHidden',
      config.decoderHidden === encoded,
      `${encoded}, twice encoderHidden, for score ${config.score}`,
    );
  }
  const { attentionSize = 1 } = config ?? {};
  const fits = Number.isInteger(attentionSize) && attentionSize >= 1 && attentionSize <= 8192;
  expect('attentionSize', fits, 'absent or an integer in 1..8192');
  if (problems.length > 0) throw new FormatError(problems);
  return config;
}

/** @throws FormatError naming each tensor that holds NaN or an infinity: nothing could be decoded with it */
function expectFinite(weights: WeightSource): void {
  const problems: string[] = [];
  for (const name of weights.names()) {
    const stored = weights.get(name)!;
    if (stored.dtype !== 'I8' && !toFloat32(stored).every(Number.isFinite)) {
      problems.push(`pronouncer weights: ${name} has values that are not finite`);
    }
  }
  if (problems.length > 0) throw new FormatError(problems);
}
