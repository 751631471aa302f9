/** The commands on pretrained models, as users call them. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DATA_FOLDER } from '../parity/cases.ts';
import { hasFolders, sayIfSkipped } from '../pretrained/folders.ts';
import { wordPieces } from '../pretrained/tokenizers.ts';
import { heed, workplace } from './heed.ts';

sayIfSkipped('the command line on models');
const place = workplace();
const stories = join(DATA_FOLDER, 'models/stories260K');
const encoder = join(DATA_FOLDER, 'hf/bert-model');

/** A copy of a folder without a tokenizer, with one. */
function withTokenizer(folder: string, name: string): string {
  const copy = place.path(name);
  mkdirSync(copy, { recursive: true });
  for (const file of ['config.json', 'model.safetensors'])
    cpSync(join(DATA_FOLDER, folder, file), join(copy, file));
  for (const [file, value] of Object.entries(wordPieces(['a', 'lazy', 'dog', '##s']))) {
    writeFileSync(join(copy, file), JSON.stringify(value));
  }
  return copy;
}

describe.skipIf(!hasFolders)('heed generate', () => {
  it('writes a story behind its prompt', async () => {
    const ended = await heed([
      'generate',
      stories,
      '--prompt',
      'Once upon a time',
      '--greedy',
      '--tokens',
      '12',
    ]);
    expect(ended).toEqual({
      code: 0,
      stdout: 'Once upon a time, there was a little girl named Lily. She\n',
      stderr: '',
    });
  });

  it('tells the published story', async () => {
    const { code, stdout } = await heed(['generate', stories, '--greedy', '--tokens', '199', '--json']);
    expect(code).toBe(0);
    const { ids, promptIds, finishReason } = JSON.parse(stdout) as {
      ids: number[];
      promptIds: number[];
      finishReason: string;
    };
    const { greedy } = JSON.parse(readFileSync(join(stories, 'expected.json'), 'utf8')) as {
      greedy: { ids: number[] };
    };
    expect([...promptIds, ...ids]).toEqual(greedy.ids.slice(0, 200));
    expect(finishReason).toBe('length');
  });

  it('draws the same again from the same seed', async () => {
    const args = ['generate', stories, '--prompt', 'Tom', '--temperature', '1', '--tokens', '8'];
    const [one, again, other] = await Promise.all([
      heed([...args, '--seed', '0']),
      heed([...args, '--seed', '0']),
      heed([...args, '--seed', '2']),
    ]);
    expect(again).toEqual(one);
    expect(other.stdout).not.toBe(one.stdout);
  });

  it('ends before a stop sequence', async () => {
    const args = ['generate', stories, '--prompt', 'Once upon a time', '--greedy', '--stop', ' girl'];
    expect((await heed(args)).stdout).toBe('Once upon a time, there was a little\n');
  });
});

describe.skipIf(!hasFolders)('heed embed', () => {
  it('writes a line of numbers for each text, of arguments and of standard input', async () => {
    const model = withTokenizer('hf/bert-model', 'embedder');
    const given = await heed(['embed', model, 'a lazy dog', 'a dog']);
    expect(given.stderr).toBe('');
    const vectors = given.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ').map(Number));
    expect(vectors.map(({ length }) => length)).toEqual([32, 32]);
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    expect(await heed(['embed', model], 'a lazy dog\n\na dog\n')).toEqual(given);
    const { stdout } = await heed(['embed', model, '--json', 'a dog']);
    expect(JSON.parse(stdout)).toEqual({ text: 'a dog', embedding: vectors[1] });
  });

  it('says that texts need a tokenizer', async () => {
    const { code, stderr } = await heed(['embed', encoder, 'a dog']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^heed: .*bert-model: has no tokenizer\.json: give ids instead of text\n$/);
  });
});

describe.skipIf(!hasFolders)('heed fill-mask', () => {
  it('tells candidates with their probabilities', async () => {
    const model = withTokenizer('hf/bert-mlm', 'masked');
    const { code, stdout } = await heed(['fill-mask', model, '--top', '3', '--json', 'a [MASK] dog']);
    expect(code).toBe(0);
    const { text, masks } = JSON.parse(stdout) as {
      text: string;
      masks: { candidates: { score: number }[] }[];
    };
    expect(text).toBe('a [MASK] dog');
    expect(masks).toHaveLength(1);
    const scores = masks[0]!.candidates.map(({ score }) => score);
    expect(scores).toHaveLength(3);
    expect([...scores].sort((a, b) => b - a)).toEqual(scores);
    const shown = await heed(['fill-mask', model, '--top', '3', 'a [MASK] dog']);
    expect(shown.stdout.split('\n')).toHaveLength(5);
    const none = await heed(['fill-mask', model, 'a dog']);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('must hold a mask') });
  });
});

describe.skipIf(!hasFolders)('heed inspect', () => {
  it('tells tensors and sums of a file and of a folder', async () => {
    const file = await heed(['inspect', join(stories, 'model.safetensors')]);
    expect(file).toMatchObject({ code: 0, stderr: '' });
    expect(file.stdout).toMatch(/^model\.norm\.weight +F32 +\[64\] +64$/m);
    expect(file.stdout).toMatch(/^47 tensors, 260,032 parameters, 1\.04 MB$/m);
    expect(await heed(['inspect', stories])).toEqual(file);
    const { stdout } = await heed(['inspect', stories, '--json']);
    const found = JSON.parse(stdout) as {
      parameters: number;
      bytes: number;
      tensors: { name: string }[];
      memory: { f32: number; int8: number };
    };
    expect(found).toMatchObject({ parameters: 260_032, bytes: 4 * 260_032 });
    expect(found.tensors).toHaveLength(47);
    expect(found.memory.f32).toBeGreaterThanOrEqual(found.bytes);
    expect(found.memory.int8).toBeLessThan(0.4 * found.bytes);
  });
});

describe('the commands on models', () => {
  it.each([
    [['inspect', 'package.json'], 1, /^heed: .*safetensors header: /],
    [['inspect', 'no such model'], 1, /^heed: the source is "no such model", expected a folder's path/],
    [['generate', './nowhere', '--prompt', 'x'], 1, /^heed: expected the folder of a model at .*nowhere/],
    [['embed', '.', 'x'], 1, /^heed: \.: has no config\.json\n$/],
    [['generate'], 2, /missing required argument 'model'/],
    [['generate', 'x', '--tokens', '0'], 2, /It must be a positive integer/],
    [['generate', 'x', '--seed', '-1'], 2, /It must be a whole number/],
    [['generate', 'x', '--temperature', 'warm'], 2, /It must be a number/],
    [['embed', 'x', '--pooling', 'max'], 2, /Allowed choices are mean, cls/],
    [['fill-mask', 'x', '--quantize', 'int4'], 2, /Allowed choices are int8/],
  ])('%j: exit code %d', async (args, code, message) => {
    const ended = await heed(args);
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).not.toMatch(/\n +at /);
    expect(ended).toMatchObject({ code, stdout: '' });
  });

  it('show how they are used', async () => {
    const { stdout } = await heed(['--help']);
    for (const command of ['pronounce', 'embed', 'generate', 'fill-mask', 'inspect']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
      expect((await heed([command, '--help'])).stdout).toContain('Examples:');
    }
  });
});
