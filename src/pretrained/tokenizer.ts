import { ArgumentError, FormatError, UnsupportedError } from '../errors.ts';
import type { ModelFolder } from '../io/modelFolder.ts';
import { chatPrompt, type Message } from './chatTemplate.ts';
import { alignTokens, type Offsets } from './offsets.ts';
import { importTokenizers } from './optionalPackages.ts';
import { TextStream } from './textStream.ts';
import { keepTogether } from './truncation.ts';

export interface EncodeOptions {
  /** A second text, read together with the first. */
  readonly pair?: string;
  /** Whether the tokens are added that the model expects around its text; true by default. */
  readonly addSpecial?: boolean;
  /** Most tokens, those added included: of two texts the longer one loses its end first. No limit by default. */
  readonly maxLength?: number;
}

/** A text in tokens; all lists are equally long. */
export interface Encoding {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  /** 0 for the first text, 1 for the second. */
  readonly tokenTypes: readonly number[];
  /** Whether a token was added around the text rather than found in it. */
  readonly added: readonly boolean[];
}

export interface DecodeOptions {
  /** Whether special tokens are left out; true by default. */
  readonly skipSpecial?: boolean;
}

/** Ids with a meaning of their own, undefined where the tokenizer has none. */
export interface SpecialIds {
  readonly startId?: number;
  readonly endId?: number;
  readonly paddingId?: number;
  readonly maskId?: number;
  readonly unknownId?: number;
}

/** What is used of the package's own tokenizer: named here, so that these types need no package. */
export interface TokenizerLibrary {
  encode(
    text: string,
    options: { text_pair: string | null; add_special_tokens: boolean; return_token_type_ids: true },
  ): { ids: number[]; tokens: string[]; token_type_ids?: number[] };
  tokenize(text: string): string[];
  decode(
    ids: number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces?: boolean },
  ): string;
  id_to_token(id: number): string | undefined;
  token_to_id(token: string): number | undefined;
}

const specialNames = {
  startId: 'bos_token',
  endId: 'eos_token',
  paddingId: 'pad_token',
  maskId: 'mask_token',
  unknownId: 'unk_token',
} as const;

/**
 * What turns text into a model's tokens and back, as its `tokenizer.json` says, by the package
 * `@huggingface/tokenizers`. Holds no memory of the runtime's.
 */
export class Tokenizer {
  readonly special: SpecialIds;
  /** What `tokenizer_config.json` calls `model_max_length`, where it is a number of tokens. */
  readonly maxLength: number | undefined;
  readonly #library: TokenizerLibrary;
  readonly #folder: ModelFolder;
  readonly #config: Readonly<Record<string, unknown>>;
  readonly #continuation: string;

  /** Made by {@link loadTokenizer}. */
  constructor(
    library: TokenizerLibrary,
    folder: ModelFolder,
    config: Readonly<Record<string, unknown>>,
    continuation: string,
  ) {
    this.#library = library;
    this.#folder = folder;
    this.#config = config;
    this.#continuation = continuation;
    const length = config.model_max_length;
    // transformers writes 1e30 for no limit.
    this.maxLength = typeof length === 'number' && length > 0 && length < 1e9 ? length : undefined;
    const ids = Object.entries(specialNames).map(([name, token]) => {
      const content = contentOf(config[token]);
      return [name, content === undefined ? undefined : this.idOf(content)];
    });
    this.special = Object.fromEntries(ids) as SpecialIds;
  }

  /** @throws ArgumentError for a maxLength that leaves no room for the tokens around the text */
  encode(text: string, { pair, addSpecial = true, maxLength }: EncodeOptions = {}): Encoding {
    const whole = this.#library.encode(text, {
      text_pair: pair ?? null,
      add_special_tokens: addSpecial,
      return_token_type_ids: true,
    });
    const texts = pair ? [text, pair] : [text];
    const pieces = texts.map((each) => this.#library.tokenize(each));
    const kept = keepTogether(whole.tokens, pieces, maxLength ?? Number.POSITIVE_INFINITY);
    const pick = <Item>(items: readonly Item[]): Item[] => kept.map(({ index }) => items[index]!);
    return {
      ids: pick(whole.ids),
      tokens: pick(whole.tokens),
      tokenTypes: pick(whole.token_type_ids ?? whole.ids.map(() => 0)),
      added: kept.map(({ added }) => added),
    };
  }

  /** Where the tokens of a text (not of a pair) lie in it; undefined for those added, and where it cannot be told. */
  offsets(text: string, { ids, added }: Encoding): (Offsets | undefined)[] {
    const found = alignTokens(text, this.#surfaces(ids.filter((_, i) => !added[i])));
    return added.map((wasAdded) => (wasAdded ? undefined : found.shift()));
  }

  /** Of tokens that are parts of one character, the first ones say nothing and the last one all. */
  #surfaces(ids: readonly number[]): (string | undefined)[] {
    return ids.map((id) => {
      if (id === this.special.unknownId) return undefined;
      const token = this.tokenOf(id) ?? '';
      const continues = this.#continuation !== '' && token.startsWith(this.#continuation);
      if (continues) return token.slice(this.#continuation.length);
      return this.#library.decode([id], { skip_special_tokens: false, clean_up_tokenization_spaces: false });
    });
  }

  /**
   * Text of tokens. Ids that no token has are left out, as models may have more rows than their tokenizer has tokens.
   * @throws ArgumentError for ids that are not whole numbers
   */
  decode(ids: readonly number[], { skipSpecial = true }: DecodeOptions = {}): string {
    const known = ids.filter((id) => {
      if (Number.isInteger(id)) return this.tokenOf(id) !== undefined;
      throw new ArgumentError(`tokenizer.decode: ids must be whole numbers, got ${id}`);
    });
    if (known.length === 0) return '';
    return this.#library.decode(known, { skip_special_tokens: skipSpecial });
  }

  /** For tokens that come one at a time. @param before tokens that they follow, whose text is not told again */
  stream(options: DecodeOptions = {}, before: readonly number[] = []): TextStream {
    return new TextStream((ids) => this.decode(ids, options), before);
  }

  /** The token of an id, as the vocabulary has it. */
  tokenOf(id: number): string | undefined {
    return this.#library.id_to_token(id);
  }

  /** The id of a token, as the vocabulary has it. */
  idOf(token: string): number | undefined {
    return this.#library.token_to_id(token);
  }

  /**
   * A conversation as the text that the model was trained on, special tokens included: encode it with `addSpecial: false`.
   * Needs the package `@huggingface/jinja`.
   * @param variables that the template also sees, beside `messages` and the names of the special tokens
   * @throws UnsupportedError without the package or a template; FormatError for one that is broken; ArgumentError for
   *   messages that it refuses
   */
  applyChatTemplate(
    messages: readonly Message[],
    variables: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const names = Object.keys(this.#config).filter((name) => name.endsWith('_token'));
    const tokens = Object.fromEntries(names.map((name) => [name, contentOf(this.#config[name])]));
    return chatPrompt(this.#folder, this.#config.chat_template, messages, { ...tokens, ...variables });
  }
}

/** `"<s>"`, or `{ "content": "<s>", ... }`. */
function contentOf(token: unknown): string | undefined {
  const content = typeof token === 'object' && token !== null && 'content' in token ? token.content : token;
  return typeof content === 'string' ? content : undefined;
}

/** Where the folder says nothing of itself to `@huggingface/tokenizers`, but to other programs. */
const otherVocabularies = ['source.spm', 'spiece.model', 'tokenizer.model', 'vocab.txt', 'vocab.json'];

/**
 * The tokenizer of a model's folder: its `tokenizer.json` and `tokenizer_config.json`.
 * @throws UnsupportedError without `@huggingface/tokenizers`, without a `tokenizer.json`, and for parts of one that the
 *   package does not know; FormatError for one that is broken
 */
export async function loadTokenizer(folder: ModelFolder): Promise<Tokenizer> {
  const fields = await folder.json('tokenizer.json');
  if (fields === undefined) throw await noTokenizer(folder);
  const config = (await folder.json('tokenizer_config.json')) ?? {};
  const where = `${folder.name}: tokenizer.json`;
  if (!isObject(fields)) throw new FormatError(`${where} must hold an object`);
  if (!isObject(config)) throw new FormatError(`${folder.name}: tokenizer_config.json must hold an object`);
  // Older folders name their special tokens in a file of their own.
  const named = Object.values(specialNames).some((name) => config[name] !== undefined);
  const tokens = named ? {} : await folder.json('special_tokens_map.json');
  const { Tokenizer: Library } = await importTokenizers();
  const { model } = fields as { model?: { type?: unknown; continuing_subword_prefix?: unknown } };
  const continuation = model?.continuing_subword_prefix ?? (model?.type === 'WordPiece' ? '##' : '');
  try {
    return new Tokenizer(
      new Library(fields, config),
      folder,
      { ...(tokens ?? {}), ...config },
      String(continuation),
    );
  } catch (error) {
    const { message } = error as Error;
    if (/unknown|unsupported/i.test(message)) throw new UnsupportedError(`${where}: ${message}`);
    throw new FormatError(`${where}: ${message}`);
  }
}

async function noTokenizer(folder: ModelFolder): Promise<UnsupportedError> {
  const message = `${folder.name}: has no tokenizer.json`;
  for (const file of otherVocabularies) {
    if (await folder.bytes(file)) {
      return new UnsupportedError(
        `${message}, but ${file}: it must be converted, as transformers does with save_pretrained of a fast tokenizer`,
      );
    }
  }
  return new UnsupportedError(`${message}: give ids instead of text`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
