/** `npm run train:pronounce` end to end, on a few words: threads change nothing, and wrong usage is refused. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'heed-train-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function train(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'models/pronounce/train.ts', '--words', '300', '--validation', '20', ...args],
    { cwd: root, encoding: 'utf8', timeout: 60_000 },
  );
  return { status, output: stdout + stderr };
}

describe('the training command', () => {
  it('trains to the same bytes on one thread and on two, and reports as it goes', () => {
    const [one, two] = ['1', '2'].map((threads) => {
      const out = join(folder, threads);
      const { status, output } = train('--epochs', '1', '--threads', threads, '--out', out);
      expect(status, output).toBe(0);
      expect(output).toMatch(/epoch 1 of 1: loss \d\.\d+, validation \(20 words, greedy\): word error/);
      return readFileSync(join(out, 'checkpoint.safetensors'));
    });
    expect(one!.equals(two!)).toBe(true);
  }, 120_000);

  it('refuses to resume without a checkpoint, or with another recipe', () => {
    const none = train('--resume', '--out', join(folder, 'none'));
    expect(none.status).toBe(1);
    expect(none.output).toContain('--resume: there is no');
    const other = train('--resume', '--epochs', '2', '--out', join(folder, '1'));
    expect(other.status).toBe(1);
    expect(other.output).toContain('another recipe');
  });

  it('refuses options outside their range', () => {
    expect(train('--threads', '3').output).toContain('--threads must be at most 2, got 3');
    expect(train('--epochs', '0').output).toContain('--epochs must be a positive integer, got 0');
  });
});
