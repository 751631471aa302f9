/** Runs the command line from its sources, as users run the built one. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { tinyWeights } from '../support/tinyPronouncer.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const colourVariables = ['NO_COLOR', 'FORCE_COLOR', 'CLICOLOR_FORCE'];

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HeedOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Given to Node before the script. */
  readonly nodeOptions?: readonly string[];
}

/** Starts `heed ...args` with pipes. */
export function start(args: readonly string[], options: HeedOptions = {}): ChildProcessWithoutNullStreams {
  const env = { ...process.env };
  for (const name of colourVariables) delete env[name];
  Object.assign(env, options.environment);
  const nodeArgs = ['--import', 'tsx', ...(options.nodeOptions ?? []), 'src/cli.ts', ...args];
  return spawn(process.execPath, nodeArgs, { cwd: root, env });
}

/** Waits for the end of a process. */
export function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs `heed ...args` to its end with `input` on standard input. */
export function heed(
  args: readonly string[],
  input: string | Uint8Array = '',
  options: HeedOptions = {},
): Promise<Ended> {
  const child = start(args, options);
  // A command that ends early closes its input.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return ended(child);
}

/** A folder for a suite's files, with the weights of a tiny pronouncer in it. */
export interface Workplace {
  readonly folder: string;
  readonly weightsFile: string;
  /** The path of a file in the folder. */
  path(name: string): string;
  /** `heed pronounce --weights <the tiny ones> ...args` */
  pronounce(args: readonly string[], input?: string | Uint8Array, options?: HeedOptions): Promise<Ended>;
}

/** Makes the folder before the suite's tests and removes it after them. */
export function workplace(): Workplace {
  let folder = '';
  const place: Workplace = {
    get folder() {
      return folder;
    },
    get weightsFile() {
      return join(folder, 'tiny.safetensors');
    },
    path: (name) => join(folder, name),
    pronounce: (args, input, options) =>
      heed(['pronounce', '--weights', place.weightsFile, ...args], input, options),
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'heed-cli-'));
    writeFileSync(place.weightsFile, await tinyWeights());
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return place;
}
