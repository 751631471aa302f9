/** A text that a worker writes. */
import type { GenerateOptions, generate } from '../pretrained/generate.ts';
import { type GeneratedToken, Generation, type GenerationProgress } from '../pretrained/generation.ts';
import type { Connection } from './connection.ts';

type Prompt = Parameters<typeof generate>[1];

/** The same kind of object that `generate` gives; tokens are asked for when the iteration comes to them. */
export function generateInWorker(
  connection: Connection,
  model: number,
  prompt: Prompt,
  options: GenerateOptions,
): Generation {
  const progress: GenerationProgress = { ids: [], text: '', logProbability: 0 };
  return new Generation(write(connection, model, prompt, options, progress), progress);
}

async function* write(
  connection: Connection,
  model: number,
  prompt: Prompt,
  { signal, ...options }: GenerateOptions,
  progress: GenerationProgress,
): AsyncGenerator<GeneratedToken, undefined> {
  const { number } = await connection.open('generate', [model, prompt, options], { signal });
  const leave = (): void => connection.forget(number);
  // Even where nobody asks for the next token.
  signal?.addEventListener('abort', leave);
  try {
    for (;;) {
      const next = await connection.call('nextTokens', [number], { signal });
      if (next.promptIds) progress.promptIds = next.promptIds;
      for (const [i, token] of next.tokens.entries()) {
        progress.ids.push(token.id);
        progress.text += token.text;
        progress.logProbability += token.logProbability;
        if (i === next.tokens.length - 1) progress.finishReason = next.finishReason;
        yield token;
        signal?.throwIfAborted();
      }
      if (next.finishReason ?? next.tokens.length === 0) return;
    }
  } finally {
    signal?.removeEventListener('abort', leave);
    leave();
  }
}
