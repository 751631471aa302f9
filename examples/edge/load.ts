/**
 * Load on loopback: `node --import tsx examples/edge/load.ts [--seconds 10] [--requests 100000] [--connections 8] [--words 1]`
 *
 * Starts node.ts, or takes a service that runs: `--url http://127.0.0.1:8787`, and `--pid` where it cannot tell its own
 * memory. Ends by itself; exit code 1 after any answer that is wrong or no 2xx.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { createPronouncer } from 'heed/pronounce';

const TEXT =
  'an encoder reads the letters of a word one after another and a decoder writes its sounds while attention tells the ' +
  'decoder which of the letters to look at before it decides what the next sound of the pronunciation should be';

interface Health {
  readonly variant: string;
  readonly engine: string;
  readonly memory: { readonly pronouncer: number; readonly process?: number };
}

const { values: options } = parseArgs({
  options: {
    url: { type: 'string' },
    pid: { type: 'string' },
    seconds: { type: 'string', default: '10' },
    requests: { type: 'string', default: '100000' },
    connections: { type: 'string', default: '8' },
    words: { type: 'string', default: '1' },
  },
});

const server = options.url ? undefined : await startServer();
try {
  const failed = await load(options.url ?? server!.url, options.pid ?? server?.child.pid);
  process.exitCode = failed > 0 ? 1 : 0;
} finally {
  if (server) await stopServer(server.child);
}

/** @returns how many requests came to nothing, or to something wrong */
async function load(url: string, pid: string | number | undefined): Promise<number> {
  let wrong = 0;
  const requests = (await requestsAndAnswers(Number(options.words))).map(({ words, sounds }) => ({
    ...{ method: 'POST' as const, path: '/pronounce', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ words }),
    onResponse(status: number, body: string): void {
      if (status === 200 && soundsOf(body) !== sounds) wrong += 1;
    },
  }));
  const connections = Number(options.connections);
  // The first ones compile, and choose the micro-kernel.
  await autocannon({ url, requests, connections, amount: 4 * connections });
  const before = await healthOf(url, pid);
  const most = { duration: Number(options.seconds), maxOverallRequests: Number(options.requests) };
  const {
    duration,
    latency,
    errors,
    non2xx,
    '2xx': good,
  } = await autocannon({ url, requests, connections, ...most });
  const after = await healthOf(url, pid);

  const perSecond = good / duration;
  const megabytes = (bytes: number | undefined): string =>
    bytes ? `${(bytes / 1e6).toFixed(1)} MB` : 'unknown';
  const memory = (name: 'process' | 'pronouncer'): string =>
    `${name} ${megabytes(before.memory[name])} before, ${megabytes(after.memory[name])} after`;
  console.log(
    `${before.engine}, ${before.variant}: ${connections} connections, words in a request: ${options.words}`,
  );
  console.log(
    `  ${good} answers in ${duration} s: ${perSecond.toFixed(0)} requests/s, ${(perSecond * Number(options.words)).toFixed(0)} words/s`,
  );
  console.log(`  latency: p50 ${latency.p50} ms, p99 ${latency.p99} ms, most ${latency.max} ms`);
  console.log(`  memory: ${memory('process')}; ${memory('pronouncer')}`);
  console.log(`  ${wrong} wrong answers, ${non2xx} other than 2xx, ${errors} errors`);
  return good === 0 ? 1 : wrong + non2xx + errors;
}

/** Every word of the text in turn, with what heed says of it in this process. */
async function requestsAndAnswers(count: number) {
  const pronouncer = await createPronouncer();
  const all = TEXT.split(' ');
  const requests = all.map((_, i) => {
    const words = Array.from({ length: count }, (_, j) => all[(i + j) % all.length]!);
    return {
      words,
      sounds: pronouncer
        .pronounceAll(words)
        .map(({ ipa }) => ipa)
        .join(' '),
    };
  });
  pronouncer.dispose();
  return requests;
}

function soundsOf(body: string): string {
  const { results } = JSON.parse(body) as { results: { ipa: string }[] };
  return results.map(({ ipa }) => ipa).join(' ');
}

/** Where the host does not tell the memory of its process, `ps` does. */
async function healthOf(url: string, pid: string | number | undefined): Promise<Health> {
  const health = (await (await fetch(`${url}/health`)).json()) as Health;
  if (health.memory.process || !pid) return health;
  const kilobytes = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return { ...health, memory: { ...health.memory, process: 1024 * Number(kilobytes) } };
}

async function startServer(): Promise<{ url: string; child: ChildProcess }> {
  const program = fileURLToPath(new URL('node.ts', import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, program], {
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with exit code ${code}`)));
    child.stdout.on('data', (text) => {
      const found = /http:\S+/.exec(String(text));
      if (found) resolve(found[0]);
    });
  });
  return { url, child };
}

async function stopServer(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the server ended with exit code ${code}`);
}
