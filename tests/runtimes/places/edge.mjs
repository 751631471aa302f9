// examples/edge in Node, Deno, Bun and workerd: the same requests, the same answers, and a second of load.

import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { link } from '../app.mjs';
import { openChecks } from '../checks.mjs';
import { runProgram } from '../children.mjs';
import { answersMeanwhile, answersOf, crowd, difference, hangUp } from '../service/requests.mjs';
import {
  buildWorker,
  freePort,
  ownMemory,
  places,
  processorTime,
  startService,
} from '../service/services.mjs';
import { bertFolder } from '../suite/folders.js';

/** Half the time after which lists would be given up anyhow, in milliseconds. */
const PATIENCE = 5000;

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const PACKAGES = ['hono', '@hono/node-server', 'valibot', 'esbuild', 'autocannon', 'tsx'];
/** What a worker may have, and how long it may take to start. */
const WORKER = { bytes: 128e6, seconds: 1 };

export async function run({ app }) {
  const checks = openChecks('edge');
  const noDist = { recursive: true, filter: (path) => !/\/edge\/dist$/.test(path) };
  cpSync(join(root, 'examples/edge'), join(app, 'edge'), noDist);
  for (const name of PACKAGES) link(root, app, name);
  const models = await serveModel(await import(pathToFileURL(join(app, 'node_modules/heed/dist/index.js'))));
  try {
    let reference;
    for (const place of Object.keys(places)) {
      const service = await start(app, place, models.url, checks);
      if (!service) continue;
      try {
        const answers = await checkAnswers(service, checks, reference);
        reference ??= answers;
        await checkLoad(app, service, checks);
      } finally {
        await stop(service, checks);
      }
    }
  } finally {
    models.server.close();
  }
  return checks.counts;
}

async function start(app, place, model, checks) {
  const port = await freePort();
  try {
    if (place === 'workerd') await buildWorker(app, port, model);
    return await startService(app, place, port, model);
  } catch (error) {
    checks.expect(`${place} starts`, false, error.message);
    return undefined;
  }
}

async function checkAnswers(service, checks, reference) {
  const { place, url } = service;
  if (place === 'workerd') {
    const seconds = processorTime(service.child);
    const name = `workerd starts within ${WORKER.seconds} s of processor time`;
    checks.expect(name, seconds < WORKER.seconds, `${seconds} s`);
    checks.note(`workerd: ${seconds} s of processor time until the first answer`);
  }
  const health = await loaded(url);
  const { variant } = places[place];
  checks.expect(
    `${place} is ready, with the ${variant} binary and the model`,
    health.variant === variant,
    health,
  );
  checks.expect(`${place} has loaded the model`, health.embed === 'ready', [health.embed, service.log()]);

  const answers = await answersOf(url);
  for (const [name, answer] of Object.entries(answers)) {
    const refused = name.startsWith('refuses');
    const right = refused ? answer.status >= 400 && answer.status < 500 : answer.status === 200;
    const expected = reference?.[name] ?? answer;
    // Bits are promised of the binary `simd`.
    const differs = difference(answer, expected, variant === 'simd');
    checks.expect(`${place} ${name}`, right && !differs, right ? differs : answer);
  }
  checks.expect(`${place} answers for its health while it works`, await answersMeanwhile(url), 'it did not');
  const { done, busy, beside } = await crowd(url);
  checks.expect(
    `${place} works on some long lists, sends others away, and has time for a short one`,
    done > 0 && done + busy === 8 && beside === 'done',
    { done, busy, beside },
  );
  if (places[place].silent) {
    checks.skip(`${place} stops when its clients hang up`, places[place].silent);
  } else {
    const free = await hangUp(url, PATIENCE);
    checks.expect(`${place} stops when its clients hang up`, free < PATIENCE, free);
  }
  return answers;
}

/** The model comes in the background. */
async function loaded(url) {
  for (const until = Date.now() + 20_000; ; await sleep(100)) {
    const health = await (await fetch(`${url}/health`)).json();
    if (health.embed !== 'loading' || Date.now() > until) return health;
  }
}

async function checkLoad(app, { place, url, child }, checks) {
  const args = ['--import', 'tsx', 'edge/load.ts', '--seconds', '1', '--connections', '4'];
  const given = ['--url', url, '--pid', String(child.pid)];
  const { code, ended, stdout, stderr } = await runProgram(process.execPath, [...args, ...given], {
    cwd: app,
  });
  checks.expect(`${place} bears a second of load`, code === 0, `${ended}\n${stdout}\n${stderr}`);
  for (const line of stdout.trimEnd().split('\n')) checks.note(line);
  if (place !== 'workerd') return;
  const bytes = ownMemory(child);
  const name = `workerd stays under ${WORKER.bytes / 1e6} MB`;
  checks.expect(name, bytes < WORKER.bytes, bytes);
  checks.note(`workerd: ${(bytes / 1e6).toFixed(1)} MB of its own, besides its program`);
}

async function stop({ place, child, ended, log }, checks) {
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const code = await ended;
  clearTimeout(killer);
  if (place.startsWith('node')) checks.expect(`${place} ends when told to`, code === 0, [code, log()]);
}

/** A model's folder over HTTP. */
async function serveModel(heed) {
  const files = bertFolder(heed, 'BertModel');
  const server = createServer(({ url, headers }, response) => {
    const file = files[url.replace('/tiny/', '')];
    if (!file) return response.writeHead(404).end();
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
    if (from === undefined) return response.end(file);
    const part = file.subarray(Number(from), to ? Number(to) + 1 : file.length);
    const range = `bytes ${from}-${Number(from) + part.length - 1}/${file.length}`;
    return response.writeHead(206, { 'content-range': range }).end(part);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { server, url: `http://127.0.0.1:${server.address().port}/tiny` };
}
