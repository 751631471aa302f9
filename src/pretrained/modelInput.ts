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

/** Tokens as they are. */
export interface TokenInput {
  readonly ids: readonly number[];
  /** 0 for tokens of the first text, 1 for those of the second; 0 by default. */
  readonly tokenTypes?: readonly number[];
}

/**
 * A text, two texts read together, or tokens. Texts need the folder's tokenizer, and lose their end where they
 * are too long; tokens need none, are all that the model reads, and are refused where they are too many.
 */
export type ModelInput = string | TextPair | TokenInput | readonly number[];

/** An input in tokens. Of those given only what was given is known. */
export interface EncodedInput extends Partial<Omit<Encoding, 'ids'>> {
  readonly ids: readonly number[];
}

export interface EncodeInputsOptions {
  /** Most tokens, special ones included; what the model takes at most by default. */
  readonly maxLength?: number;
  /** The same for texts alone, where maxLength is not given. */
  readonly textLength?: number;
}

export function isTokens(input: ModelInput): input is TokenInput | readonly number[] {
  return Array.isArray(input) || (typeof input === 'object' && 'ids' in input);
}

/** The tokenizer where any of these needs it. */
export async function tokenizerFor(
  model: PretrainedModel,
  inputs: readonly ModelInput[],
): Promise<Tokenizer | undefined> {
  return inputs.every(isTokens) ? undefined : model.tokenizer();
}

/**
 * @param where the task, for messages
 * @throws ArgumentError naming the input that is empty, no input at all, too long, or has unknown ids
 */
export async function encodeInputs(
  where: string,
  model: PretrainedModel,
  inputs: readonly ModelInput[],
  { maxLength, textLength }: EncodeInputsOptions = {},
): Promise<EncodedInput[]> {
  if (!Array.isArray(inputs))
    throw new ArgumentError(`${where}: expected a list of inputs, got ${typeof inputs}`);
  inputs.forEach((input, i) => {
    if (!isInput(input)) {
      throw new ArgumentError(
        `${where}: inputs[${i}] must be a text, { text, pair }, { ids } or a list of ids, got ${JSON.stringify(input)}`,
      );
    }
  });
  const tokenizer = await tokenizerFor(model, inputs);
  if (maxLength !== undefined && !(Number.isInteger(maxLength) && maxLength > 0)) {
    throw new ArgumentError(`${where}: maxLength must be a positive integer, got ${maxLength}`);
  }
  const most = Math.min(mostTokens(model), maxLength ?? Number.POSITIVE_INFINITY);
  const ofText = Math.min(most, maxLength ?? textLength ?? tokenizer?.maxLength ?? most);
  const vocabulary = vocabularyOf(model);
  return inputs.map((input, i) => {
    const encoded = isTokens(input) ? tokensOf(where, i, input) : encodeText(tokenizer!, input, ofText);
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

function tokensOf(where: string, i: number, input: TokenInput | readonly number[]): EncodedInput {
  if (!('ids' in input)) return { ids: input };
  const { ids, tokenTypes } = input;
  if (tokenTypes && tokenTypes.length !== ids.length) {
    throw new ArgumentError(
      `${where}: inputs[${i}] has ${ids.length} ids and ${tokenTypes.length} token types, expected as many`,
    );
  }
  return { ids, tokenTypes };
}

function isInput(input: unknown): input is ModelInput {
  if (typeof input === 'string' || Array.isArray(input)) return true;
  if (typeof input !== 'object' || input === null) return false;
  const { text, pair, ids, tokenTypes = [] } = input as Partial<TextPair & TokenInput>;
  if (ids !== undefined) return Array.isArray(ids) && Array.isArray(tokenTypes);
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
