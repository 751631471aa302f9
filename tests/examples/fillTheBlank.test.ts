/** `npm run example:fill-the-blank`: what it prints, and what it says of words and weights that it cannot use. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { configOf, saveModel } from '../../experiments/fill-the-blank/model.ts';
import { experiment } from '../../experiments/fill-the-blank/run.ts';
import { MaskedLanguageModel } from '../../src/models/maskedLanguage/model.ts';
import { Random } from '../../src/tensor/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'heed-fill-'));
const weights = join(folder, 'weights.safetensors');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const recipe = { ...experiment.settings.quick.model, modelSize: 16, heads: 2, feedForwardSize: 16 };
{
  // Untrained: what it says is nonsense, but said as it would be.
  using model = MaskedLanguageModel.create(
    await sharedRuntime(variants[0]!),
    configOf(recipe, 12),
    new Random(1),
  );
  saveModel(weights, model);
}

function run(...args: string[]) {
  const command = ['--import', 'tsx', 'examples/fill-the-blank.ts', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

describe('the program', () => {
  it('imports only what is public', () => {
    const text = readFileSync(join(root, 'examples/fill-the-blank.ts'), 'utf8');
    for (const [, module] of text.matchAll(/from '([^']+)'/g)) expect(module).toMatch(/^(heed|node:)/);
  });

  it('tells the five most probable letters of each blank, and where the blanks looked', () => {
    const { status, stdout, stderr } = run('--weights', weights, 'Att_nt_on', '_');
    expect([status, stderr]).toEqual([0, '']);
    const headings = ['att_nt_on, letter 4', 'att_nt_on, letter 7', '_, letter 1'];
    for (const heading of headings) expect(stdout).toContain(`${heading}\n`);
    const shares = Array.from(stdout.matchAll(/^ {2}\S +([\d.]+) %/gm), ([, share]) => Number(share));
    expect(shares.length).toBe(15);
    for (let i = 0; i < 15; i += 5) {
      const own = shares.slice(i, i + 5);
      expect(own).toEqual([...own].sort((a, b) => b - a));
    }
    expect(stdout).toContain('Where each blank looked');
    expect(stdout).toContain('letter 7 │');
  });

  it.each([
    ['attention', /^fill-the-blank: "attention" has no blank, expected a _ for each letter to be told\n$/],
    ['caf_é', /^fill-the-blank: "caf_é" has "é", expected letters of '-abcdefghijklmnopqrstuvwxyz and _\n$/],
    ['a_ b', /^fill-the-blank: "a_ b" has " ", expected letters of .* and _\n$/],
    ['abcdefghijkl_', /^fill-the-blank: "abcdefghijkl_" has 13 letters, at most 12 fit\n$/],
    ['', /^fill-the-blank: "" has no blank, .*\n$/],
  ])('refuses %s in one line', (word, line) => {
    const { status, stdout, stderr } = run('--weights', weights, word);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(line);
  });

  it('asks for a word, and for options that exist', () => {
    expect(run('--weights', weights).stderr).toBe(
      'fill-the-blank: expected a word with blanks, such as att_ntion\n',
    );
    const { status, stderr } = run('--wieghts', weights, '_');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^fill-the-blank: Unknown option '--wieghts'.*\n$/);
  });

  it('says what makes the weights where there are none, and what is wrong with others', () => {
    const none = run('--weights', join(folder, 'none'), 'c_t');
    expect(none.status).toBe(1);
    expect(none.stderr).toMatch(
      /^fill-the-blank: there is no .*none; npm run experiment -- fill-the-blank trains .*\n$/,
    );
    const path = join(folder, 'others.safetensors');
    writeFileSync(path, new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d]));
    expect(run('--weights', path, 'c_t').stderr).toMatch(
      /^fill-the-blank: .* holds no model of this experiment\n$/,
    );
    writeFileSync(path, 'no weights at all');
    expect(run('--weights', path, 'c_t').stderr).toMatch(/^safetensors header: .*\n$/);
  });
});
