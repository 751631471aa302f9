import { ArgumentError, UnsupportedError } from '../errors.ts';
import type { ReturnedWeights } from '../layers/multiHeadAttention.ts';
import type { CausalModel } from '../models/causal/model.ts';
import { checkId } from '../models/tokens.ts';
import { Random } from '../tensor/random.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Message } from './chatTemplate.ts';
import { nextTurn } from './eventLoop.ts';
import { type GeneratedToken, Generation, type GenerationProgress } from './generation.ts';
import { type GenerationConfig, generationConfig } from './generationConfig.ts';
import type { PretrainedModel } from './loadModel.ts';
import { StopSequences } from './stopSequences.ts';
import { TokenChoice } from './tokenChoice.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface GenerateOptions {
  /** Most tokens written, the end token counted; by default what generation_config.json says, else 256. */
  readonly maxTokens?: number;
  /** Ends the text before the first of these, wherever tokens end. */
  readonly stop?: readonly string[];
  /** Takes the most probable token each time, whatever the other options say. */
  readonly greedy?: boolean;
  /** Softmax(logits / temperature) is what tokens are drawn from; 0 is greedy. */
  readonly temperature?: number;
  /** Draws among the k most probable tokens. */
  readonly topK?: number;
  /** Draws among the fewest tokens whose probability reaches p. */
  readonly topP?: number;
  /** Logits of tokens of the prompt and of those written are divided by it where positive, else multiplied. */
  readonly repetitionPenalty?: number;
  /** Equal seeds draw equal tokens; a new one each time by default. */
  readonly seed?: number;
  /** Tokens that end the text; by default those of generation_config.json, else of config.json. */
  readonly endIds?: readonly number[];
  /** Whether what generation_config.json says of length, sampling and penalties counts; true by default. */
  readonly useGenerationConfig?: boolean;
  /** Whether tokens are given as text too; by default unless the prompt is ids, which need no tokenizer. */
  readonly decode?: boolean;
  /** Whether each token comes with what it looked at, by head or their mean; false by default. */
  readonly returnWeights?: ReturnedWeights;
  /** Ends the iteration with the signal's reason, and frees its memory at once. */
  readonly signal?: AbortSignal;
}

/** Of a prompt, how many tokens go through the model before others get a turn. */
const PIECE = 256;
/** Tokens for which the cache has room at once; beyond, it grows. */
const ROOM = 256;

/**
 * Writes on, token by token, by a GPT-2 or a Llama: `for await (const { text } of generate(model, 'Once')) ...`
 *
 * Tokens are drawn where `temperature` (not 0), `topK`, `topP` or `seed` is given, or generation_config.json says
 * `do_sample`; otherwise the most probable one is taken. The event loop gets a turn between tokens. The cache is freed
 * however the iteration ends: by its end, `break`, an error or the signal, even where nobody asks for the next token.
 * @param prompt a text; messages, for models with a chat template (needs `@huggingface/jinja`); or ids, special tokens
 *   included. An empty text begins with the token that texts begin with
 * @throws at once: UnsupportedError for a model that does not write on; ArgumentError for options outside their ranges.
 *   While iterating: ArgumentError for a prompt that is empty, unknown or longer than the model's context;
 *   OutOfMemoryError; what loading a tokenizer throws; the signal's reason
 */
export function generate(
  model: PretrainedModel,
  prompt: string | readonly Message[] | readonly number[],
  options: GenerateOptions = {},
): Generation {
  if (model.kind !== 'decoder') {
    const other = model.kind === 'encoder-decoder' ? '; translate runs it' : '';
    throw new UnsupportedError(`generate: needs a decoder, ${model.folder.name} is an ${model.kind}${other}`);
  }
  checkOptions(options);
  const progress: GenerationProgress = { ids: [], text: '', logProbability: 0 };
  return new Generation(write(model, model.model, prompt, options, progress), progress);
}

async function* write(
  model: PretrainedModel,
  decoder: CausalModel,
  prompt: string | readonly Message[] | readonly number[],
  options: GenerateOptions,
  progress: GenerationProgress,
): AsyncGenerator<GeneratedToken, undefined> {
  const { signal, returnWeights = false } = options;
  signal?.throwIfAborted();
  const config = await generationConfig(model, options.useGenerationConfig ?? true);
  const { ids, tokenizer } = await readPrompt(model, prompt, options, config);
  progress.promptIds = ids;
  const most = mostWritten(decoder, ids.length, options, config);
  const endIds = options.endIds ?? config.endIds;
  const choice = new TokenChoice('generate', choiceOf(options, config), ids);
  const text = tokenizer?.stream({}, ids);
  const stop = new StopSequences('generate', options.stop ?? []);
  signal?.throwIfAborted();
  const capacity = Math.min(decoder.config.maxLength, ids.length + Math.min(most, ROOM));
  const cache = decoder.createCache(1, capacity);
  const free = (): void => cache.dispose();
  signal?.addEventListener('abort', free);
  try {
    let next = ids;
    for (let written = 1; ; written++) {
      while (next.length > PIECE) {
        pass(decoder, next.slice(0, PIECE), { cache });
        next = next.slice(PIECE);
        await nextTurn();
        signal?.throwIfAborted();
      }
      const { logits, weights } = pass(decoder, next, { cache, returnWeights });
      const { id, logProbability } = choice.next(logits);
      const ended = endIds.includes(id);
      const last = ended || written === most;
      const piece = ended ? '' : (text?.push(id) ?? '');
      const cut = stop.push(last ? piece + (text?.end() ?? '') : piece);
      const own = last && !cut.stopped ? cut.text + stop.end() : cut.text;
      progress.ids.push(id);
      progress.text += own;
      progress.logProbability += logProbability;
      if (cut.stopped) progress.finishReason = 'stop';
      else if (last) progress.finishReason = ended ? 'end' : 'length';
      yield { id, text: own, logProbability, ...(weights && { weights }) };
      if (progress.finishReason) return;
      await nextTurn();
      signal?.throwIfAborted();
      next = [id];
    }
  } finally {
    signal?.removeEventListener('abort', free);
    free();
  }
}

/** The last token's logits [vocabulary], and of each layer what it looked at, [heads, tokens so far]. */
function pass(
  decoder: CausalModel,
  ids: readonly number[],
  options: Pick<NonNullable<Parameters<CausalModel['forward']>[1]>, 'cache' | 'returnWeights'>,
): { logits: Float32Array; weights?: readonly Float32Array[] } {
  const { runtime } = decoder;
  return runtime.scope(() => {
    const input = Tensor.from(runtime, ids, [1, ids.length], 'i32');
    const { logits, weights } = decoder.forward(input, { ...options, lastOnly: true });
    return {
      logits: logits.toFloat32Array(),
      ...(weights && { weights: weights.map((layer) => lastRows(layer.at(0))) }),
    };
  });
}

/** [time, held] or [heads, time, held] -> [heads * held], of the last time. */
function lastRows(weights: Tensor): Float32Array {
  const [time, held] = weights.shape.slice(-2) as [number, number];
  const heads = weights.size / (time * held);
  const all = weights.reshape([heads, time, held]);
  const rows = new Float32Array(heads * held);
  for (let head = 0; head < heads; head++) {
    rows.set(
      all
        .at(head)
        .at(time - 1)
        .toFloat32Array(),
      head * held,
    );
  }
  return rows;
}

/** The prompt's ids, and the tokenizer where text is wanted. */
async function readPrompt(
  model: PretrainedModel,
  prompt: string | readonly Message[] | readonly number[],
  options: GenerateOptions,
  config: GenerationConfig,
): Promise<{ ids: readonly number[]; tokenizer: Tokenizer | undefined }> {
  const given = areIds(prompt) ? prompt : undefined;
  const decode = (options.decode ?? !given) || (options.stop ?? []).length > 0;
  const tokenizer = decode || !given ? await model.tokenizer() : undefined;
  const ids = given ?? (await encodePrompt(tokenizer!, prompt as string | readonly Message[], config));
  const { maxLength, vocabulary } = (model as Extract<PretrainedModel, { kind: 'decoder' }>).model.config;
  if (ids.length === 0) throw new ArgumentError('generate: the prompt has no tokens');
  if (ids.length > maxLength) {
    throw new ArgumentError(`generate: the prompt has ${ids.length} tokens, at most ${maxLength} fit`);
  }
  ids.forEach((id, i) => {
    checkId(`generate: prompt[${i}]`, id, vocabulary);
  });
  return { ids, tokenizer: decode ? tokenizer : undefined };
}

function areIds(prompt: string | readonly Message[] | readonly number[]): prompt is readonly number[] {
  return Array.isArray(prompt) && prompt.every((each) => typeof each === 'number');
}

async function encodePrompt(
  tokenizer: Tokenizer,
  prompt: string | readonly Message[],
  { beginId, endIds }: GenerationConfig,
): Promise<readonly number[]> {
  if (typeof prompt !== 'string') {
    return tokenizer.encode(await tokenizer.applyChatTemplate(prompt), { addSpecial: false }).ids;
  }
  const { ids } = tokenizer.encode(prompt);
  if (ids.length > 0) return ids;
  const begin = beginId ?? tokenizer.special.startId ?? endIds[0];
  return begin === undefined ? [] : [begin];
}

function mostWritten(
  { config: { maxLength } }: CausalModel,
  prompt: number,
  { maxTokens }: GenerateOptions,
  config: GenerationConfig,
): number {
  const stored = config.maxTokens ?? (config.maxLength && Math.max(1, config.maxLength - prompt));
  // The token after the last that fits can still be told.
  return Math.min(maxTokens ?? stored ?? 256, maxLength - prompt + 1);
}

function choiceOf(
  options: GenerateOptions,
  config: GenerationConfig,
): ConstructorParameters<typeof TokenChoice>[1] {
  const { topK = config.topK || undefined, topP = config.topP, seed } = options;
  const temperature = options.temperature ?? config.temperature ?? 1;
  const asked = [options.temperature, options.topK, options.topP, seed].some((each) => each !== undefined);
  const draws = !options.greedy && temperature !== 0 && (asked || config.sampling);
  const random = new Random(seed ?? Math.floor(Math.random() * 2 ** 32));
  return {
    repetitionPenalty: options.repetitionPenalty ?? config.repetitionPenalty,
    suppressed: config.suppressed,
    ...(draws && { sampling: { temperature, topK, topP, random } }),
  };
}

function checkOptions(options: GenerateOptions): void {
  const check = (
    name: keyof GenerateOptions,
    isRight: (value: number) => boolean,
    expected: string,
  ): void => {
    const value = options[name];
    if (value === undefined || (typeof value === 'number' && isRight(value))) return;
    throw new ArgumentError(`generate: ${name} must be ${expected}, got ${String(value)}`);
  };
  const isCount = (value: number): boolean => Number.isInteger(value) && value > 0;
  check('maxTokens', (value) => isCount(value) || value === Number.POSITIVE_INFINITY, 'a positive integer');
  check('temperature', (value) => value >= 0 && value < Number.POSITIVE_INFINITY, 'a number of at least 0');
  check('topK', isCount, 'a positive integer');
  check('topP', (value) => value > 0 && value <= 1, 'a number in (0, 1]');
  check('seed', Number.isInteger, 'an integer');
  check('repetitionPenalty', (value) => value > 0 && value < Number.POSITIVE_INFINITY, 'a positive number');
  new StopSequences('generate', options.stop ?? []);
}
