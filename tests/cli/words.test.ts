import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestLine, wordBatches } from '../../src/cli/words.ts';
import { FormatError } from '../../src/errors.ts';
import { testSeed } from '../support/random.ts';

const seed = testSeed();

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function wordsOf(source: AsyncIterable<Uint8Array>, most = 256): Promise<string[]> {
  const words: string[] = [];
  for await (const batch of wordBatches(source, most)) words.push(...batch.words);
  return words;
}

async function eachWay(bytes: Uint8Array): Promise<string[]> {
  const whole = await wordsOf(chunksOf(bytes, bytes.length || 1));
  for (const size of [1, 2, 3, 5])
    expect(await wordsOf(chunksOf(bytes, size)), `chunks of ${size}`).toEqual(whole);
  return whole;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('wordBatches', () => {
  it.each([
    ['LF', 'one\ntwo three\n\nfour\n'],
    ['CR LF', 'one\r\ntwo three\r\n\r\nfour\r\n'],
    ['CR', 'one\rtwo three\r\rfour\r'],
    ['no line end at the end', 'one\ntwo three\nfour'],
    ['a byte-order mark', '\ufeffone\r\ntwo three\r\nfour'],
    ['a byte-order mark before an empty line', '\ufeff\r\none\r\ntwo three\r\nfour\r'],
  ])('reads lines with %s, wherever chunks are cut', async (_, text) => {
    expect(await eachWay(utf8(text))).toEqual(['one', 'two', 'three', 'four']);
  });

  it('reads UTF-16 with a byte-order mark', async () => {
    const little = Buffer.from('\ufeffcafé\r\nnaïve\r\n', 'utf16le');
    expect(await eachWay(little)).toEqual(['café', 'naïve']);
    expect(await eachWay(Buffer.from(little).swap16())).toEqual(['café', 'naïve']);
  });

  it('keeps characters whole that chunks cut in two', async () => {
    expect(await eachWay(utf8('café\nΔημο\n한글\n𝄞\n'))).toEqual(['café', 'Δημο', '한글', '𝄞']);
  });

  it('reads invalid UTF-8 as U+FFFD within its word', async () => {
    expect(await eachWay(Uint8Array.from([0x61, 0xff, 0x62, 0x0a, 0x63, 0xc3]))).toEqual([
      'a\ufffdb',
      'c\ufffd',
    ]);
  });

  it.each([0, 1])('reads %d bytes', async (length) => {
    expect(await wordsOf(chunksOf(utf8('a'.repeat(length)), 1))).toEqual(length === 0 ? [] : ['a']);
  });

  it(`gives the same words for any text and any chunks (seed ${seed})`, async () => {
    const pieces = fc.constantFrom('a', 'bc', ' ', '\n', '\r\n', '\r', '.', "'", 'é', '한', '\ufeff');
    await fc.assert(
      fc.asyncProperty(
        fc.array(pieces, { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (parts, size) => {
          const bytes = utf8(parts.join(''));
          const whole = await wordsOf(chunksOf(bytes, bytes.length || 1));
          expect(await wordsOf(chunksOf(bytes, size), 2)).toEqual(whole);
        },
      ),
      { seed, numRuns: 200 },
    );
  });

  it('makes batches of at most the given size, with growing positions up to the number of bytes', async () => {
    const bytes = utf8('one two three four\nfive\nsix seven\n'.repeat(100));
    const sizes: number[] = [];
    let before = 0;
    for await (const batch of wordBatches(chunksOf(bytes, 1000), 16)) {
      sizes.push(batch.words.length);
      expect(batch.bytes).toBeGreaterThanOrEqual(before);
      before = batch.bytes;
    }
    expect(Math.max(...sizes)).toBe(16);
    expect(sizes.reduce((a, b) => a + b)).toBe(700);
    expect(before).toBe(bytes.length);
  });

  it('hands out the words of a chunk before it asks for the next one', async () => {
    const asked: number[] = [];
    async function* source(): AsyncGenerator<Uint8Array> {
      for (const [index, line] of ['one\n', 'two\n'].entries()) {
        asked.push(index);
        yield utf8(line);
      }
    }
    const batches = wordBatches(source(), 256);
    expect((await batches.next()).value?.words).toEqual(['one']);
    expect(asked).toEqual([0]);
  });

  it('refuses an endless line without holding it', async () => {
    let read = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      yield utf8('short\n\n');
      for (; read < 50_000_000; read += 65_536) yield new Uint8Array(65_536).fill(0x61);
    }
    const failed = wordsOf(source());
    await expect(failed).rejects.toThrow(FormatError);
    await expect(failed).rejects.toThrow(`line 3 has more than ${longestLine} characters`);
    expect(read).toBeLessThan(longestLine + 65_536);
  });

  it('reads a line as long as the limit, also in chunks of a few bytes', async () => {
    const line = utf8('word '.repeat(longestLine / 5));
    expect(await wordsOf(chunksOf(line, 7))).toHaveLength(longestLine / 5);
  });

  it('reads a million lines in memory that does not grow by 8 MB', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const lines = 1_000_000;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let line = 0; line < lines; line += 5000) yield utf8('pronunciation\r\n'.repeat(5000));
    }
    const used = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    let words = 0;
    let measured = 0;
    let most = 0;
    const before = used();
    for await (const batch of wordBatches(source(), 256)) {
      words += batch.words.length;
      if (words < measured + 100_000) continue;
      measured = words;
      most = Math.max(most, used() - before);
    }
    expect(words).toBe(lines);
    expect(most).toBeLessThan(8_000_000);
  });
});
