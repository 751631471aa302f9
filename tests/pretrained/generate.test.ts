/** Text written token by token: what Hugging Face's code writes, and what ends it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  ArgumentError,
  DisposedError,
  FormatError,
  OutOfMemoryError,
  UnsupportedError,
} from '../../src/errors.ts';
import { generate } from '../../src/pretrained/generate.ts';
import type { GeneratedToken } from '../../src/pretrained/generation.ts';
import { createRuntime } from '../../src/runtime/load.ts';
import { Checkpoint } from '../models/checkpoints.ts';
import { DATA_FOLDER } from '../parity/cases.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { configWith, failure, hasFolders, loadFolder, sayIfSkipped } from './folders.ts';

sayIfSkipped('generate');

const STORIES = 'models/stories260K';
const prompt = [5, 17, 42, 7];

describe.skipIf(!hasFolders).each(variants)('generate, %s', (variant) => {
  describe.each(['hf/gpt2', 'hf/llama-gqa', 'hf/llama-tied'])('%s', (folder) => {
    it('writes what the reference writes', async () => {
      const runtime = await sharedRuntime(variant);
      using model = await loadFolder(runtime, folder);
      const checkpoint = new Checkpoint(folder);
      const rows = (name: string): number[][] =>
        runtime.scope(() => {
          const ids = checkpoint.input(runtime, name)!;
          return Array.from({ length: ids.shape[0]! }, (_, b) => Array.from(ids.at(b).toArray()));
        });
      for (const [k, ids] of rows('full.input_ids').entries()) {
        const result = await generate(model, ids, { maxTokens: 12 }).result();
        expect([...ids, ...result.ids]).toEqual(checkpoint.generated(`full.${k}`));
        expect(result).toMatchObject({ promptIds: ids, text: '' });
      }
      const mask = rows('left.attention_mask');
      const all = checkpoint.generated('left');
      const columns = all.length / mask.length;
      for (const [k, ids] of rows('left.input_ids').entries()) {
        const own = ids.filter((_, i) => mask[k]![i] === 1);
        expect(own.length).toBeGreaterThan(0);
        const { ids: written, finishReason } = await generate(model, own, { maxTokens: 12 }).result();
        const expected = all.slice(k * columns, (k + 1) * columns);
        // Behind an end token the reference fills up.
        expect([...ids, ...written]).toEqual(expected.slice(0, ids.length + written.length));
        expect(finishReason).toBe(written.length < 12 ? 'end' : 'length');
      }
    });
  });

  it('tells the published story, from nothing, in 464 characters', async () => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, STORIES);
    const { greedy } = JSON.parse(readFileSync(join(DATA_FOLDER, STORIES, 'expected.json'), 'utf8')) as {
      greedy: { ids: number[]; text: string };
    };
    const tokens: GeneratedToken[] = [];
    const generation = generate(model, '', { maxTokens: greedy.ids.length - 1, decode: true });
    for await (const token of generation) tokens.push(token);
    const result = await generation.result();
    expect([...result.promptIds, ...result.ids]).toEqual(greedy.ids);
    expect(result.text).toBe(greedy.text);
    expect(result.text).toHaveLength(464);
    expect(tokens.map(({ text }) => text).join('')).toBe(greedy.text);
    expect(result.finishReason).toBe('length');
    expect(generation.progress).toMatchObject(result);
    const sum = tokens.reduce((total, { logProbability }) => total + logProbability, 0);
    expect(result.logProbability).toBeCloseTo(sum, 10);
  });

  it('goes on behind the text of the prompt as it stands there', async () => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, STORIES);
    const { text: whole } = await generate(model, '', { maxTokens: 100 }).result();
    for (const prompt of ['Once upon a time', 'Once upon a time,']) {
      const { text } = await generate(model, prompt, { maxTokens: 20 }).result();
      expect(whole).toContain(prompt + text);
      const ids = (await model.tokenizer()).encode(prompt).ids;
      expect((await generate(model, ids, { maxTokens: 20, decode: true }).result()).text).toBe(text);
    }
  });

  it('gives each token with its log-probability and what it looked at', async () => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, 'hf/gpt2');
    const generation = generate(model, prompt, { maxTokens: 3, returnWeights: 'per-head' });
    let held = prompt.length;
    for await (const { logProbability, weights } of generation) {
      expect(logProbability).toBeLessThan(0);
      expect(weights).toHaveLength(2);
      for (const layer of weights!) {
        expect(layer).toHaveLength(4 * held);
        for (let head = 0; head < 4; head++) {
          const sum = layer.subarray(head * held, (head + 1) * held).reduce((a, b) => a + b, 0);
          expect(Math.abs(sum - 1)).toBeLessThan(held * 2 ** -23);
        }
      }
      held++;
    }
    expect(held).toBe(prompt.length + 3);
  });

  it('draws by its seed, and otherwise anew', async () => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, STORIES);
    const write = async (options: object): Promise<string> =>
      (await generate(model, 'One day', { maxTokens: 40, temperature: 1, ...options }).result()).text;
    expect(await write({ seed: 7 })).toBe(await write({ seed: 7 }));
    expect(await write({ seed: 7 })).not.toBe(await write({ seed: 8 }));
    expect(await write({})).not.toBe(await write({}));
    const greedy = await write({ temperature: 0 });
    expect(await write({ greedy: true, seed: 3 })).toBe(greedy);
    expect(await write({ topK: 1, seed: 3 })).toBe(greedy);
    expect(await write({ topP: 1e-9, seed: 3 })).toBe(greedy);
  });

  it.each([
    ['within a token', 'tim'],
    ['over several tokens', 'girl named Lily'],
    ['over a line', '.\nLily'],
    ['the first of several', 'park', 'there was', 'zebra'],
  ])('stops exactly before a stop sequence: %s', async (_, ...stop) => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, STORIES);
    const { text: whole } = await generate(model, '', { maxTokens: 120 }).result();
    const at = Math.min(...stop.map((each) => whole.indexOf(each)).filter((each) => each >= 0));
    let text = '';
    const generation = generate(model, '', { maxTokens: 120, stop });
    for await (const token of generation) text += token.text;
    const result = await generation.result();
    expect(text).toBe(whole.slice(0, at));
    expect(result).toMatchObject({ finishReason: 'stop', text });
    expect(result.ids.length).toBeLessThan(120);
  });

  it('gives back what only looked like a stop sequence', async () => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, STORIES);
    const plain = await generate(model, '', { maxTokens: 60 }).result();
    const end = plain.text.slice(-4);
    for (const stop of [`${end}#`, 'Once upon a dime', 'She loved to plan']) {
      const result = await generate(model, '', { maxTokens: 60, stop: [stop] }).result();
      expect(result).toEqual(plain);
    }
  });

  it('ends at an end token, of one or several', async () => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, 'hf/gpt2');
    const { ids } = await generate(model, prompt, { maxTokens: 8 }).result();
    const end = ids[3]!;
    const until = ids.slice(0, ids.indexOf(end) + 1);
    const result = await generate(model, prompt, { maxTokens: 8, endIds: [96, end] }).result();
    expect(result).toMatchObject({ ids: until, finishReason: 'end' });
    using other = await loadFolder(runtime, 'hf/gpt2', {
      'generation_config.json': { eos_token_id: [90, end] },
    });
    expect((await generate(other, prompt, { maxTokens: 8 }).result()).ids).toEqual(until);
    using config = await loadFolder(runtime, 'hf/gpt2', {
      'config.json': configWith('hf/gpt2', { eos_token_id: end }),
      'generation_config.json': {},
    });
    expect((await generate(config, prompt, { maxTokens: 8 }).result()).ids).toEqual(until);
  });

  it('penalises what was there, and never writes what is suppressed', async () => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, STORIES);
    const write = (options: object) =>
      generate(model, [1, 403, 407, 261], { maxTokens: 30, ...options }).result();
    const plain = await write({});
    expect(new Set(plain.ids).size).toBeLessThan(30);
    const penalised = await write({ repetitionPenalty: 1e6 });
    expect(new Set(penalised.ids).size).toBe(30);
    expect(penalised.ids.filter((id) => [1, 403, 407, 261].includes(id))).toEqual([]);
    const [first] = plain.ids;
    using other = await loadFolder(runtime, STORIES, {
      'generation_config.json': { bad_words_ids: [[first]], suppress_tokens: [plain.ids[1]] },
    });
    const suppressed = await generate(other, [1, 403, 407, 261], { maxTokens: 30 }).result();
    expect(suppressed.ids).not.toContain(first);
    expect(suppressed.ids).not.toContain(plain.ids[1]);
  });

  it('does as generation_config.json says, and not when told so', async () => {
    const runtime = await sharedRuntime(variant);
    const fields = {
      eos_token_id: 2,
      do_sample: true,
      temperature: 0.9,
      top_k: 20,
      top_p: 0.9,
      max_new_tokens: 9,
    };
    using model = await loadFolder(runtime, STORIES, { 'generation_config.json': fields });
    const own = await generate(model, '', { seed: 5 }).result();
    const { temperature, top_k: topK, top_p: topP } = fields;
    using plain = await loadFolder(runtime, STORIES);
    expect(own).toEqual(
      await generate(plain, '', { seed: 5, temperature, topK, topP, maxTokens: 9 }).result(),
    );
    const greedy = await generate(plain, '', { maxTokens: 20 }).result();
    expect(await generate(model, '', { useGenerationConfig: false, maxTokens: 20 }).result()).toEqual(greedy);
    expect((await generate(model, '', { greedy: true }).result()).ids).toEqual(greedy.ids.slice(0, 9));
  });

  it('reads a long prompt in pieces, and fills its context to the end', async () => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, STORIES);
    const { ids } = await generate(model, '', { maxTokens: 510 }).result();
    const long = [1, ...ids];
    const rest = await generate(model, long.slice(0, 500)).result();
    expect(rest.ids.slice(0, 11)).toEqual(long.slice(500));
    expect(rest).toMatchObject({ finishReason: 'length' });
    expect(rest.ids).toHaveLength(13);
    const error = await failure(() => generate(model, [...long, 1, 1]).result());
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toBe('generate: the prompt has 513 tokens, at most 512 fit');
  });

  it('lets others have a turn between tokens', async () => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, 'hf/gpt2');
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    for await (const _ of generate(model, prompt, { maxTokens: 40, endIds: [] })) {
      const started = performance.now();
      while (performance.now() - started < 2);
    }
    clearInterval(timer);
    expect(turns).toBeGreaterThan(10);
  });

  it('ends at once when aborted, wherever it is', async () => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, STORIES);
    // The table of rotations grows once.
    await generate(model, 'One', { maxTokens: 60 }).result();
    const { usedBytes } = runtime.memory;
    const before = generate(model, 'One', { signal: AbortSignal.abort(new Error('before')) });
    expect((await failure(() => before.next())).message).toBe('before');
    const controller = new AbortController();
    const generation = generate(model, 'One', { signal: controller.signal });
    await generation.next();
    await generation.next();
    expect(runtime.memory.usedBytes).toBeGreaterThan(usedBytes);
    controller.abort(new Error('enough'));
    // Nobody has asked for another token yet.
    expect(runtime.memory.usedBytes).toBe(usedBytes);
    expect((await failure(() => generation.next())).message).toBe('enough');
    expect((await generation.next()).done).toBe(true);
    const meanwhile = new AbortController();
    const running = generate(model, 'One', { signal: meanwhile.signal });
    setTimeout(() => meanwhile.abort(new Error('meanwhile')), 3);
    expect((await failure(() => running.result())).message).toBe('meanwhile');
    expect(runtime.memory.usedBytes).toBe(usedBytes);
  });

  it('leaves memory as it was after a thousand texts begun and left', async () => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, 'hf/llama-gqa');
    await generate(model, prompt, { maxTokens: 2 }).result();
    const { usedBytes } = runtime.memory;
    const totalBytes = runtime.memory.capacityBytes;
    for (let i = 0; i < 1000; i++) {
      const controller = new AbortController();
      const generation = generate(model, prompt, { maxTokens: 20, signal: controller.signal, endIds: [] });
      await generation.next();
      if (i % 4 === 0) {
        controller.abort();
        await failure(() => generation.next());
      } else if (i % 4 === 1) {
        for await (const _ of generation) break;
      } else if (i % 4 === 2) {
        await failure(() => generation.throw(new Error('from outside')));
      } else {
        controller.abort();
      }
      expect(runtime.memory.usedBytes).toBe(usedBytes);
    }
    expect(runtime.memory.capacityBytes).toBe(totalBytes);
  });

  it('writes several texts side by side on one model', async () => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, 'hf/gpt2');
    const prompts = [prompt, [9, 8], [50, 3, 3]];
    const options = { maxTokens: 10, endIds: [] };
    const alone = [];
    for (const ids of prompts) alone.push(await generate(model, ids, options).result());
    expect(await Promise.all(prompts.map((ids) => generate(model, ids, options).result()))).toEqual(alone);
  });

  it('ends with its model, and frees what is its own', async () => {
    const runtime = await sharedRuntime(variant);
    const { usedBytes } = runtime.memory;
    const model = await loadFolder(runtime, 'hf/gpt2');
    const generation = generate(model, prompt, { maxTokens: 10 });
    await generation.next();
    model.dispose();
    expect(await failure(() => generation.next())).toBeInstanceOf(DisposedError);
    expect(runtime.memory.usedBytes).toBe(usedBytes);
    expect(await generation.result()).toMatchObject({ finishReason: 'left' });
  });

  it('ends with its runtime, and disturbs no other', async () => {
    const other = await sharedRuntime(variant);
    using kept = await loadFolder(other, 'hf/gpt2');
    const alone = await generate(kept, prompt, { maxTokens: 10 }).result();
    const runtime = await createRuntime({ variant });
    const generation = generate(await loadFolder(runtime, 'hf/gpt2'), prompt, { maxTokens: 10 });
    const beside = generate(kept, prompt, { maxTokens: 10 });
    await Promise.all([generation.next(), beside.next()]);
    // Also while a step is under way: it waits for its turn.
    const pending = failure(() => generation.next());
    runtime.dispose();
    expect(await pending).toBeInstanceOf(DisposedError);
    expect(await generation.next()).toEqual({ done: true, value: undefined });
    expect(await generation.result()).toMatchObject({ finishReason: 'left' });
    expect(await beside.result()).toEqual(alone);
  });

  it('without room for its cache fails, and leaves room for a shorter text', async () => {
    const runtime = await createRuntime({ variant, maxMemoryBytes: 2_000_000 });
    const model = await loadFolder(runtime, STORIES);
    const long = Array.from({ length: 300 }, (_, i) => 3 + (i % 500));
    const tooLong = (): Promise<unknown> => failure(() => generate(model, long, { maxTokens: 200 }).result());
    expect(await tooLong()).toBeInstanceOf(OutOfMemoryError);
    // The first time, the model's table of positions has grown, which it keeps.
    const { usedBytes } = runtime.memory;
    expect(await tooLong()).toBeInstanceOf(OutOfMemoryError);
    expect(runtime.memory.usedBytes).toBe(usedBytes);
    const { ids } = await generate(model, long.slice(0, 8), { maxTokens: 8, endIds: [] }).result();
    expect(ids).toHaveLength(8);
    runtime.dispose();
  });

  it('tells why it ended when it was left', async () => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, 'hf/gpt2');
    const generation = generate(model, prompt, { maxTokens: 20 });
    for await (const _ of generation) break;
    const result = await generation.result();
    expect(result.finishReason).toBe('left');
    expect(result.ids).toHaveLength(1);
    expect((await generate(model, prompt, { maxTokens: 20 }).return()).done).toBe(true);
  });

  it.each([
    [{ maxTokens: 0 }, 'generate: maxTokens must be a positive integer, got 0'],
    [{ temperature: -1 }, 'generate: temperature must be a number of at least 0, got -1'],
    [{ topK: 1.5 }, 'generate: topK must be a positive integer, got 1.5'],
    [{ topP: 0 }, 'generate: topP must be a number in (0, 1], got 0'],
    [{ repetitionPenalty: 0 }, 'generate: repetitionPenalty must be a positive number, got 0'],
    [{ seed: 0.5 }, 'generate: seed must be an integer, got 0.5'],
    [{ stop: ['a', ''] }, 'generate: stop[1] must be a text that is not empty'],
  ])('refuses %o at once', async (options, message) => {
    using model = await loadFolder(await sharedRuntime(variant), 'hf/gpt2');
    expect(() => generate(model, prompt, options)).toThrow(new ArgumentError(message));
  });

  it.each([
    [[], 'generate: the prompt has no tokens'],
    [[97], 'generate: prompt[0] must lie in 0..96, got 97'],
    [[1, 0.5], 'generate: prompt[1] must lie in 0..96, got 0.5'],
    [new Array<number>(49).fill(1), 'generate: the prompt has 49 tokens, at most 48 fit'],
  ])('refuses a prompt', async (ids, message) => {
    const runtime = await sharedRuntime(variant);
    using model = await loadFolder(runtime, 'hf/gpt2');
    const { usedBytes } = runtime.memory;
    expect(await failure(() => generate(model, ids).result())).toEqual(new ArgumentError(message));
    expect(runtime.memory.usedBytes).toBe(usedBytes);
  });

  it('refuses models that do not write on, text without a tokenizer, and configurations it cannot follow', async () => {
    const runtime = await sharedRuntime(variant);
    using t5 = await loadFolder(runtime, 'hf/t5');
    expect(() => generate(t5, prompt)).toThrow(UnsupportedError);
    expect(() => generate(t5, prompt)).toThrow(/is an encoder-decoder; translate runs it/);
    using model = await loadFolder(runtime, 'hf/gpt2');
    const error = await failure(() => generate(model, 'text').result());
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toMatch(/has no tokenizer.json: give ids instead of text/);
    for (const [fields, Kind, message] of [
      [{ eos_token_id: 'x' }, FormatError, /eos_token_id must be a token's id or a list of ids, got "x"/],
      [{ no_repeat_ngram_size: 3 }, UnsupportedError, /no_repeat_ngram_size is 3, which is not supported/],
      [{ do_sample: true, typical_p: 0.5 }, UnsupportedError, /typical_p is 0.5/],
      [
        { bad_words_ids: [[1, 2]] },
        UnsupportedError,
        /bad_words_ids has \[1,2\], supported are single tokens/,
      ],
    ] as const) {
      using other = await loadFolder(runtime, 'hf/gpt2', { 'generation_config.json': fields });
      const refused = await failure(() => generate(other, prompt).result());
      expect(refused).toBeInstanceOf(Kind);
      expect(refused.message).toMatch(message);
    }
  });
});
