/** What registries, TypeScript and visitors' connections make of the package. */
import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked, type Project, root, unpack } from './project.ts';

let project: Project;

beforeAll(() => {
  project = installPacked();
}, 120_000);

afterAll(() => project?.remove());

describe('npm run lint:package', () => {
  const lint = (tarball: string) => {
    const args = ['scripts/lint-package.mjs', tarball];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    // Under CI the linters write in colours, though nobody sees them.
    return { status, stdout: stripVTControlCharacters(stdout) };
  };

  it('finds nothing: publint and are-the-types-wrong, on the tarball', () => {
    const { status, stdout } = lint(project.tarball);
    expect(status, stdout).toBe(0);
    expect(stdout).toContain('All good!');
    for (const entry of ['heed', 'heed/pipeline', 'heed/assets/pronounce', 'heed/single'])
      expect(stdout).toContain(`"${entry}"`);
  });

  it('finds a missing declaration and a missing file', () => {
    const folder = join(project.folder, 'package');
    unpack(project.tarball, folder);
    for (const file of ['cjs/models.d.cts', 'assets/plot.js']) rmSync(join(folder, 'dist', file));
    const tarball = join(project.folder, 'broken.tgz');
    execFileSync('tar', ['-czf', tarball, '-C', project.folder, 'package']);
    const { status, stdout } = lint(tarball);
    expect(status).toBe(1);
    expect(stdout).toContain('./dist/assets/plot.js but the file does not exist');
    expect(stdout).toMatch(/"heed\/models" +│ ❌ No types/);
  });
});

describe('npm run size', () => {
  it('keeps every line under its limit', () => {
    const { status, stdout } = spawnSync('node_modules/.bin/size-limit', ['--json'], {
      cwd: root,
      encoding: 'utf8',
    });
    const lines = JSON.parse(stdout) as { name: string; passed: boolean; size: number; sizeLimit: number }[];
    for (const { name, size } of lines) console.log(`${name}: ${size} bytes gzip`);
    expect(lines.filter(({ passed }) => !passed)).toEqual([]);
    expect(status).toBe(0);
    const limits = Object.fromEntries(lines.map(({ name, sizeLimit }) => [name, sizeLimit]));
    expect(limits).toMatchObject({
      'heed and its binary simd.wasm': 40_000,
      'heed/single, both binaries embedded': 60_000,
    });
  });
});
