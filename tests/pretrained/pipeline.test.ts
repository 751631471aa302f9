/** `heed/pipeline`: names, calls and results as transformers.js has them. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { ArgumentError, DisposedError, UnsupportedError } from '../../src/errors.ts';
import { pipeline, pipelineTasks, ResultTensor, TextStreamer } from '../../src/pipeline.ts';
import { classify } from '../../src/pretrained/classify.ts';
import { embed } from '../../src/pretrained/embed.ts';
import { fillMask } from '../../src/pretrained/fillMask.ts';
import { generate } from '../../src/pretrained/generate.ts';
import { tokenClassify } from '../../src/pretrained/tokenClassify.ts';
import { translate } from '../../src/pretrained/translate.ts';
import { DATA_FOLDER } from '../parity/cases.ts';
import { seededRandom } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { classifierFiles, configWith, failure, hasFolders, loadFolder, sayIfSkipped } from './folders.ts';
import { byteLevel, wordPieces } from './tokenizers.ts';

sayIfSkipped('pipeline');

const pieces = ['the', 'cat', 'sat', '##s', 'on', 'mat', '.', 'anna', 'lee', 'paris'];
const words = wordPieces(pieces);
const labels = ['O', 'B-PER', 'I-PER'];
const random = seededRandom(11);
const classifier = Float32Array.from({ length: 96 }, () => 2 * random.uniform() - 1);
const STORIES = join(DATA_FOLDER, 'models/stories260K');
const texts = ['the cat sat', 'anna'];

describe('docs/pipeline.md', () => {
  const page = readFileSync(new URL('../../docs/pipeline.md', import.meta.url), 'utf8');

  it('names every task', () => {
    for (const task of pipelineTasks) expect(page).toContain(`\`${task}\``);
  });

  it.skipIf(!hasFolders)('names every option', async () => {
    const runtime = await sharedRuntime(variants[0]!);
    const unknown = { unheard: 1 } as never;
    const messages = [await failure(() => pipeline('ner', STORIES, unknown))];
    using story = await loadFolder(runtime, 'models/stories260K');
    const write = await pipeline('text-generation', story);
    messages.push(await failure(() => write('x', unknown)));
    for (const { message } of messages) {
      const [, known] = /known are (.*)$/.exec(message) as unknown as [string, string];
      const rare = ['retries', 'retryDelayMilliseconds', 'timeoutMilliseconds'];
      for (const name of known.split(', ').filter((each) => !rare.includes(each))) {
        expect(page, name).toContain(`\`${name}\``);
      }
    }
  });
});

describe.skipIf(!hasFolders).each(variants)('pipeline, %s', (variant) => {
  const load = async (folder: string, files?: Record<string, unknown>) =>
    loadFolder(await sharedRuntime(variant), folder, files);

  it('feature-extraction gives tensors', async () => {
    using model = await load('hf/bert-model', words);
    const extract = await pipeline('feature-extraction', model);
    const one = await extract('the cat sat', { pooling: 'mean', normalize: true });
    expect(one).toBeInstanceOf(ResultTensor);
    expect(one).toMatchObject({ type: 'float32', dims: [1, 32], size: 32 });
    expect(one.data).toEqual((await embed(model, ['the cat sat'], { pooling: 'mean' }))[0]);
    expect(one.tolist()).toEqual([Array.from(one.data)]);
    const first = await extract(texts, { pooling: 'cls' });
    expect(first.dims).toEqual([2, 32]);
    const raw = await extract(texts);
    expect(raw.dims).toEqual([2, 5, 32]);
    const lists = raw.tolist() as number[][][];
    expect(lists[0]![0]).toEqual(first.tolist()[0]);
    expect(lists[1]!.slice(3)).toEqual([new Array(32).fill(0), new Array(32).fill(0)]);
    for (const vector of (await extract('anna', { normalize: true })).tolist()[0] as number[][]) {
      expect(Math.abs(Math.hypot(...vector) - 1)).toBeLessThan(1e-6);
    }
    const wrong = await failure(() => extract('x', { pooling: 'last_token' } as never));
    expect(wrong).toEqual(
      new UnsupportedError(
        'feature-extraction: pooling is last_token, supported are none, mean, cls, first_token',
      ),
    );
  });

  it('fill-mask gives tokens and texts', async () => {
    using model = await load('hf/bert-mlm', words);
    const unmask = await pipeline('fill-mask', model);
    const found = await unmask('the [MASK] sat.', { top_k: 3 });
    const [own] = await fillMask(model, ['the [MASK] sat.'], { topK: 3 });
    expect(found.map(({ token, score }) => ({ token, score }))).toEqual(
      own!.masks[0]!.candidates.map(({ id: token, score }) => ({ token, score })),
    );
    const known = found.find(({ token }) => pieces[token - 5]);
    for (const { token, token_str, sequence } of found) {
      expect(token_str).toBe((await model.tokenizer()).decode([token]));
      expect(sequence).toMatch(/^the .*sat\.$/);
    }
    if (known) expect(known.sequence).toContain(known.token_str);
    const several = await unmask(['the [MASK]', '[MASK] cat']);
    expect(several.map((each) => each.length)).toEqual([5, 5]);
    expect((await failure(() => unmask('the cat'))).message).toBe(
      'fillMask: inputs[0] must hold a mask, [MASK]',
    );
  });

  it.each(['text-classification', 'sentiment-analysis'] as const)('%s gives labels', async (task) => {
    const files = classifierFiles('BertForSequenceClassification', classifier, labels);
    using model = await load('hf/bert-model', { ...files, ...words });
    const classes = (await classify(model, texts)).map((each) => each.classes);
    const pipe = await pipeline(task, model);
    expect(await pipe(texts[0]!)).toEqual([classes[0]![0]]);
    expect(await pipe(texts)).toEqual([classes[0]![0], classes[1]![0]]);
    expect(await pipe(texts[0]!, { top_k: 2 })).toEqual(classes[0]!.slice(0, 2));
    expect(await pipe(texts, { top_k: null })).toEqual(classes);
  });

  it.each(['token-classification', 'ner'] as const)('%s gives entities', async (task) => {
    const files = classifierFiles('BertForTokenClassification', classifier, labels);
    using model = await load('hf/bert-model', { ...files, ...words });
    const pipe = await pipeline(task, model);
    const text = 'The cats  sat.';
    const [{ spans }] = (await tokenClassify(model, [text])) as [
      Awaited<ReturnType<typeof tokenClassify>>[number],
    ];
    const all = await pipe(text, { ignore_labels: [] });
    expect(all).toEqual(
      spans.map(({ label, score, positions, text: word, offsets }) => ({
        ...{ entity: label, score, index: positions[0], word },
        ...{ start: offsets![0], end: offsets![1] },
      })),
    );
    expect(all.map(({ start, end }) => text.slice(start, end))).toEqual(['The', 'cat', 's', 'sat', '.']);
    expect(await pipe(text)).toEqual(all.filter(({ entity }) => entity !== 'O'));
    const groups = await pipe([text], { aggregation_strategy: 'simple', ignore_labels: [] });
    expect(groups).toHaveLength(1);
    for (const group of groups[0]!)
      expect(Object.keys(group).sort()).toEqual(['end', 'entity_group', 'score', 'start', 'word']);
    const wrong = await failure(() => pipe(text, { aggregation_strategy: 'max' } as never));
    expect(wrong.message).toMatch(/aggregation_strategy is max, supported are none, simple/);
  });

  it('text-generation goes on', async () => {
    using model = await load('models/stories260K');
    const write = await pipeline('text-generation', model);
    const prompt = 'Once upon a time,';
    const own = await generate(model, prompt, { maxTokens: 12 }).result();
    expect(await write(prompt, { max_new_tokens: 12 })).toEqual([{ generated_text: prompt + own.text }]);
    expect(await write(prompt, { max_new_tokens: 12, return_full_text: false })).toEqual([
      { generated_text: own.text },
    ]);
    const length = own.promptIds.length + 12;
    expect(await write([prompt, prompt], { max_length: length })).toEqual([
      [{ generated_text: prompt + own.text }],
      [{ generated_text: prompt + own.text }],
    ]);
    const drawn = { do_sample: true, temperature: 1.5, top_k: 20, top_p: 0.9, seed: 3, max_new_tokens: 30 };
    const sampled = await generate(model, prompt, {
      temperature: 1.5,
      topK: 20,
      topP: 0.9,
      seed: 3,
      maxTokens: 30,
    }).result();
    expect(await write(prompt, drawn)).toEqual([{ generated_text: prompt + sampled.text }]);
    expect(sampled.text.startsWith(own.text)).toBe(false);
    // As in transformers, who does not ask to draw does not.
    expect(await write(prompt, { ...drawn, do_sample: undefined, max_new_tokens: 12 })).toEqual([
      { generated_text: prompt + own.text },
    ]);
    const [stopped] = await write(prompt, { stop_strings: 'little', max_new_tokens: 40 });
    expect(stopped!.generated_text).toBe('Once upon a time, there was a ');
    const any = await write(prompt, { do_sample: true, top_k: 0, seed: 1, max_new_tokens: 5 });
    expect(any[0]!.generated_text.startsWith(prompt)).toBe(true);
  });

  it('text-generation streams', async () => {
    using model = await load('models/stories260K');
    const write = await pipeline('text-generation', model);
    for (const skip_prompt of [true, false]) {
      let heard = '';
      let tokens = 0;
      const streamer = new TextStreamer(write.tokenizer, {
        skip_prompt,
        callback_function: (text) => {
          heard += text;
        },
        token_callback_function: (ids) => {
          tokens += ids.length;
        },
      });
      const [result] = await write('Once upon', {
        streamer,
        max_new_tokens: 9,
        return_full_text: !skip_prompt,
      });
      expect(heard).toBe(result!.generated_text);
      expect(tokens).toBe(9 + (skip_prompt ? 0 : write.tokenizer.encode('Once upon').ids.length));
    }
    const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    await write('Once upon', { streamer: new TextStreamer(write.tokenizer), max_new_tokens: 3 });
    const text = printed.mock.calls.map(([piece]) => piece).join('');
    printed.mockRestore();
    expect(text).toContain('Once upon a time');
  });

  it('text-generation answers messages', async () => {
    const chat_template =
      "{% for m in messages %}{{ m['content'] }} {% endfor %}{% if tools %}{{ tools[0]['name'] }}{% endif %}";
    using model = await load('models/stories260K', {
      'tokenizer_config.json': { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>', chat_template },
    });
    const answer = await pipeline('text-generation', model);
    const messages = [{ role: 'user', content: 'One day' }];
    const [found] = await answer(messages, { max_new_tokens: 6 });
    expect(found!.generated_text.slice(0, -1)).toEqual(messages);
    const last = found!.generated_text.at(-1)!;
    expect(last.role).toBe('assistant');
    const own = await generate(model, messages, { maxTokens: 6 }).result();
    expect(last.content).toBe(own.text);
    expect(await answer([messages], { max_new_tokens: 6 })).toEqual([[found]]);
    const [other] = await answer(messages, { max_new_tokens: 6, tools: [{ name: 'Lily' }] });
    expect(other!.generated_text.at(-1)!.content).not.toBe(own.text);
  });

  it.each([
    ['translation', 'translation_text'],
    ['summarization', 'summary_text'],
    ['text2text-generation', 'generated_text'],
  ] as const)('%s gives %s', async (task, key) => {
    const config = configWith('hf/t5', { task_specific_params: { summarization: { prefix: 'SUM:' } } });
    const bytes = byteLevel();
    // The fixture has 97 ids: capital letters and signs are among them.
    using model = await load('hf/t5', {
      ...bytes,
      'config.json': config,
      'generation_config.json': { eos_token_id: 1 },
    });
    const write = await pipeline(task, model);
    const text = '"#$%&';
    const read = (task === 'summarization' ? 'SUM:' : '') + text;
    const [greedy] = await translate(model, [read], { maxTokens: 5 });
    expect(await write(text, { max_new_tokens: 5 })).toEqual([{ [key]: greedy!.text }]);
    expect(await write([text, text], { max_length: 6 })).toEqual([
      { [key]: greedy!.text },
      { [key]: greedy!.text },
    ]);
    const [beams] = await translate(model, [read], { maxTokens: 5, beams: 3, lengthPenalty: 0.5 });
    expect(await write(text, { max_new_tokens: 5, num_beams: 3, length_penalty: 0.5 })).toEqual([
      { [key]: beams!.text },
    ]);
  });

  it('loads what it is named, tells how far it is, and frees what it made', async () => {
    const runtime = await sharedRuntime(variant);
    const { usedBytes } = runtime.memory;
    const heard: { status: string; loaded: number; total: number }[] = [];
    const write = await pipeline('text-generation', STORIES, {
      runtime,
      progress_callback: (progress) => heard.push(progress),
    });
    expect(heard[0]!.status).toBe('initiate');
    expect(heard.at(-1)).toMatchObject({
      status: 'done',
      progress: 100,
      file: 'model.safetensors',
      name: STORIES,
    });
    expect(runtime.memory.usedBytes).toBeGreaterThan(usedBytes);
    await write.dispose();
    expect(runtime.memory.usedBytes).toBe(usedBytes);
    const small = await pipeline('text-generation', STORIES, { runtime, dtype: 'q8' });
    const [text] = await small('Once upon a time', { max_new_tokens: 3 });
    expect(text!.generated_text).toMatch(/^Once upon a time/);
    await small.dispose();
    expect(runtime.memory.usedBytes).toBe(usedBytes);
    const own = await pipeline('text-generation', STORIES);
    await own.dispose();
    expect(await failure(() => own('x'))).toBeInstanceOf(DisposedError);
    using model = await load('models/stories260K');
    const borrowed = await pipeline('text-generation', model);
    await borrowed.dispose();
    expect(await borrowed('Once', { max_new_tokens: 1 })).toHaveLength(1);
  });

  it('refuses what it does not know, by name', async () => {
    const runtime = await sharedRuntime(variant);
    const { usedBytes } = runtime.memory;
    const refusal = async (...given: unknown[]): Promise<Error> =>
      failure(() => (pipeline as (...all: unknown[]) => Promise<unknown>)(...given));
    const unknown = await refusal('object-detection', STORIES);
    expect(unknown).toBeInstanceOf(ArgumentError);
    expect(unknown.message).toBe(
      `pipeline: unknown task object-detection, known are ${pipelineTasks.join(', ')}`,
    );
    expect((await refusal('ner')).message).toBe(
      'pipeline: expected a model for ner, heed has none of its own',
    );
    for (const [options, Kind, message] of [
      [{ subfolder: 'onnx' }, ArgumentError, /^pipeline: unknown option subfolder, known are runtime, dtype/],
      [{ device: 'webgpu' }, UnsupportedError, /^pipeline: device is webgpu, supported are auto, cpu, wasm/],
      [{ dtype: 'q4f16' }, UnsupportedError, /^pipeline: dtype is q4f16, supported are auto, fp32, q8, int8/],
    ] as const) {
      const error = await refusal('text-generation', STORIES, { runtime, ...options });
      expect(error).toBeInstanceOf(Kind);
      expect(error.message).toMatch(message);
    }
    for (const task of pipelineTasks.filter((each) => each !== 'text-generation')) {
      const error = await refusal(task, STORIES, { runtime });
      expect(error).toBeInstanceOf(UnsupportedError);
      expect(error.message).toMatch(/needs an encoder/);
    }
    expect(runtime.memory.usedBytes).toBe(usedBytes);
    using model = await load('models/stories260K');
    expect((await refusal('text-generation', model, { dtype: 'q8' })).message).toBe(
      'pipeline: a model that is loaded takes no options, got dtype',
    );
    const write = await pipeline('text-generation', model);
    expect((await failure(() => write('x', { num_beams: 4 } as never))).message).toMatch(
      /^text-generation: unknown option num_beams, known are max_new_tokens/,
    );
    expect((await failure(() => write(7 as never))).message).toBe(
      'text-generation: expected a text, messages, or a list of either',
    );
    using ids = await load('hf/gpt2');
    expect((await refusal('text-generation', ids)).message).toMatch(/has no tokenizer.json/);
  });
});
