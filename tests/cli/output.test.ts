import { once } from 'node:events';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ReaderGone } from '../../src/cli/failure.ts';
import { standardOutput } from '../../src/cli/output.ts';
import { ended, start, workplace } from './heed.ts';

const place = workplace();
const parts = (): string[] => readdirSync(place.folder).filter((name) => name.endsWith('.part'));

describe('heed pronounce --out', () => {
  it.each([
    ['words.txt', [], /^pay {2}[^\n]*\nletter {2}[^\n]*\n$/],
    ['words.ndjson', ['--json'], /^\{"word":"pay"[^\n]*\n\{"word":"letter"[^\n]*\n$/],
    ['map.txt', ['--map', 'terminal'], /^pay {2}[\s\S]*\n\nletter\b/],
    ['map.svg', ['--map', 'svg'], /^<svg [\s\S]*<\/svg>\n$/],
    ['map.html', ['--map', 'html'], /^<!DOCTYPE html>/],
  ])('writes %s', async (name, args, content) => {
    const ran = await place.pronounce([...args, '--out', place.path(name), 'pay', 'letter']);
    expect(ran).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(place.path(name), 'utf8')).toMatch(content);
    expect(parts()).toEqual([]);
  });

  it('replaces a file, with its permissions and through a symbolic link', async () => {
    const file = place.path('old.txt');
    writeFileSync(file, 'old');
    chmodSync(file, 0o640);
    symlinkSync('old.txt', place.path('link.txt'));
    const { code } = await place.pronounce(['--out', place.path('link.txt'), 'pay']);
    expect(code).toBe(0);
    expect(readFileSync(file, 'utf8')).toMatch(/^pay {2}/);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(lstatSync(place.path('link.txt')).isSymbolicLink()).toBe(true);
  });

  it('writes the words that can be pronounced when others cannot', async () => {
    const file = place.path('some.txt');
    const { code } = await place.pronounce(['--out', file, 'pay', 'r2d2']);
    expect(code).toBe(1);
    expect(readFileSync(file, 'utf8')).toMatch(/^pay {2}[^\n]*\n$/);
  });

  it('leaves the old file when the run fails', async () => {
    const file = place.path('kept.svg');
    writeFileSync(file, 'old');
    const { code } = await place.pronounce(['--map', 'svg', '--out', file, 'r2d2']);
    expect(code).toBe(1);
    const long = await place.pronounce(['--out', file], `pay\n${'x'.repeat(1_100_000)}`);
    expect(long.code).toBe(1);
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(parts()).toEqual([]);
  });

  it('refuses a folder and a path that is not there', async () => {
    mkdirSync(place.path('folder'));
    const folder = await place.pronounce(['--out', place.path('folder'), 'pay']);
    expect(folder.code).toBe(1);
    expect(folder.stderr).toMatch(/^heed: cannot write .*folder: is a folder\n$/);
    const missing = await place.pronounce(['--out', place.path('missing/file.txt'), 'pay']);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/^heed: cannot write .*: no such file or folder\n$/);
    const inFile = await place.pronounce(['--out', place.path('tiny.safetensors/file.txt'), 'pay']);
    expect(inFile.code).toBe(1);
    expect(inFile.stderr).toMatch(/a part of the path is not a folder\n$/);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('removes the unfinished file on %s and exits with %d', async (signal, expected) => {
    const file = place.path(`${signal}.txt`);
    const child = start(['pronounce', '--weights', place.weightsFile, '--out', file]);
    const end = ended(child);
    child.stdin.write('pay attention\n');
    while (parts().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill(signal);
    expect(await end).toEqual({ code: expected, stdout: '', stderr: '' });
    expect(readdirSync(place.folder).filter((name) => name.includes(signal))).toEqual([]);
  });

  it('removes a file that was opened just as the signal came', async () => {
    const preload = place.path('signal-on-open.mjs');
    writeFileSync(
      preload,
      `import fs from 'node:fs';
       import { syncBuiltinESMExports } from 'node:module';
       const { openSync } = fs;
       fs.openSync = (path, ...rest) => {
         const file = openSync(path, ...rest);
         if (String(path).endsWith('.part')) process.kill(process.pid, 'SIGTERM');
         return file;
       };
       syncBuiltinESMExports();`,
    );
    const file = place.path('opened.txt');
    const nodeOptions = ['--import', pathToFileURL(preload).href];
    const child = start(['pronounce', '--weights', place.weightsFile, '--out', file], { nodeOptions });
    expect(await ended(child)).toEqual({ code: 143, stdout: '', stderr: '' });
    expect(parts()).toEqual([]);
  });

  it('ends with 130 on SIGINT while writing to a pipe', async () => {
    const child = start(['pronounce', '--weights', place.weightsFile]);
    child.stdin.write('pay\n');
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect((await ended(child)).code).toBe(130);
  });
});

describe('standardOutput', () => {
  it('waits for its reader', async () => {
    const accepted: (() => void)[] = [];
    const stream = new Writable({ write: (_chunk, _encoding, done) => accepted.push(done) });
    let written = false;
    const writing = standardOutput(stream)
      .write('text')
      .then(() => {
        written = true;
      });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(written).toBe(false);
    accepted[0]!();
    await writing;
    expect(written).toBe(true);
  });

  it.each([
    ['EPIPE', ReaderGone, ''],
    ['ENOSPC', Error, 'cannot write to standard output: no space left on the device'],
  ])('turns %s into a typed failure', async (code, type, message) => {
    const error = Object.assign(new Error(code), { code });
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(error) });
    const writing = standardOutput(stream).write('text');
    await expect(writing).rejects.toThrow(type);
    await expect(writing).rejects.toThrow(message);
  });
});
