/** What tasks read: texts, or ids as they are. */
import { ArgumentError } from '../errors.ts';
import { checkId } from '../models/tokens.ts';
import type { PretrainedModel } from './loadModel.ts';
import type { Encoding, Tokenizer } from './tokenizer.ts';

/** Two texts that a model reads together, as one. */
export interface TextPair {
  readonly text: string;
  readonly pair: string;
}

/**
 * A text, two texts read together, or the ids of one. Texts need the folder's tokenizer, and lose their end where they are
 * too long; ids need none, have all special tokens already, and are refused where they are too many.
 */
export type ModelInput = string | TextPair | readonly number[];

/** An input in tokens. Of ids only the ids are known. */
export interface EncodedInput extends Partial<Omit<Encoding, 'ids'>> {
  readonly ids: readonly number[];
}

export interface EncodeInputsOptions {
  /** Most tokens, special ones included; what the model takes at most by default. */
  readonly maxLength?: number;
}

export function isIds(input: ModelInput): input is readonly number[] {
  return Array.isArray(input);
}

/** The tokenizer where any of these needs it. */
export async function tokenizerFor(
  model: PretrainedModel,
  inputs: readonly ModelInput[],
): Promise<Tokenizer | undefined> {
  return inputs.every(isIds) ? undefined : model.tokenizer();
}

/**
 * @param where the task, for messages
 * @throws ArgumentError naming the input that is empty, no input at all, too long, or has unknown ids
 */
export async function encodeInputs(
  where: string,
  model: PretrainedModel,
  inputs: readonly ModelInput[],
  { maxLength: wanted }: EncodeInputsOptions = {},
): Promise<EncodedInput[]> {
  if (!Array.isArray(inputs))
    throw new ArgumentError(`${where}: expected a list of inputs, got ${typeof inputs}`);
  inputs.forEach((input, i) => {
    if (!isInput(input)) {
      throw new ArgumentError(
        `${where}: inputs[${i}] must be a text, { text, pair } or a list of ids, got ${JSON.stringify(input)}`,
      );
    }
  });
  const tokenizer = await tokenizerFor(model, inputs);
  const most = Math.min(mostTokens(model), wanted ?? tokenizer?.maxLength ?? Number.POSITIVE_INFINITY);
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted > 0)) {
    throw new ArgumentError(`${where}: maxLength must be a positive integer, got ${wanted}`);
  }
  const vocabulary = vocabularyOf(model);
  return inputs.map((input, i) => {
    const encoded = isIds(input) ? { ids: input } : encodeText(tokenizer!, input, most);
    const { ids } = encoded;
    if (ids.length === 0) throw new ArgumentError(`${where}: inputs[${i}] has no tokens`);
    if (ids.length > most) {
      throw new ArgumentError(`${where}: inputs[${i}] has ${ids.length} tokens, at most ${most} fit`);
    }
    ids.forEach((id, at) => {
      checkId(`${where}: inputs[${i}][${at}]`, id, vocabulary);
    });
    return encoded;
  });
}

function encodeText(tokenizer: Tokenizer, input: string | TextPair, maxLength: number): Encoding {
  if (typeof input === 'string') return tokenizer.encode(input, { maxLength });
  return tokenizer.encode(input.text, { pair: input.pair, maxLength });
}

function isInput(input: unknown): input is ModelInput {
  if (typeof input === 'string' || Array.isArray(input)) return true;
  if (typeof input !== 'object' || input === null) return false;
  const { text, pair } = input as Partial<TextPair>;
  return typeof text === 'string' && typeof pair === 'string';
}

/** Most tokens that a model reads; T5 has no limit. */
export function mostTokens({ model }: PretrainedModel): number {
  return 'maxLength' in model.config ? model.config.maxLength : Number.POSITIVE_INFINITY;
}

/** How many ids a model knows. */
export function vocabularyOf(loaded: PretrainedModel): number {
  if (loaded.kind === 'encoder-decoder') {
    const { config } = loaded.model;
    return 'sourceVocabulary' in config ? config.sourceVocabulary : config.targetVocabulary;
  }
  return loaded.model.config.vocabulary;
}
