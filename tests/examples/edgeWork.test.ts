/** examples/edge: long work, too much of it, and what goes wrong. */
import { createPronouncer, type Pronouncer } from 'heed/pronounce';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../examples/edge/app.ts';
import type { Limits } from '../../examples/edge/limits.ts';
import { slicesOf, workplace } from '../../examples/edge/work.ts';
import { clientOf, json } from './edgeClient.ts';

let pronouncer: Pronouncer;
beforeAll(async () => {
  pronouncer = await createPronouncer({ variant: 'simd' });
});
afterAll(() => pronouncer.dispose());
afterEach(() => {
  vi.restoreAllMocks();
});

const service = (limits?: Partial<Limits>) => clientOf(createApp({ pronouncer, limits }));

describe('limits of work', () => {
  const words = Array.from({ length: 256 }, () => 'encyclopedia');

  it('stops a request that takes too long, between two slices', async () => {
    const all = vi.spyOn(pronouncer, 'pronounceAll');
    const { status, body } = await service({ milliseconds: 1 })('/pronounce', { words });
    expect([status, body.error.code]).toEqual([504, 'timeout']);
    expect(all.mock.calls.length).toBeLessThan([...slicesOf(words, 128)].length);
  });

  it('stops when the client has gone', async () => {
    const all = vi.spyOn(pronouncer, 'pronounceAll');
    const client = new AbortController();
    const post = service({ requests: 1 });
    const answer = post('/pronounce', { words }, { signal: client.signal });
    while (all.mock.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    client.abort();
    await answer.catch(() => {});
    expect(all.mock.calls.length).toBeLessThan([...slicesOf(words, 128)].length);
    // And its place is free again.
    expect((await post('/pronounce', { words: words.slice(0, 50) })).status).toBe(200);
  });

  it('goes on answering between two slices, and sends away whom it has no place for', async () => {
    const post = service({ requests: 1 });
    let done = false;
    const long = post('/pronounce', { words }).finally(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve));
    expect((await post('/health')).body.ready).toBe(true);
    expect((await post('/pronounce', { words: ['short'] })).status).toBe(200);
    const busy = await post('/pronounce', { words });
    expect([busy.status, busy.body.error.code, busy.headers.get('retry-after')]).toEqual([503, 'busy', '1']);
    expect(done).toBe(false);
    expect((await long).body.results).toHaveLength(256);
    expect((await post('/pronounce', { words: words.slice(0, 50) })).status).toBe(200);
  });

  it('gives the place of a request away that its host has cancelled', async () => {
    const work = workplace({ requests: 1, milliseconds: 20 });
    const client = new AbortController().signal;
    void work(client, () => new Promise(() => {}));
    await expect(work(client, async () => 1)).rejects.toMatchObject({ code: 'busy' });
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(await work(client, async () => 1)).toBe(1);
  });

  it('cuts lists where the letters are enough', () => {
    const cut = (list: string[], letters: number): string[][] => [...slicesOf(list, letters)];
    expect(cut([], 4)).toEqual([]);
    expect(cut(['ab', 'cd', 'e'], 4)).toEqual([['ab', 'cd'], ['e']]);
    expect(cut(['abcdefg', 'a', 'abcdefg'], 4)).toEqual([['abcdefg'], ['a'], ['abcdefg']]);
  });
});

describe('what goes wrong inside', () => {
  it('is in the log under the request id, and not in the answer', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    vi.spyOn(pronouncer, 'pronounceAll').mockImplementation(() => {
      throw new Error('secret of the house');
    });
    const headers = { ...json, 'x-request-id': 'mine-1' };
    const answer = await service()('/pronounce', { words: ['a'] }, { headers });
    expect(answer.status).toBe(500);
    expect(answer.headers.get('x-request-id')).toBe('mine-1');
    expect(answer.body.error.code).toBe('internal');
    expect(JSON.stringify(answer.body)).not.toMatch(/secret|\.ts/);
    const logged = JSON.parse(String(log.mock.calls[0]![0]));
    expect(logged).toMatchObject({ requestId: 'mine-1', method: 'POST', path: '/pronounce' });
    expect(logged.error).toContain('secret of the house');
  });

  it('says so where the memory does not suffice, and goes on', async () => {
    const small = await createPronouncer({ variant: 'simd', maxMemoryBytes: 16 * 2 ** 20 });
    try {
      const ask = clientOf(createApp({ pronouncer: small, limits: { beam: 32 } }));
      const words = Array(16).fill('pneumonoultramicroscopicsilicovolcanoconiosis');
      const { status, body } = await ask('/pronounce', { words, beam: 32 });
      expect([status, body.error.code]).toEqual([503, 'out_of_memory']);
      expect((await ask('/pronounce', { words: ['a'], beam: 1 })).status).toBe(200);
    } finally {
      small.dispose();
    }
  });
});
