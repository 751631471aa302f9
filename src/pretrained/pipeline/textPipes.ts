/** Pipelines that write: calls and results as transformers.js has them. */
import { ArgumentError, UnsupportedError } from '../../errors.ts';
import type { Message } from '../chatTemplate.ts';
import { type GenerateOptions, generate } from '../generate.ts';
import { generationConfig } from '../generationConfig.ts';
import type { PretrainedModel } from '../loadModel.ts';
import { vocabularyOf } from '../modelInput.ts';
import { translate } from '../translate.ts';
import { listOf } from './encoderPipes.ts';
import { only } from './options.ts';
import type { Streamer } from './textStreamer.ts';

export interface TextGenerationOptions {
  /** 256 by default, or what generation_config.json says. */
  readonly max_new_tokens?: number;
  /** The same with the prompt's tokens. */
  readonly max_length?: number;
  /** What generation_config.json says by default, else false. */
  readonly do_sample?: boolean;
  readonly temperature?: number;
  /** 50 by default, as in transformers; 0 for all. */
  readonly top_k?: number;
  readonly top_p?: number;
  readonly repetition_penalty?: number;
  readonly eos_token_id?: number | readonly number[];
  readonly stop_strings?: string | readonly string[];
  /** Whether the result begins with the prompt; true by default, of messages false. */
  readonly return_full_text?: boolean;
  /** true by default. */
  readonly add_special_tokens?: boolean;
  /** For templates that know them. */
  readonly tools?: readonly object[];
  readonly documents?: readonly object[];
  readonly streamer?: Streamer;
  /** heed's own. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

const generationOptions: readonly (keyof TextGenerationOptions)[] = [
  ...(['max_new_tokens', 'max_length', 'do_sample', 'temperature', 'top_k', 'top_p'] as const),
  ...(['repetition_penalty', 'eos_token_id', 'stop_strings', 'return_full_text'] as const),
  ...(['add_special_tokens', 'tools', 'documents', 'streamer', 'seed', 'signal'] as const),
];

export interface GeneratedText {
  readonly generated_text: string;
}

export interface GeneratedChat {
  /** The messages given, and the answer. */
  readonly generated_text: readonly Message[];
}

type Prompt = string | readonly Message[];

/** What follows a text, or the answer to messages. */
export interface TextGeneration {
  (text: string, options?: TextGenerationOptions): Promise<GeneratedText[]>;
  (texts: readonly string[], options?: TextGenerationOptions): Promise<GeneratedText[][]>;
  (messages: readonly Message[], options?: TextGenerationOptions): Promise<GeneratedChat[]>;
  (chats: readonly (readonly Message[])[], options?: TextGenerationOptions): Promise<GeneratedChat[][]>;
}

export function textGeneration(model: PretrainedModel): TextGeneration {
  if (model.kind !== 'decoder') {
    throw new UnsupportedError(`text-generation: needs a decoder, ${model.folder.name} is an ${model.kind}`);
  }
  const one = async (
    prompt: Prompt,
    options: TextGenerationOptions,
  ): Promise<GeneratedText | GeneratedChat> => {
    const tokenizer = await model.tokenizer();
    const ids = await promptIds(model, prompt, options);
    options.streamer?.put([ids]);
    const generation = generate(model, ids, await generateOptions(model, ids.length, options));
    for await (const { id } of generation) options.streamer?.put([[id]]);
    options.streamer?.end();
    const { text } = await generation.result();
    if (typeof prompt !== 'string') {
      return { generated_text: [...prompt, { role: 'assistant', content: text }] };
    }
    const before = (options.return_full_text ?? true) ? tokenizer.decode(ids) : '';
    return { generated_text: before + text };
  };
  const pipe = async (inputs: Prompt | readonly Prompt[], options: TextGenerationOptions = {}) => {
    only('text-generation', options, generationOptions);
    const isOne = typeof inputs === 'string' || isChat(inputs);
    const prompts = isOne ? [inputs as Prompt] : (inputs as readonly Prompt[]);
    if (!Array.isArray(prompts) || !prompts.every((each) => typeof each === 'string' || isChat(each))) {
      throw new ArgumentError('text-generation: expected a text, messages, or a list of either');
    }
    const results: (GeneratedText | GeneratedChat)[][] = [];
    for (const prompt of prompts) results.push([await one(prompt, options)]);
    return isOne ? results[0]! : results;
  };
  return pipe as TextGeneration;
}

function isChat(input: unknown): input is readonly Message[] {
  return (
    Array.isArray(input) &&
    input.length > 0 &&
    input.every((each) => typeof each === 'object' && each !== null && 'role' in each)
  );
}

async function promptIds(
  model: PretrainedModel,
  prompt: Prompt,
  { add_special_tokens: addSpecial = true, tools, documents }: TextGenerationOptions,
): Promise<readonly number[]> {
  const tokenizer = await model.tokenizer();
  if (typeof prompt === 'string') return tokenizer.encode(prompt, { addSpecial }).ids;
  const text = await tokenizer.applyChatTemplate(prompt, { tools, documents });
  return tokenizer.encode(text, { addSpecial: false }).ids;
}

async function generateOptions(
  model: PretrainedModel,
  prompt: number,
  options: TextGenerationOptions,
): Promise<GenerateOptions> {
  const config = await generationConfig(model);
  const { temperature, top_k, top_p: topP, eos_token_id: end, stop_strings: stop, max_length } = options;
  const draws = options.do_sample ?? config.sampling;
  const total = max_length === undefined ? undefined : Math.max(1, max_length - prompt);
  const topK = top_k ?? config.topK ?? 50;
  return {
    decode: true,
    signal: options.signal,
    maxTokens: options.max_new_tokens ?? total,
    repetitionPenalty: options.repetition_penalty,
    endIds: typeof end === 'number' ? [end] : end,
    stop: typeof stop === 'string' ? [stop] : stop,
    ...(draws
      ? {
          ...{ temperature: temperature ?? config.temperature ?? 1, topP, seed: options.seed },
          topK: topK === 0 ? vocabularyOf(model) : topK,
        }
      : { greedy: true }),
  };
}

export interface Text2TextOptions {
  /** 256 by default, or what generation_config.json says. */
  readonly max_new_tokens?: number;
  /** The same with the token that begins a text. */
  readonly max_length?: number;
  readonly num_beams?: number;
  readonly length_penalty?: number;
  /** heed's own. */
  readonly signal?: AbortSignal;
}

const text2TextOptions = ['max_new_tokens', 'max_length', 'num_beams', 'length_penalty', 'signal'];

/** Texts in other words; always a list. */
export type Text2Text<Key extends string> = (
  texts: string | readonly string[],
  options?: Text2TextOptions,
) => Promise<{ readonly [key in Key]: string }[]>;

/** @param task what `task_specific_params` may hold a prefix for @param key of the results */
export function text2Text<Key extends string>(
  model: PretrainedModel,
  task: string,
  key: Key,
): Text2Text<Key> {
  if (model.kind !== 'encoder-decoder') {
    throw new UnsupportedError(`${task}: needs an encoder-decoder, ${model.folder.name} is a ${model.kind}`);
  }
  return async (texts, options = {}) => {
    only(task, options, text2TextOptions);
    const { max_new_tokens, max_length, num_beams: beams, length_penalty: lengthPenalty, signal } = options;
    const total = max_length === undefined ? undefined : Math.max(1, max_length - 1);
    const prefix = prefixOf(model.config, task);
    const found = await translate(
      model,
      listOf(texts).map((text) => prefix + text),
      { maxTokens: max_new_tokens ?? total, beams, lengthPenalty, signal },
    );
    return found.map(({ text }) => ({ [key]: text! }) as { readonly [key in Key]: string });
  };
}

/** What config.json puts before texts: always, and for a task. */
function prefixOf(config: Readonly<Record<string, unknown>>, task: string): string {
  const params = config.task_specific_params as Readonly<Record<string, { prefix?: unknown }>> | undefined;
  return [params?.[task]?.prefix, config.prefix].filter((each) => typeof each === 'string').join('');
}
