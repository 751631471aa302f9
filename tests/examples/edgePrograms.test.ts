/** examples/edge: the server of Node, the load test, the worker's build. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSafetensors } from 'heed';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bertFolder } from '../runtimes/suite/folders.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'examples/edge');
const json = { 'content-type': 'application/json' };

// biome-ignore lint/suspicious/noExplicitAny: whatever was sent
type Answer = any;

/** Runs a program of the folder, and what it has written so far. */
function start(program: string, args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}) {
  const command = ['--import', 'tsx', join(folder, program), ...args];
  const child = spawn(process.execPath, command, { cwd: root, env: { ...process.env, ...environment } });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const written = { out: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written.errors += text;
  });
  return { child, ended, written };
}

describe('the server of Node', () => {
  const models = mkdtempSync(join(tmpdir(), 'heed-edge-'));
  let server: ReturnType<typeof start>;
  let url = '';

  beforeAll(async () => {
    for (const [name, bytes] of Object.entries(bertFolder({ writeSafetensors }, 'BertModel')))
      writeFileSync(join(models, name), bytes);
    server = start('node.ts', [], { PORT: '0', HOST: '127.0.0.1', MODEL: models });
    url = await vi.waitFor(() => {
      const [found] = /http:\S+/.exec(server.written.out) ?? [];
      expect(found, server.written.errors).toBeDefined();
      return found!;
    }, 20_000);
  });
  afterAll(() => {
    server.child.kill('SIGKILL');
    rmSync(models, { recursive: true, force: true });
  });

  const post = async (path: string, body: unknown) =>
    fetch(`${url}${path}`, { method: 'POST', headers: json, body: JSON.stringify(body) });
  const health = async () =>
    (await (await fetch(`${url}/health`)).json()) as { ready: boolean; embed: string };

  it('pronounces, and embeds with the model of a folder', async () => {
    const pronounced = (await (await post('/pronounce', { words: ['attention'] })).json()) as Answer;
    expect(pronounced.results[0].ipa).toBe('əˈtɛnʃən');
    await vi.waitFor(async () => expect((await health()).embed).toBe('ready'), 10_000);
    const { embeddings } = (await (await post('/embed', { texts: ['a dog'] })).json()) as Answer;
    const length = Math.hypot(...embeddings[0]);
    // Of 16 float32 numbers.
    expect(Math.abs(length - 1)).toBeLessThan(16 * 2 ** -24);
  });

  it('finishes what it does when told to end, and takes nothing more', async () => {
    const words = Array.from({ length: 256 }, () => 'encyclopedia');
    let answered = false;
    const long = post('/pronounce', { words, beam: 4 }).then(async (response) => {
      const body = (await response.json()) as Answer;
      answered = true;
      return { status: response.status, body };
    });
    // Health answers while the long request runs; and its connection stays open, idle.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await health()).ready).toBe(true);
    expect(answered).toBe(false);
    server.child.kill('SIGTERM');
    const { status, body } = await long;
    expect([status, body.results.length]).toEqual([200, 256]);
    expect(await server.ended).toBe(0);
    expect(server.written.errors).toBe('');
    await expect(post('/pronounce', { words: ['a'] })).rejects.toThrow();
  });
});

describe('the load test', () => {
  const few = ['--seconds', '2', '--requests', '40', '--connections', '4', '--words', '2'];

  it('measures, verifies and ends by itself', async () => {
    const { ended, written } = start('load.ts', few);
    expect(await ended, written.errors).toBe(0);
    expect(written.out).toMatch(/\d+ answers in [\d.]+ s: \d+ requests\/s, \d+ words\/s/);
    expect(written.out).toMatch(/latency: p50 [\d.]+ ms, p99 [\d.]+ ms/);
    expect(written.out).toMatch(/memory: process [\d.]+ MB before, [\d.]+ MB after/);
    expect(written.out).toContain('0 wrong answers, 0 other than 2xx, 0 errors');
  });

  it.each([
    [
      'a wrong answer',
      200,
      JSON.stringify({ results: [{ ipa: 'ʌ' }, { ipa: 'ʌ' }] }),
      /[1-9]\d* wrong answers/,
    ],
    ['a refusal', 503, '{}', /[1-9]\d* other than 2xx/],
  ])('fails on %s', async (_, status, answer, told) => {
    const server = createServer((request, response) => {
      request.resume();
      const health = JSON.stringify({
        variant: 'simd',
        engine: 'none',
        memory: { pronouncer: 1, process: 1 },
      });
      const isHealth = request.url === '/health';
      response.writeHead(isHealth ? 200 : status).end(isHealth ? health : answer);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const { ended, written } = start('load.ts', [...few, '--url', `http://127.0.0.1:${port}`]);
    expect(await ended, written.errors).toBe(1);
    expect(written.out).toMatch(told);
    server.close();
  });
});

describe('the files', () => {
  const sources = readdirSync(folder).filter((name) => /\.(ts|mjs)$/.test(name));

  it('import only what is public', () => {
    expect(sources.length).toBeGreaterThan(8);
    for (const name of sources) {
      for (const [, module] of readFileSync(join(folder, name), 'utf8').matchAll(/from '([^']+)'/g)) {
        expect(module, name).toMatch(/^(heed|hono|@hono\/node-server|valibot|esbuild|autocannon|node:|\.\/)/);
      }
    }
  });

  it('need no Node in the app: esbuild bundles it for a host without', () => {
    const out = mkdtempSync(join(tmpdir(), 'heed-worker-'));
    execFileSync(
      process.execPath,
      [join(folder, 'build-worker.mjs'), '--out', out, '--model', 'https://localhost/a"b'],
      {
        stdio: ['ignore', 'inherit', 'pipe'],
      },
    );
    expect(readdirSync(out).sort()).toEqual(['config.capnp', 'simd.wasm', 'worker.js']);
    expect(readFileSync(join(out, 'config.capnp'), 'utf8')).toContain('text = "https://localhost/a\\"b"');
    expect(readFileSync(join(out, 'worker.js'), 'utf8')).not.toMatch(/from\s*"node:|require\("/);
    rmSync(out, { recursive: true });
  });
});
