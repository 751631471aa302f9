/** How a model's makers want it to generate: `generation_config.json`, or in older folders `config.json`. */
import { FormatError, UnsupportedError } from '../errors.ts';
import type { PretrainedModel } from './loadModel.ts';

export interface GenerationConfig {
  /** Tokens that end a text. */
  readonly endIds: readonly number[];
  /** What a decoder of an encoder-decoder begins with. */
  readonly startId?: number;
  /** What stands before a text that has no prompt. */
  readonly beginId?: number;
  /** Never written. */
  readonly suppressed: readonly number[];
  /** The first token written, and the last one where the length ends a text. */
  readonly forcedFirstId?: number;
  readonly forcedLastId?: number;
  /** Whether what remains is scaled to a sum of 1 again. */
  readonly renormalize: boolean;
  readonly sampling: boolean;
  readonly temperature?: number;
  /** 0 for all. */
  readonly topK?: number;
  readonly topP?: number;
  readonly repetitionPenalty: number;
  /** Most tokens written; and most of all, those that came before included. */
  readonly maxTokens?: number;
  readonly maxLength?: number;
  readonly beams: number;
  /** Exponent of the length that log-probabilities of hypotheses are divided by. */
  readonly lengthPenalty: number;
}

/** What heed does not do, and the values that ask for nothing. */
const unsupported: Readonly<Record<string, readonly unknown[]>> = {
  no_repeat_ngram_size: [0],
  encoder_no_repeat_ngram_size: [0],
  encoder_repetition_penalty: [1],
  min_length: [0],
  min_new_tokens: [0],
  num_beam_groups: [1],
  penalty_alpha: [0],
  force_words_ids: [],
  constraints: [],
  sequence_bias: [],
  begin_suppress_tokens: [],
};

/** The same, of what only counts when tokens are drawn. */
const unsupportedSampling: Readonly<Record<string, readonly unknown[]>> = {
  typical_p: [1],
  min_p: [0],
  epsilon_cutoff: [0],
  eta_cutoff: [0],
};

/**
 * @param whole false takes only the ids that have a meaning, not how to generate
 * @throws FormatError for fields that are wrong; UnsupportedError naming what is asked for and not supported
 */
export async function generationConfig(model: PretrainedModel, whole = true): Promise<GenerationConfig> {
  const stored = await model.json('generation_config.json');
  if (stored !== undefined && (typeof stored !== 'object' || stored === null || Array.isArray(stored))) {
    throw new FormatError(`${model.folder.name}: generation_config.json must hold an object`);
  }
  // As in transformers: where there is that file, config.json has no say but in ids that it lacks.
  const fields = new Fields((stored ?? model.config) as Readonly<Record<string, unknown>>);
  const tokens = new Fields({ ...model.config, ...stored });
  const ids = {
    endIds: tokens.ids('eos_token_id'),
    startId: tokens.id('decoder_start_token_id'),
    beginId: tokens.id('bos_token_id'),
    suppressed: [...fields.singleWords('bad_words_ids'), ...fields.ids('suppress_tokens')],
    forcedFirstId: fields.id('forced_bos_token_id'),
    forcedLastId: fields.id('forced_eos_token_id'),
    renormalize: fields.value('renormalize_logits') === true,
  };
  if (!whole) return { ...ids, sampling: false, repetitionPenalty: 1, beams: 1, lengthPenalty: 1 };
  const sampling = fields.value('do_sample') === true;
  fields.refuse(unsupported);
  if (sampling) fields.refuse(unsupportedSampling);
  return {
    ...ids,
    sampling,
    temperature: fields.number('temperature', 0),
    topK: fields.number('top_k', 0),
    topP: fields.number('top_p', 0),
    repetitionPenalty: fields.number('repetition_penalty', 0) ?? 1,
    maxTokens: fields.number('max_new_tokens', 1),
    maxLength: fields.number('max_length', 1),
    beams: fields.number('num_beams', 1) ?? 1,
    lengthPenalty: fields.number('length_penalty', Number.NEGATIVE_INFINITY) ?? 1,
  };
}

class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  value(name: string): unknown {
    return this.#fields[name] ?? undefined;
  }

  number(name: string, least: number): number | undefined {
    const value = this.value(name);
    if (value === undefined || (typeof value === 'number' && value >= least)) return value;
    throw this.#wrong(name, Number.isFinite(least) ? `a number of at least ${least}` : 'a number');
  }

  id(name: string): number | undefined {
    const [id, ...others] = this.ids(name);
    if (others.length > 0) throw this.#wrong(name, "a token's id");
    return id;
  }

  /** One id, several, or none. */
  ids(name: string): number[] {
    const value = this.value(name) ?? [];
    const ids = Array.isArray(value) ? (value as unknown[]) : [value];
    if (ids.every((id) => Number.isInteger(id) && (id as number) >= 0)) return ids as number[];
    throw this.#wrong(name, "a token's id or a list of ids");
  }

  /** Lists of ids, of one each. */
  singleWords(name: string): number[] {
    const words = this.value(name) ?? [];
    if (!Array.isArray(words) || !words.every(Array.isArray)) throw this.#wrong(name, 'lists of ids');
    const long = (words as unknown[][]).find((word) => word.length !== 1);
    if (long) {
      throw new UnsupportedError(
        `generation_config.json: ${name} has ${JSON.stringify(long)}, supported are single tokens`,
      );
    }
    return words.flat() as number[];
  }

  refuse(fields: Readonly<Record<string, readonly unknown[]>>): void {
    for (const [name, harmless] of Object.entries(fields)) {
      const value = this.value(name);
      if (value === undefined || harmless.includes(value)) continue;
      throw new UnsupportedError(
        `generation_config.json: ${name} is ${JSON.stringify(value)}, which is not supported; the option useGenerationConfig: false goes on without`,
      );
    }
  }

  #wrong(name: string, expected: string): FormatError {
    return new FormatError(
      `generation_config.json: ${name} must be ${expected}, got ${JSON.stringify(this.value(name))}`,
    );
  }
}
