import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heed-start-'));
  for (const name of ['scripts', 'dist']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  copyFileSync(script, join(folder, 'scripts/start.mjs'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(...args: string[]) {
  return spawnSync(process.execPath, [join(folder, 'scripts/start.mjs'), ...args], {
    encoding: 'utf8',
    input: 'not read',
  });
}

describe('scripts/start.mjs', () => {
  it('asks for a build where there is none', () => {
    const { status, stderr } = start();
    expect(status).toBe(1);
    expect(stderr).toContain('npm run build');
  });

  it('draws the given words, or a sentence of its own, and passes the exit code on', () => {
    const echo = 'process.stdin.on("data", () => process.exit(9));\n';
    writeFileSync(
      join(folder, 'dist/cli.js'),
      `${echo}console.log(JSON.stringify(process.argv.slice(2)));\n`,
    );
    expect(JSON.parse(start('your own', 'words').stdout)).toEqual([
      'pronounce',
      '--map',
      'terminal',
      'your own',
      'words',
    ]);
    const { status, stdout } = start();
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as string[])[3]).toMatch(/^(\S+ ){3,4}\S+$/);
    writeFileSync(join(folder, 'dist/cli.js'), 'process.exit(2);\n');
    expect(start('--wrong').status).toBe(2);
    writeFileSync(join(folder, 'dist/cli.js'), 'process.kill(process.pid, "SIGTERM");\n');
    expect(start('word').status).toBe(143);
  });
});
