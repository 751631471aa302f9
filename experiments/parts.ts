/** Runs an experiment's parts side by side, and keeps what is done, so that an interrupted run goes on where it stood. */
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { replaceFile } from '../models/pronounce/checkpoint.ts';
import type { Json, PartResult } from './experiment.ts';
import type { PartMessage, PartOrder } from './part.ts';
import type { Progress } from './progress.ts';

export interface PartsOptions {
  readonly experiment: string;
  readonly parts: readonly string[];
  readonly settings: Json;
  readonly seed: number;
  readonly machine: string;
  /** How many processes compute at a time, one thread each. */
  readonly processes: number;
  /** Where finished parts are kept. */
  readonly folder: string;
  /** Whether to do again what is done. */
  readonly fresh: boolean;
  readonly progress: Progress;
}

interface KeptPart {
  readonly order: PartOrder;
  readonly machine: string;
  readonly result: PartResult<Json>;
}

/** @throws Error naming the part whose process failed; the others are ended, and kept if they were done */
export async function runParts(options: PartsOptions): Promise<Record<string, PartResult<Json>>> {
  const { experiment, parts, settings, seed, machine, folder, fresh, progress } = options;
  mkdirSync(folder, { recursive: true });
  const results = new Map<string, PartResult<Json>>();
  const waiting = [...parts];
  const abort = new AbortController();
  const work = async (): Promise<void> => {
    for (let part = waiting.shift(); part !== undefined && !abort.signal.aborted; part = waiting.shift()) {
      const order: PartOrder = { experiment, part, settings, seed };
      const path = join(folder, `${part}.json`);
      const kept = fresh ? undefined : readKept(path);
      if (kept && isDeepStrictEqual(kept.order, order) && kept.machine === machine) {
        results.set(part, kept.result);
        progress.done(part, 'kept from an earlier run');
        continue;
      }
      const result = await runPart(order, progress, abort.signal);
      replaceFile(path, new TextEncoder().encode(JSON.stringify({ order, machine, result })));
      results.set(part, result);
      progress.done(part, `${result.processorSeconds.toFixed(0)} s of processor time`);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.processes }, work));
  } catch (error) {
    abort.abort();
    throw error;
  }
  return Object.fromEntries(parts.map((part) => [part, results.get(part)!]));
}

function readKept(path: string): KeptPart | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as KeptPart) : undefined;
}

function runPart(order: PartOrder, progress: Progress, signal: AbortSignal): Promise<PartResult<Json>> {
  const child = fork(new URL('./part.ts', import.meta.url), [JSON.stringify(order)], {
    execArgv: ['--import', 'tsx'],
    signal,
  });
  return new Promise((resolve, reject) => {
    let result: PartResult<Json> | undefined;
    child.on('message', (message: PartMessage) => {
      if (message.kind === 'progress') progress.update(order.part, message);
      else result = { figures: message.figures, processorSeconds: message.processorSeconds };
    });
    child.on('error', reject);
    child.on('exit', (code, by) => {
      if (result) resolve(result);
      else
        reject(
          new Error(`${order.experiment}: part "${order.part}" ended with ${by ?? `exit code ${code}`}`),
        );
    });
  });
}
