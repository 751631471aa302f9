/** `heed generate`: text, token by token. */
import { Command, InvalidArgumentError } from 'commander';
import { generate } from '../pretrained/generate.ts';
import { count, type LoadingFlags, withLoadingOptions, withModel } from './loading.ts';
import { standardOutput } from './output.ts';

interface GenerateFlags extends LoadingFlags {
  readonly prompt: string;
  readonly chat?: boolean;
  readonly tokens?: number;
  readonly greedy?: boolean;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly repetitionPenalty?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
}

const HELP = `
Examples:
  $ heed generate ./stories260K --prompt "Once upon a time" --greedy
  $ heed generate HuggingFaceTB/SmolLM2-135M-Instruct --quantize int8 --chat --prompt "Why is the sky blue?"
  $ heed generate ./model --prompt Hello --temperature 0.8 --top-p 0.9 --seed 1 --json

The text is written as it comes, behind its prompt (with --chat, without it). --json writes {prompt, text, finishReason,
promptIds, ids, logProbability, tokensPerSecond} when all is written.
`;

export function generateCommand(finished: (code: number) => void): Command {
  return withLoadingOptions(new Command('generate'))
    .description('Goes on writing a text, by a GPT-2 or a Llama.')
    .option('--prompt <text>', 'what to go on from', '')
    .option('--chat', "put the prompt as a user's message, by the model's chat template")
    .option('--tokens <n>', 'most tokens to write (default: what the model says, or 256)', count)
    .option('--greedy', 'take the likeliest token each time')
    .option('--temperature <x>', 'draw tokens; below 1 the likely ones more often', number)
    .option('--top-k <n>', 'draw among the n likeliest', count)
    .option('--top-p <x>', 'draw among the fewest whose probability reaches x', number)
    .option('--repetition-penalty <x>', 'make tokens less likely that are there already', number)
    .option('--seed <n>', 'draw the same again', seed)
    .option('--stop <text...>', 'end before one of these')
    .addHelpText('after', HELP)
    .action(async (source: string, flags: GenerateFlags) => {
      await withModel(source, flags, async (model) => {
        const output = standardOutput(process.stdout);
        const { prompt, chat, json, tokens, greedy, temperature, topK, topP, repetitionPenalty, seed, stop } =
          flags;
        const written = generate(model, chat ? [{ role: 'user', content: prompt }] : prompt, {
          ...(tokens !== undefined && { maxTokens: tokens }),
          ...(greedy && { greedy }),
          temperature,
          topK,
          topP,
          repetitionPenalty,
          seed,
          stop,
        });
        if (json) {
          const started = performance.now();
          const result = await written.result();
          const tokensPerSecond = (1000 * result.ids.length) / (performance.now() - started);
          await output.write(`${JSON.stringify({ prompt, ...result, tokensPerSecond })}\n`);
          return;
        }
        if (!chat) await output.write(prompt);
        for await (const { text } of written) await output.write(text);
        await output.write('\n');
      });
      finished(0);
    });
}

function seed(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new InvalidArgumentError('It must be a whole number of at most nine digits.');
  return Number(text);
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}
