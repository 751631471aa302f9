/** A Transformer between two vocabularies: texts in, translations and what they looked at out. */
import {
  ArgumentError,
  FormatError,
  fromFloat32,
  type Random,
  type Runtime,
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
} from 'heed';
import { beamSearch, greedyDecode, TransformerSeq2Seq, type TransformerSeq2SeqConfig } from 'heed/models';
import type { Pair } from './pairs.ts';
import type { Recipe } from './recipe.ts';
import { ids, normalise, Vocabulary } from './vocabulary.ts';
import { wordAttention } from './wordAttention.ts';

export interface Translation {
  readonly source: string;
  readonly text: string;
  /** Letters of the source that no training pair had. */
  readonly unknown: readonly string[];
  /** The words of the source, the columns of `attention`. */
  readonly sourceWords: readonly string[];
  /** The words of the translation, the rows of `attention`. */
  readonly words: readonly string[];
  /** [words, source words]: see `wordAttention`. */
  readonly attention: readonly (readonly number[])[];
}

/** Texts translated side by side. */
const BATCH = 64;
/** By how many tokens a translation may exceed the letters of its source. */
const MARGIN = 10;
const KIND = 'heed translator 1';

export class Translator {
  readonly source: Vocabulary;
  readonly target: Vocabulary;
  readonly model: TransformerSeq2Seq;

  private constructor(source: Vocabulary, target: Vocabulary, model: TransformerSeq2Seq) {
    this.source = source;
    this.target = target;
    this.model = model;
  }

  /** An untrained translator with the vocabularies of these pairs. */
  static create(runtime: Runtime, pairs: readonly Pair[], recipe: Recipe, random: Random): Translator {
    const { sizes, least, maxLength } = recipe;
    const source = Vocabulary.of(
      pairs.map((pair) => pair.source),
      least.source,
    );
    const target = Vocabulary.of(
      pairs.map((pair) => pair.target),
      least.target,
    );
    const config: TransformerSeq2SeqConfig = {
      ...sizes,
      paddingId: ids.paddingId,
      startId: ids.startId,
      endId: ids.endId,
      sourceVocabulary: source.size,
      targetVocabulary: target.size,
      maxLength,
      normFirst: true,
      tiedEmbeddings: 'target',
    };
    return new Translator(source, target, TransformerSeq2Seq.create(runtime, config, random));
  }

  /** @throws FormatError for bytes that `save` did not make */
  static load(runtime: Runtime, bytes: Uint8Array): Translator {
    const weights = readSafetensors(bytes);
    const { kind, config, source, target } = weights.metadata;
    if (kind !== KIND || config === undefined || source === undefined || target === undefined) {
      throw new FormatError('not a saved translator');
    }
    const parse = (text: string): unknown => {
      try {
        return JSON.parse(text);
      } catch (error) {
        throw new FormatError(`a saved translator with broken metadata: ${(error as Error).message}`);
      }
    };
    const from = new Vocabulary(parse(source) as string[]);
    const to = new Vocabulary(parse(target) as string[]);
    const shape = { ...(parse(config) as TransformerSeq2SeqConfig), ...ids };
    return new Translator(from, to, TransformerSeq2Seq.load(runtime, weights, shape));
  }

  /** Everything as a safetensors file, the vocabularies in its metadata. */
  save(): Uint8Array {
    const tensors = new Map<string, StoredTensor>();
    for (const [name, tensor] of this.model.parameters()) {
      tensors.set(name, fromFloat32(tensor.toFloat32Array(), tensor.shape, 'F32'));
    }
    const metadata = {
      kind: KIND,
      config: JSON.stringify(this.model.config),
      source: JSON.stringify(this.source.tokens),
      target: JSON.stringify(this.target.tokens),
    };
    return writeSafetensors(tensors, { metadata });
  }

  /**
   * @param beam hypotheses kept while searching; 1 takes the likeliest token at each step
   * @throws ArgumentError for an empty text, or one too long for the model
   */
  translate(texts: readonly string[], beam = 1): Translation[] {
    const sources = texts.map((text) => this.#checked(normalise(text)));
    const translations: Translation[] = [];
    for (let start = 0; start < sources.length; start += BATCH) {
      translations.push(...this.#batch(sources.slice(start, start + BATCH), beam));
    }
    return translations;
  }

  /** Whether a text is short enough. */
  takes(text: string): boolean {
    return this.source.encode(normalise(text)).length <= this.model.config.maxLength;
  }

  #checked(source: string): string {
    if (source === '') throw new ArgumentError('translate: the text is empty');
    if (this.takes(source)) return source;
    const { length } = this.source.encode(source);
    throw new ArgumentError(
      `translate: the text has ${length} tokens, at most ${this.model.config.maxLength} are taken`,
    );
  }

  #batch(sources: readonly string[], beam: number): Translation[] {
    const tokens = sources.map((source) => this.source.encode(source));
    const search = this.model.stepModel(tokens);
    const most = this.model.config.maxLength - 1;
    // A translation that repeats itself would go on to the end.
    const maxLength = sources.map((source) => Math.min(most, MARGIN + source.length));
    const found =
      beam === 1
        ? greedyDecode(search, maxLength)
        : beamSearch(search, {
            beam,
            maxLength,
            lengthPenalty: { kind: 'power', alpha: 1 },
          }).map(([best]) => best!);
    return sources.map((source, i) => {
      const { ids: written, attention } = found[i]!;
      const read = this.source.tokensOf(source);
      const wrote = written.map((id) => this.target.token(id));
      return {
        source,
        text: this.target.decode(written),
        unknown: this.source.unknownLetters(source),
        ...wordAttention(read, wrote, attention),
      };
    });
  }

  dispose(): void {
    this.model.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
