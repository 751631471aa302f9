import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { absolutePaths, lockedAddresses } from './places.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('tracked files', () => {
  // With those that are about to be added; those deleted in the working tree are gone.
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const tracked = [...new Set(listed.split('\0'))].filter((path) => path && existsSync(join(root, path)));
  const text = (path: string): string => readFileSync(join(root, path), 'latin1');

  it('absolute paths are found, relative ones and addresses are not', () => {
    const places = ['work', 'root', 'home/someone', 'Users/someone', 'tmp'].map((place) => `/${place}/x`);
    for (const place of [...places, `C:${'\\'}Users${'\\'}x`, `file:/${places[0]}`]) {
      expect(absolutePaths(`a\nsee "${place}"`)).toHaveLength(1);
    }
    for (const harmless of [
      'src/work/x',
      '../home/x',
      'https://example.com/home/x',
      './tmp/x',
      'a/root/b',
      '~/work/x',
    ]) {
      expect(absolutePaths(harmless)).toEqual([]);
    }
  });

  it('name no absolute path of a machine', () => {
    expect(tracked.length).toBeGreaterThan(100);
    const problems = tracked.flatMap((path) => absolutePaths(text(path)).map((found) => `${path}:${found}`));
    expect(problems).toEqual([]);
  });

  it('addresses in lock files are found', () => {
    const lock = { packages: { '': {}, 'node_modules/x': { version: '1.0.0', resolved: 'x.tgz' } } };
    expect(lockedAddresses(JSON.stringify(lock))).toEqual(['node_modules/x']);
    expect(lockedAddresses(JSON.stringify({ packages: { x: { link: true } } }))).toEqual([]);
  });

  it('lock files name no registry: no package has `resolved`', () => {
    const locks = tracked.filter((path) => basename(path) === 'package-lock.json');
    expect(locks).toContain('package-lock.json');
    for (const lock of locks)
      expect({ lock, resolved: lockedAddresses(text(lock)) }).toEqual({ lock, resolved: [] });
  });
});
