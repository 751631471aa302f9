/** examples/worker.ts: what it prints, that this thread goes on meanwhile, and that it uses what is public. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

function run(...args: string[]) {
  const command = ['--import', 'tsx', 'examples/worker.ts', ...args];
  return spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8', timeout: 60_000 });
}

describe('the program', () => {
  it('imports only what is public', () => {
    const text = readFileSync(join(root, 'examples/worker.ts'), 'utf8');
    for (const [, module] of text.matchAll(/from '([^']+)'/g)) expect(module).toMatch(/^heed(\/|$)/);
  });

  it('pronounces words, and is not away meanwhile', () => {
    const words = Array.from({ length: 200 }, (_, i) => (i % 2 ? 'memory' : 'attention'));
    const { stdout, stderr, status } = run(...words);
    expect(status).toBe(0);
    expect(stdout.split('\n').slice(0, 2)).toEqual(['attention əˈtɛnʃən', 'memory ˈmɛmɚi']);
    expect(stderr).toMatch(/^64 of 200\n128 of 200\n192 of 200\n200 of 200\naway for \d+ ms at most\n$/);
  });

  it('says how it is called', () => {
    expect(run()).toMatchObject({ status: 2, stderr: 'usage: worker.ts WORD...\n' });
  });
});
