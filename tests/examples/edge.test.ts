/** examples/edge: what the app answers. */
import { createRuntime, writeSafetensors } from 'heed';
import { embed, loadModel } from 'heed/pretrained';
import { createPronouncer, type Pronouncer } from 'heed/pronounce';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../examples/edge/app.ts';
import { Embedder } from '../../examples/edge/embedder.ts';
import { defaultLimits, type Limits } from '../../examples/edge/limits.ts';
import { bertFolder } from '../runtimes/suite/folders.js';
import { clientOf, json } from './edgeClient.ts';

let pronouncer: Pronouncer;
beforeAll(async () => {
  pronouncer = await createPronouncer({ variant: 'simd' });
});
afterAll(() => pronouncer.dispose());
afterEach(() => {
  vi.restoreAllMocks();
});

const service = (limits?: Partial<Limits>, embedder?: Embedder) =>
  clientOf(createApp({ pronouncer, limits, embedder }));

describe('POST /pronounce', () => {
  it('answers as the pronouncer does, in the order of the words', async () => {
    const words = ['attention', 'café', "it's"];
    const { status, body } = await service()('/pronounce', { words });
    expect(status).toBe(200);
    const expected = pronouncer.pronounceAll(words);
    const heard = ({ phonemes, ipa, score }: { phonemes: readonly string[]; ipa: string; score: number }) => {
      return { phonemes, ipa, score: Number(score.toPrecision(4)) };
    };
    expect(body.results).toEqual(
      expected.map((result) => ({
        ...{ word: result.word, changed: result.changed, ...heard(result) },
        alternatives: result.alternatives.map(heard),
      })),
    );
    expect(body.results[1].changed).toEqual([{ from: 'é', to: 'e' }]);
  });

  it('takes a beam, and shows on request where it looked', async () => {
    const { body } = await service()('/pronounce', { words: ['heed'], beam: 1, map: true });
    const [{ phonemes, alternatives, attention }] = body.results;
    expect(alternatives).toEqual([]);
    expect(attention.letters).toEqual(['h', 'e', 'e', 'd']);
    expect(attention.weights).toHaveLength(phonemes.length);
    // Four letters, each rounded to half a unit of the fourth digit.
    for (const row of attention.weights) {
      expect(Math.abs(row.reduce((sum: number, x: number) => sum + x, 0) - 1)).toBeLessThan(4 * 5e-5);
    }
  });

  it('works in slices on long lists, to the same end', async () => {
    const words = Array.from({ length: 60 }, (_, i) => ['attention', 'memory', 'a', 'sequence'][i % 4]!);
    const all = vi.spyOn(pronouncer, 'pronounceAll');
    const { body } = await service()('/pronounce', { words, beam: 8 });
    expect(all.mock.calls.length).toBeGreaterThan(3);
    const ipa = pronouncer.pronounceAll(words, { beam: 8 }).map((result) => result.ipa);
    expect(body.results.map((result: { ipa: string }) => result.ipa)).toEqual(ipa);
  });
});

describe('what is refused', () => {
  it.each([
    ['no JSON', '{', 400, 'malformed_json', undefined, 'the body is not JSON'],
    ['another value', 'null', 422, 'invalid', undefined, 'expected an object, got null'],
    ['a missing field', {}, 422, 'invalid', 'words', 'this field is missing'],
    ['an unknown field', { words: ['a'], bem: 2 }, 422, 'invalid', 'bem', 'there is no such field'],
    ['no list', { words: 'a' }, 422, 'invalid', 'words', 'expected 1 to 256 words, in a list'],
    ['an empty list', { words: [] }, 422, 'invalid', 'words', 'expected 1 to 256 words, got 0'],
    ['no word', { words: ['a', 3] }, 422, 'invalid', 'words[1]', 'expected a string'],
    [
      'an empty word',
      { words: ['a', ' '] },
      422,
      'invalid',
      'words[1]',
      'word is empty, expected at least one letter',
    ],
    [
      'a long word',
      { words: ['a'.repeat(65)] },
      422,
      'invalid',
      'words[0]',
      /has 65 letters, expected at most 64/,
    ],
    [
      'other characters',
      { words: ['r2d2'] },
      422,
      'invalid',
      'words[0]',
      /characters that are not letters .*U\+0032/,
    ],
    ['a wide beam', { words: ['a'], beam: 9 }, 422, 'invalid', 'beam', 'expected an integer from 1 to 8'],
    ['half a beam', { words: ['a'], beam: 1.5 }, 422, 'invalid', 'beam', 'expected an integer from 1 to 8'],
    ['no map', { words: ['a'], map: 'yes' }, 422, 'invalid', 'map', 'expected true or false'],
  ])('%s', async (_, sent, status, code, field, message) => {
    const answer = await service()('/pronounce', sent);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({
      error: {
        ...{ code, ...(field && { field }) },
        message: typeof message === 'string' ? message : expect.stringMatching(message),
      },
    });
  });

  it('more words or letters than are allowed, before any work', async () => {
    const all = vi.spyOn(pronouncer, 'pronounceAll');
    const post = service({ words: 2, letters: 5 });
    expect((await post('/pronounce', { words: ['a', 'b', 'c'] })).body.error).toEqual({
      ...{ code: 'invalid', field: 'words', message: 'expected 1 to 2 words, got 3' },
    });
    expect((await post('/pronounce', { words: ['a', 'letters'] })).body.error).toEqual({
      ...{ code: 'invalid', field: 'words[1]', message: 'expected at most 5 letters, got 7' },
    });
    expect(all).not.toHaveBeenCalled();
  });

  it('bodies that are too long, whether or not they say so', async () => {
    const body = JSON.stringify({ words: ['a'.repeat(defaultLimits.bodyBytes)] });
    const stated = await service()('/pronounce', body, {
      headers: { ...json, 'content-length': String(body.length) },
    });
    const streamed = await service()('/pronounce', body);
    for (const { status, body: answer } of [stated, streamed]) {
      expect(status).toBe(413);
      expect(answer.error).toEqual({
        code: 'body_too_large',
        message: 'expected a body of at most 65536 bytes',
      });
    }
  });

  it('other types of bodies', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      const { status, body } = await service()(
        '/pronounce',
        { words: ['a'] },
        { headers: { 'content-type': type } },
      );
      expect([status, body.error.code]).toEqual([415, 'unsupported_media_type']);
    }
    const charset = { headers: { 'content-type': 'application/json; charset=utf-8' } };
    expect((await service()('/pronounce', { words: ['a'] }, charset)).status).toBe(200);
  });

  it('other paths and methods', async () => {
    const get = await service()('/pronounce');
    expect([get.status, get.headers.get('allow'), get.body.error.code]).toEqual([
      405,
      'POST',
      'method_not_allowed',
    ]);
    const post = await service()('/health', {});
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const other = await service()('/other', {});
    expect([other.status, other.body.error.code]).toEqual([404, 'not_found']);
  });
});

describe('GET /health', () => {
  it('tells what it runs on', async () => {
    const { status, headers, body } = await service()('/health');
    expect(status).toBe(200);
    expect(headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    expect(body).toEqual({
      ...{ ready: true, embed: 'absent', variant: 'simd' },
      engine: expect.stringMatching(/^Node\.js\/\d+/),
      memory: { pronouncer: pronouncer.runtime.memory.capacityBytes, process: expect.any(Number) },
      uptimeSeconds: expect.any(Number),
    });
  });

  it('is not ready once the pronouncer is disposed of', async () => {
    const gone = await createPronouncer({ variant: 'simd' });
    const app = createApp({ pronouncer: gone });
    gone.dispose();
    const response = await app.request('/health');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ ready: false });
  });
});

describe('POST /embed', () => {
  const files = bertFolder({ writeSafetensors }, 'BertModel');
  const texts = ['Heed the sleeping dog.', 'Attentions, a dog', 'sleep'];

  it('waits for its model, and then gives its vectors, to the bit', async () => {
    const embedder = new Embedder();
    const post = service({}, embedder);
    const refused = async () => (await post('/embed', { texts })).body.error;
    expect(await refused()).toEqual({
      code: 'not_ready',
      message: 'this service was started without a model',
    });
    const loading = embedder.load(files, { runtime: { variant: 'simd' } });
    expect((await post('/embed', { texts })).status).toBe(503);
    expect(await refused()).toEqual({ code: 'not_ready', message: 'the model is still loading' });
    expect((await post('/health')).body.embed).toBe('loading');
    await loading;
    expect((await post('/health')).body.embed).toBe('ready');

    const runtime = await createRuntime({ variant: 'simd' });
    const expected = await embed(await loadModel(runtime, files), texts);
    const { status, body } = await post('/embed', { texts });
    expect(status).toBe(200);
    expect(body.embeddings.map((vector: number[]) => Float32Array.from(vector))).toEqual(expected);
    runtime.dispose();
  });

  it('says that a model could not be loaded, and not why', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const embedder = new Embedder();
    await embedder.load({ ...files, 'config.json': new TextEncoder().encode('{') });
    const { status, body } = await service({}, embedder)('/embed', { texts });
    expect([status, body.error.message]).toEqual([503, 'the model could not be loaded; the log says why']);
    expect(String(log.mock.calls[0]![0])).toContain('config.json');
  });

  it('checks what it is sent', async () => {
    const post = service({ texts: 2, characters: 5 });
    for (const [sent, field, message] of [
      [{ texts: ['a', 'b', 'c'] }, 'texts', 'expected 1 to 2 texts, got 3'],
      [{ texts: ['a', ''] }, 'texts[1]', 'expected a text of 1 to 5 characters'],
      [{ texts: ['abcdef'] }, 'texts[0]', 'expected a text of 1 to 5 characters'],
    ] as const) {
      const { status, body } = await post('/embed', sent);
      expect([status, body.error]).toEqual([422, { code: 'invalid', field, message }]);
    }
  });
});
