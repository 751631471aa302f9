import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createPronouncer, type Pronunciation } from '../../src/pronounce.ts';
import { tinyWeights } from '../support/tinyPronouncer.ts';
import { heed, workplace } from './heed.ts';

const place = workplace();
const words = ['pay', 'attention', 'to', 'every', 'letter'];
let expected: Pronunciation[];

beforeAll(async () => {
  const pronouncer = await createPronouncer({ weights: await tinyWeights() });
  expected = pronouncer.pronounceAll(words);
  pronouncer.dispose();
});

function parsed(stdout: string): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('heed pronounce', () => {
  it('writes a line of phonemes for each word of its arguments', async () => {
    const lines = expected.map(({ word, phonemes }) => `${word}  ${phonemes.join(' ')}\n`).join('');
    const separate = await place.pronounce(words);
    expect(separate).toEqual({ code: 0, stdout: lines, stderr: '' });
    expect(await place.pronounce(['pay attention, to', '(every) letter.'])).toEqual(separate);
  });

  it('writes IPA', async () => {
    const lines = expected.map(({ word, ipa }) => `${word}  ${ipa}\n`).join('');
    expect(await place.pronounce(['--ipa', ...words])).toEqual({ code: 0, stdout: lines, stderr: '' });
  });

  it('writes JSON with alternatives and attention', async () => {
    const { code, stdout, stderr } = await place.pronounce(['--json', 'Every', 'café']);
    expect([code, stderr]).toEqual([0, '']);
    const [every, cafe] = parsed(stdout);
    expect(Object.keys(every!)).toEqual([
      'word',
      'phonemes',
      'ipa',
      'score',
      'alternatives',
      'attention',
      'changed',
    ]);
    const { phonemes, ipa, score, attention, alternatives } = expected[3]!;
    expect(every).toMatchObject({ word: 'Every', phonemes, ipa, changed: [] });
    expect(every!.score).toBeCloseTo(score, 5);
    const others = every!.alternatives as { phonemes: string[]; ipa: string; score: number }[];
    expect(others.map((each) => each.phonemes)).toEqual(alternatives.map((each) => each.phonemes));
    expect(Object.keys(others[0]!)).toEqual(['phonemes', 'ipa', 'score']);
    const map = every!.attention as { phonemes: string[]; letters: string[]; weights: number[][] };
    expect(map.phonemes).toEqual(phonemes);
    expect(map.letters).toEqual([...'every']);
    expect(map.weights).toHaveLength(phonemes.length);
    map.weights.forEach((row, i) => {
      expect(row).toHaveLength(5);
      row.forEach((weight, j) => {
        expect(weight).toBeCloseTo(attention.weights[i]![j]!, 4);
        expect(String(weight).length).toBeLessThanOrEqual('0.12345'.length);
      });
    });
    expect(cafe).toMatchObject({ word: 'café', changed: [{ from: 'é', to: 'e' }] });
  });

  it('keeps as many alternatives as the beam allows', async () => {
    const counts = ['1', '8'].map(async (beam) => {
      const { stdout } = await place.pronounce(['--json', '--beam', beam, 'letter']);
      return (parsed(stdout)[0]!.alternatives as unknown[]).length;
    });
    expect(await Promise.all(counts)).toEqual([0, 7]);
  });

  it('runs the forced variant', async () => {
    const { code, stdout } = await place.pronounce(['--variant', 'simd', 'letter']);
    expect([code, stdout.startsWith('letter  ')]).toEqual([0, true]);
  });

  it('names words that it cannot pronounce, goes on, and exits with 1', async () => {
    const { code, stdout, stderr } = await place.pronounce(['pay', 'r2d2', '한글', 'letter', 'a'.repeat(65)]);
    expect(code).toBe(1);
    expect(stdout.match(/^\S+/gm)).toEqual(['pay', 'letter']);
    const [digits, script, long] = stderr.trimEnd().split('\n');
    expect(digits).toMatch(/^heed: word "r2d2" has characters .*"2" \(U\+0032\)/);
    expect(script).toMatch(/^heed: word "한글" has characters .*U\+D55C/);
    expect(long).toMatch(/^heed: word "aaa.*at most 64 letters/);
  });

  it('writes an object with the error of such a word in its place in JSON', async () => {
    const { code, stdout, stderr } = await place.pronounce(['--json'], 'pay\nr2d2\nto\n');
    expect(code).toBe(1);
    expect(stderr).toContain('"r2d2"');
    const objects = parsed(stdout);
    expect(objects.map((each) => each.word)).toEqual(['pay', 'r2d2', 'to']);
    expect(Object.keys(objects[1]!)).toEqual(['word', 'error']);
    expect(objects[1]!.error).toMatch(/^word "r2d2" has characters/);
  });

  it('notes letters that it replaced, but not signs', async () => {
    const { code, stdout, stderr } = await place.pronounce(['Café', 'naïve', 'don’t', 'LETTER']);
    expect(code).toBe(0);
    expect(stdout.match(/^\S+/gm)).toEqual(['Café', 'naïve', 'don’t', 'LETTER']);
    expect(stderr).toBe(
      'heed: word "Café" is read as "cafe": é as e\nheed: word "naïve" is read as "naive": ï as i\n',
    );
  });

  it('explains weights that it cannot use, without a stack', async () => {
    const file = place.path('broken.safetensors');
    const bytes = await tinyWeights();
    const cases: [string, Uint8Array | undefined, RegExp][] = [
      ['missing', undefined, /cannot read the weights .*: no such file/],
      ['empty', new Uint8Array(0), /cannot use the weights .*expected at least 8 bytes/],
      ['text', new TextEncoder().encode('hello world, this is not a model'), /cannot use the weights/],
      ['truncated', bytes.subarray(0, bytes.length - 100), /cannot use the weights/],
    ];
    for (const [name, content, message] of cases) {
      if (content) writeFileSync(file, content);
      const { code, stdout, stderr } = await heed(['pronounce', '--weights', file, 'hello']);
      expect([name, code, stdout]).toEqual([name, 1, '']);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/\n +at |internal/);
    }
    const { code, stderr } = await heed(['pronounce', '--weights', place.folder, 'hello']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/is a folder\n$/);
  });
});
