import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { heed } from './heed.ts';

describe('heed', () => {
  it('prints its help', async () => {
    for (const args of [['--help'], ['-h'], ['help']]) {
      const { code, stdout, stderr } = await heed(args);
      expect(code).toBe(0);
      expect(stderr).toBe('');
      expect(stdout).toContain('Usage: heed <command> [options]');
      expect(stdout).toContain('pronounce');
    }
  });

  it('prints the version of package.json', async () => {
    const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(file) as { version: string };
    expect(await heed(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('prints the help of pronounce with examples, options and exit codes', async () => {
    const { code, stdout } = await heed(['pronounce', '--help']);
    expect(code).toBe(0);
    for (const part of ['Examples:', 'heed pronounce --json < words.txt', 'Exit codes:']) {
      expect(stdout).toContain(part);
    }
    for (const option of ['ipa', 'json', 'map', 'out', 'beam', 'color', 'no-color', 'variant', 'weights']) {
      expect(stdout).toMatch(new RegExp(`^ +--${option}\\b`, 'm'));
    }
    expect((await heed(['help', 'pronounce'])).stdout).toBe(stdout);
  });

  it('shows its help and fails without a command', async () => {
    const { code, stdout, stderr } = await heed([]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('Usage: heed');
  });

  it.each([
    [['pronunce', 'hello'], "unknown command 'pronunce'", 'pronounce'],
    [['--verson'], "unknown option '--verson'", '--version'],
    [['pronounce', '--jso', 'hello'], "unknown option '--jso'", '--json'],
    [['pronounce', '--beam', '0', 'hello'], 'integer from 1 to 32', '--help'],
    [['pronounce', '--beam', '33', 'hello'], 'integer from 1 to 32', '--help'],
    [['pronounce', '--beam', '1.5', 'hello'], 'integer from 1 to 32', '--help'],
    [['pronounce', '--beam', '', 'hello'], 'integer from 1 to 32', '--help'],
    [['pronounce', '--map', 'png', 'hello'], 'terminal, svg, html', '--help'],
    [['pronounce', '--variant', 'avx', 'hello'], 'simd, relaxed', '--help'],
    [['pronounce', '--json', '--map', 'svg', 'hello'], 'cannot be used with', '--help'],
    [['pronounce', '--ipa', '--json', 'hello'], 'cannot be used with', '--help'],
    [['pronounce', '--out'], 'argument missing', '--help'],
    [['pronounce', '...', '( — )'], 'the arguments hold no words', '--help'],
  ])('refuses %j with a hint and exit code 2', async (args, message, hint) => {
    const { code, stdout, stderr } = await heed(args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^heed: /);
    expect(stderr).toContain(message);
    expect(stderr.slice(stderr.indexOf('\n'))).toContain(hint);
    expect(stderr).not.toMatch(/\n +at /);
  });
});
