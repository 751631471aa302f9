/** Pronouncing in a worker: the results of the same pronouncer here, and words that nobody waits for are left out. */
import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ArgumentError, DisposedError, FormatError } from '../../src/errors.ts';
import { createPronouncer, type Pronouncer } from '../../src/pronounce/pronouncer.ts';
import { tinyWeights } from '../support/tinyPronouncer.ts';
import { atPort, buildScript, inThread } from './workers.ts';

const few = "a to Café attention don't mother-in-law straightforwardness".split(' ');
const letters = 'abcdefghijklmnopqrstuvwxyz';
/** 300 words of 1 to 12 letters. */
const many = Array.from({ length: 300 }, (_, i) => letters.repeat(2).slice(i % 26, (i % 26) + 1 + (i % 12)));

let build: Awaited<ReturnType<typeof buildScript>>;
let weights: Uint8Array;
let here: Pronouncer;

beforeAll(async () => {
  build = await buildScript();
  weights = await tinyWeights();
  here = await createPronouncer({ weights });
});

afterAll(() => {
  here.dispose();
  build.remove();
});

describe('a pronouncer in a thread', () => {
  it('gives what one gives here', async () => {
    await using started = await inThread(build.script);
    using pronouncer = await started.worker.createPronouncer({ weights });
    expect(weights.byteLength).toBeGreaterThan(0);
    for (const options of [{}, { beam: 1 }, { beam: 8 }]) {
      expect(await pronouncer.pronounceAll(few, options)).toEqual(here.pronounceAll(few, options));
    }
    expect(await pronouncer.pronounceAll(many)).toEqual(here.pronounceAll(many));
    expect(await pronouncer.pronounce('Café')).toEqual(here.pronounce('Café'));
    expect(await pronouncer.pronounceAll([])).toEqual([]);
    const { variant, threads, usedBytes } = await pronouncer.runtime();
    expect({ variant, threads }).toEqual({ variant: here.runtime.variant, threads: 1 });
    expect(usedBytes).toBe(here.runtime.memory.usedBytes);
  });

  it('has the weights of heed by itself', async () => {
    await using started = await inThread(build.script);
    using pronouncer = await started.worker.createPronouncer();
    expect((await pronouncer.pronounce('attention')).ipa).toBe('əˈtɛnʃən');
  });

  it('throws what one throws here', async () => {
    await using started = await inThread(build.script);
    const { worker } = started;
    using pronouncer = await worker.createPronouncer({ weights });
    await expect(pronouncer.pronounce('한글')).rejects.toThrow(ArgumentError);
    await expect(pronouncer.pronounce('a', { beam: 99 })).rejects.toThrow('an integer in 1..32, got 99');
    await expect(pronouncer.pronounceAll('word' as never)).rejects.toThrow('words must be an array');
    await expect(pronouncer.pronounceAll([7 as never])).rejects.toThrow(ArgumentError);
    await expect(worker.createPronouncer({ weights: new Uint8Array(20) })).rejects.toThrow(FormatError);
    await expect(worker.createPronouncer({ variant: 'mmx' as never })).rejects.toThrow(
      'variant must be one of',
    );
    expect(await pronouncer.pronounce('a')).toEqual(here.pronounce('a'));
  });

  it('leaves memory as it was after a thousand calls', async () => {
    await using started = await inThread(build.script);
    using pronouncer = await started.worker.createPronouncer({ weights });
    const { signal } = new AbortController();
    const pronounceEach = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) await pronouncer.pronounce(few[i % few.length]!, { beam: 1, signal });
    };
    await pronounceEach(few.length);
    const before = await pronouncer.runtime();
    await pronounceEach(1000);
    expect(await pronouncer.runtime()).toEqual(before);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('takes weights that are handed over', async () => {
    await using started = await inThread(build.script);
    const own = weights.slice();
    using pronouncer = await started.worker.createPronouncer({ weights: own, transfer: [own.buffer] });
    expect(own.byteLength).toBe(0);
    expect(await pronouncer.pronounce('a')).toEqual(here.pronounce('a'));
  });
});

describe('a long list', () => {
  it('tells how far it is, and ends with the reason of its signal', async () => {
    using started = await atPort();
    using pronouncer = await started.worker.createPronouncer({ weights });
    const told: number[][] = [];
    await pronouncer.pronounceAll(many, { onProgress: (...progress) => told.push(progress) });
    expect(told).toEqual([64, 128, 192, 256, 300].map((done) => [done, 300]));

    const sent = vi.spyOn(started.port, 'postMessage');
    const stop = new AbortController();
    const reason = new Error('enough');
    const list = pronouncer.pronounceAll(many, { onProgress: () => stop.abort(reason), signal: stop.signal });
    await expect(list).rejects.toBe(reason);
    await pronouncer.runtime();
    // Of the five batches one more may have been under way; the last message answers the question after the list.
    expect(sent.mock.calls.length).toBeLessThanOrEqual(3);
    await expect(pronouncer.pronounceAll(many, { signal: stop.signal })).rejects.toBe(reason);
    expect(await pronouncer.pronounceAll(few)).toEqual(here.pronounceAll(few));
  });

  it('ends with an error of who hears of its progress', async () => {
    using started = await atPort();
    using pronouncer = await started.worker.createPronouncer({ weights });
    const wrong = new Error('in the progress bar');
    const onProgress = (): void => {
      throw wrong;
    };
    await expect(pronouncer.pronounceAll(many, { onProgress })).rejects.toBe(wrong);
    expect(await pronouncer.pronounce('a')).toEqual(here.pronounce('a'));
  });

  it('ends where the pronouncer is disposed of', async () => {
    using started = await atPort();
    const pronouncer = await started.worker.createPronouncer({ weights });
    const list = pronouncer.pronounceAll(many, { onProgress: () => pronouncer.dispose() });
    await expect(list).rejects.toThrow(DisposedError);
    await expect(pronouncer.pronounce('a')).rejects.toThrow('pronouncer: used after its dispose()');
    await expect(pronouncer.runtime()).rejects.toThrow(DisposedError);
  });
});
