/** examples/pretrained.ts: what it prints of each kind of model, and that it uses what is public. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { DATA_FOLDER } from '../parity/cases.ts';
import { asBytes, hasFolders, sayIfSkipped } from '../pretrained/folders.ts';
import { wordPieces } from '../pretrained/tokenizers.ts';

sayIfSkipped('examples/pretrained.ts');

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'heed-pretrained-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]) {
  const command = ['--import', 'tsx', 'examples/pretrained.ts', ...args];
  return spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8', timeout: 60_000 });
}

describe.skipIf(!hasFolders)('the program', () => {
  it('imports only what is public', () => {
    const text = readFileSync(join(root, 'examples/pretrained.ts'), 'utf8');
    for (const [, module] of text.matchAll(/from '([^']+)'/g)) expect(module).toMatch(/^heed(\/|$)/);
  });

  it('goes on with a story', () => {
    const { stdout, status, stderr } = run(join(DATA_FOLDER, 'models/stories260K'), 'Once upon a time');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^Once upon a time, there was a little girl named Lily\. [\s\S]*\n\(length, -\d\.\d\d a token\)\n$/,
    );
  });

  it('compares texts', () => {
    const own = join(DATA_FOLDER, 'hf/bert-model');
    for (const file of ['config.json', 'model.safetensors']) {
      writeFileSync(join(folder, file), readFileSync(join(own, file)));
    }
    for (const [file, bytes] of Object.entries(asBytes(wordPieces(['the', 'cat', 'sat'])))) {
      writeFileSync(join(folder, file), bytes);
    }
    const { stdout } = run(folder, 'the cat', 'The cat', 'sat');
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe('1.000  the cat  /  The cat');
    expect(lines[1]).toMatch(/^-?0\.\d{3} {2}the cat {2}\/ {2}sat$/);
  });

  it('says how it is called', () => {
    expect(run()).toMatchObject({ status: 2, stderr: 'usage: pretrained.ts FOLDER-OR-ID TEXT...\n' });
  });
});
