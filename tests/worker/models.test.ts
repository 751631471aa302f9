/** Published models in a worker: each task gives what it gives here, and what nobody waits for any more is freed. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it, vi } from 'vitest';
import {
  ArgumentError,
  DisposedError,
  FormatError,
  NetworkError,
  OutOfMemoryError,
  UnsupportedError,
} from '../../src/errors.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { classify } from '../../src/pretrained/classify.ts';
import { type Embedding, embed } from '../../src/pretrained/embed.ts';
import { fillMask } from '../../src/pretrained/fillMask.ts';
import { generate } from '../../src/pretrained/generate.ts';
import { loadModel, type PretrainedModel } from '../../src/pretrained/loadModel.ts';
import { tokenClassify } from '../../src/pretrained/tokenClassify.ts';
import { translate } from '../../src/pretrained/translate.ts';
import { createRuntime } from '../../src/runtime/load.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { WorkerModel } from '../../src/worker/model.ts';
import { DATA_FOLDER } from '../parity/cases.ts';
import { asBytes, classifierFiles, hasFolders, sayIfSkipped } from '../pretrained/folders.ts';
import { tinyLlama } from '../support/tinyLlama.mjs';
import { atPort, buildScript, inThread } from './workers.ts';

sayIfSkipped('published models in a worker');

const llama = tinyLlama(writeSafetensors);
let build: Awaited<ReturnType<typeof buildScript>>;
let runtime: Runtime;

beforeAll(async () => {
  build = await buildScript();
  runtime = await createRuntime();
});
afterAll(() => {
  runtime.dispose();
  build.remove();
});

/** The same model here and in a thread. */
async function both(
  source: Parameters<typeof loadModel>[1],
  check: (here: PretrainedModel, there: WorkerModel) => Promise<void>,
): Promise<void> {
  await using started = await inThread(build.script);
  using here = await loadModel(runtime, source);
  using there = await started.worker.loadModel(source);
  expect(there).toMatchObject({ kind: here.kind, config: here.config, name: here.folder.name });
  await check(here, there);
}

async function collected<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('writing on in a thread', () => {
  it('gives what generate gives here', async () => {
    await both(llama, async (here, there) => {
      const all = [
        ['Once', { maxTokens: 60 }],
        [[5, 6, 7], { maxTokens: 20 }],
        ['Once upon', { maxTokens: 30, temperature: 1, seed: 7, returnWeights: 'mean' }],
        ['Once', { maxTokens: 40, stop: ['e', '('] }],
      ] as const;
      for (const [prompt, options] of all) {
        const [expected, written] = [generate(here, prompt, options), there.generate(prompt, options)];
        const tokens = await collected(expected);
        expect(tokens.length).toBeGreaterThan(0);
        expect(await collected(written)).toEqual(tokens);
        const result = await expected.result();
        expect(result.logProbability).not.toBe(0);
        expect(await written.result()).toEqual(result);
        expect(await there.generate(prompt, options).result()).toEqual(result);
      }
    });
  });

  it('throws what generate throws here', async () => {
    await both(llama, async (_, there) => {
      await expect(there.generate('Once', { topK: 0 }).next()).rejects.toThrow(
        'topK must be a positive integer',
      );
      await expect(there.generate([999]).next()).rejects.toThrow(ArgumentError);
      await expect(there.embed(['x'])).rejects.toThrow(UnsupportedError);
      await expect(there.translate([[1]])).rejects.toThrow(
        'needs an encoder-decoder, the given files is a decoder',
      );
      expect((await there.generate('Once', { maxTokens: 2 }).result()).ids).toHaveLength(2);
    });
  });

  it('is left as generate is: memory is as it was, and what had been written is known', async () => {
    await both(llama, async (_, there) => {
      const story = (options = {}) => there.generate('Once', { maxTokens: 400, ...options });
      // The model keeps its table of positions, which grows with the longest text.
      await story().result();
      const { usedBytes } = await there.runtime();

      const left = story();
      for await (const _ of left) break;
      expect(await left.result()).toMatchObject({ finishReason: 'left', ids: { length: 1 } });
      expect((await there.runtime()).usedBytes).toBe(usedBytes);

      const stop = new AbortController();
      const stopped = story({ signal: stop.signal });
      await stopped.next();
      stop.abort(new Error('enough'));
      // Nobody asks for the next token.
      await vi.waitFor(async () => expect((await there.runtime()).usedBytes).toBe(usedBytes));
      await expect(stopped.next()).rejects.toThrow('enough');
      expect((await stopped.result()).ids).toHaveLength(1);

      const waiting = story({ signal: AbortSignal.timeout(5), maxTokens: 400 });
      await expect(waiting.result()).rejects.toMatchObject({ name: 'TimeoutError' });
      await expect(story({ signal: AbortSignal.abort() }).next()).rejects.toMatchObject({
        name: 'AbortError',
      });
      await vi.waitFor(async () => expect((await there.runtime()).usedBytes).toBe(usedBytes));
    });
  });

  it('writes several at once, and ends where the model is disposed of', async () => {
    await both(llama, async (here, there) => {
      const options = { maxTokens: 100 };
      const written = await Promise.all(['a', 'b'].map((prompt) => there.generate(prompt, options).result()));
      for (const [i, prompt] of ['a', 'b'].entries()) {
        expect(written[i]).toEqual(await generate(here, prompt, options).result());
      }
      const story = there.generate('a', { maxTokens: 400 });
      await story.next();
      there.dispose();
      await expect(story.result()).rejects.toThrow(DisposedError);
      expect(() => there.generate('a')).toThrow('model: used after its dispose()');
      await expect(there.tokenizer()).rejects.toThrow(DisposedError);
    });
  });
});

describe('a text whose writing fails', () => {
  it('has the tokens before the failure', async () => {
    // Room for the weights and a cache of 256 tokens, not for one of 512.
    const options = { maxMemoryBytes: 10 * 2 ** 16 };
    using narrow = await createRuntime(options);
    using here = await loadModel(narrow, llama);
    await using started = await inThread(build.script);
    using there = await started.worker.loadModel(llama, { runtime: options });
    const counts = [];
    for (const story of [generate(here, 'a', { maxTokens: 400 }), there.generate('a', { maxTokens: 400 })]) {
      await expect(collected(story)).rejects.toThrow(OutOfMemoryError);
      counts.push((await story.result()).ids.length);
    }
    expect(counts[0]).toBeGreaterThan(200);
    expect(counts[1]).toBe(counts[0]);
    expect((await there.generate('a', { maxTokens: 9 }).result()).ids).toHaveLength(9);
  });
});

describe('loading in a thread', () => {
  it('tells how far it is, and takes what this side has', async () => {
    await using started = await inThread(build.script, { runtime: { variant: 'simd' } });
    const { worker } = started;
    const told: number[][] = [];
    using _ = await worker.loadModel(llama, { onProgress: (...all) => told.push(all) });
    const size = told.at(-1)![1]!;
    expect(told[0]).toEqual([0, size]);
    expect(told.at(-1)).toEqual([size, size]);

    const given = tinyLlama(writeSafetensors);
    const weights = given['model.safetensors']!;
    using small = await worker.loadModel(new Map(Object.entries(given)), {
      ...{ quantize: 'int8', transfer: [weights.buffer], runtime: { maxMemoryBytes: 2 ** 26 } },
    });
    expect(weights.byteLength).toBe(0);
    expect(llama['model.safetensors']!.byteLength).toBeGreaterThan(0);
    const bytes = async (model: WorkerModel): Promise<number> => (await model.runtime()).usedBytes;
    expect(await bytes(small)).toBeLessThan((await bytes(_)) / 2);

    const picked = Object.entries(llama).map(([name, content]) => new File([content], name));
    using fromFiles = await worker.loadModel(picked);
    expect(fromFiles.kind).toBe('decoder');
    await expect(worker.loadModel([...picked, picked[0]!])).rejects.toThrow(
      'file "config.json" is there twice',
    );
    const inFolder = picked.map((file) =>
      Object.defineProperty(file, 'webkitRelativePath', { value: `folder/${file.name}` }),
    );
    using fromFolder = await worker.loadModel(inFolder);
    expect(await fromFolder.json('tokenizer_config.json')).toMatchObject({ bos_token: '<|endoftext|>' });
    expect(await fromFolder.json('missing.json')).toBeUndefined();
  });

  it('throws what loadModel throws here', async () => {
    await using started = await inThread(build.script);
    const { worker } = started;
    await expect(worker.loadModel({ 'config.json': llama['config.json']! })).rejects.toThrow(FormatError);
    await expect(worker.loadModel('./no such folder')).rejects.toThrow();
    const nowhere = new URL('http://127.0.0.1:1/model');
    const unreachable = await worker
      .loadModel(nowhere, { retries: 0, hub: nowhere, cache: false })
      .catch((error: unknown) => error);
    expect(unreachable).toBeInstanceOf(NetworkError);
    expect(unreachable).toMatchObject({ attempts: 1, url: `${nowhere}/config.json` });
    await expect(worker.loadModel(llama, { quantize: 'int4' as never })).rejects.toThrow(ArgumentError);
  });

  it('ends with its signal, and with an error of who hears of its progress', async () => {
    await using started = await inThread(build.script);
    const stop = new AbortController();
    const reason = new Error('enough');
    const stopped = started.worker.loadModel(llama, {
      signal: stop.signal,
      onProgress: () => stop.abort(reason),
    });
    await expect(stopped).rejects.toBe(reason);
    const onProgress = (): void => {
      throw reason;
    };
    await expect(started.worker.loadModel(llama, { onProgress })).rejects.toBe(reason);
  });

  it('has a tokenizer', async () => {
    await both(llama, async (here, there) => {
      const [own, tokenizer] = [await here.tokenizer(), await there.tokenizer()];
      const { special, maxLength } = own;
      expect(tokenizer).toMatchObject({ special, maxLength });
      const encoding = own.encode('Once upon');
      expect(encoding.ids).toHaveLength(9);
      expect(await tokenizer.encode('Once upon')).toEqual(encoding);
      expect(await tokenizer.decode(encoding.ids)).toBe('Once upon');
      expect(await tokenizer.offsets('Once upon', encoding)).toEqual(own.offsets('Once upon', encoding));
      expect([await tokenizer.tokenOf(2), await tokenizer.idOf('!')]).toEqual(['!', 2]);
      await expect(tokenizer.decode([1.5])).rejects.toThrow(ArgumentError);
      await expect(tokenizer.applyChatTemplate([{ role: 'user', content: 'x' }])).rejects.toThrow(
        UnsupportedError,
      );
    });
  });

  it('has the types of what runs here', () => {
    expectTypeOf<WorkerModel['translate']>().returns.toEqualTypeOf<ReturnType<typeof translate>>();
    type Embed = (model: WorkerModel) => Promise<Float32Array[]>;
    const vectors: Embed = (model) => model.embed(['x'], { normalize: false });
    type EmbedAttention = (model: WorkerModel) => Promise<Embedding[]>;
    const attention: EmbedAttention = (model) => model.embed(['x'], { returnWeights: 'mean' });
    // @ts-expect-error: no pooling of that name
    const wrong: Embed = (model) => model.embed(['x'], { pooling: 'max' });
    expect([vectors, attention, wrong]).toHaveLength(3);
  });
});

describe.skipIf(!hasFolders)('published models in a thread', () => {
  const ids = [
    [2, 5, 9, 3],
    [2, 7, 3],
  ];

  it.each(['hf/bert-model', 'hf/distilbert-mlm'])('embeds as here: %s', async (folder) => {
    await both(join(DATA_FOLDER, folder), async (here, there) => {
      expect(await there.embed(ids)).toEqual(await embed(here, ids));
      const options = { returnWeights: 'per-head', normalize: false, pooling: 'cls' } as const;
      expect(await there.embed(ids, options)).toEqual(await embed(here, ids, options));
    });
  });

  it('hands vectors over', async () => {
    using started = await atPort();
    using model = await started.worker.loadModel(join(DATA_FOLDER, 'hf/bert-model'));
    const sent = vi.spyOn(started.port, 'postMessage');
    const many = Array.from({ length: 32 }, (_, i) => i + 5);
    const [{ attention }] = (await model.embed([many], { returnWeights: 'per-head' })) as [Embedding];
    const [answer] = sent.mock.calls[0] as unknown as [{ value: [Embedding] }];
    const there = answer.value[0].attention!.layers;
    expect(there.length).toBeGreaterThan(0);
    for (const [i, layer] of there.entries()) {
      expect(layer.byteLength).toBe(0);
      expect(attention!.layers[i]!.byteLength).toBeGreaterThanOrEqual(4096);
    }
  });

  it('fills masks, classifies texts and tokens, and translates as here', async () => {
    await both(join(DATA_FOLDER, 'hf/bert-mlm'), async (here, there) => {
      const options = { maskId: 5 };
      expect(await there.fillMask(ids.slice(0, 1), options)).toEqual(
        await fillMask(here, ids.slice(0, 1), options),
      );
    });
    const classifier = new Float32Array(64).map((_, i) => Math.sin(i));
    const files = (head: Parameters<typeof classifierFiles>[0]): Record<string, Uint8Array<ArrayBuffer>> =>
      asBytes(classifierFiles(head, classifier, ['A', 'B'])) as Record<string, Uint8Array<ArrayBuffer>>;
    await both(files('BertForSequenceClassification'), async (here, there) => {
      expect(await there.classify(ids)).toEqual(await classify(here, ids));
    });
    await both(files('BertForTokenClassification'), async (here, there) => {
      expect(await there.tokenClassify(ids)).toEqual(await tokenClassify(here, ids));
    });
    await both(join(DATA_FOLDER, 'hf/marian'), async (here, there) => {
      const options = { maxTokens: 12, beams: 2 };
      expect(await there.translate(ids, options)).toEqual(await translate(here, ids, options));
    });
  });

  it('ends a task before its next batch', async () => {
    using started = await atPort();
    using model = await started.worker.loadModel(join(DATA_FOLDER, 'hf/bert-model'));
    const stop = new AbortController();
    const many = Array.from({ length: 100 }, () => ids[0]!);
    const vectors = model.embed(many, { signal: stop.signal, batchSize: 1 });
    stop.abort(new Error('enough'));
    await expect(vectors).rejects.toThrow('enough');
    expect(await model.embed(ids)).toHaveLength(2);
  });
});
