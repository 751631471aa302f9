/** Programs of a few lines in a Node process of their own, which import the sources as `/src/...`. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** A process that has not ended by then hangs. */
const LIMIT = 30_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a module's text.
 * @param nodeOptions given to Node before the program
 */
export function runChild(program: string, nodeOptions: readonly string[] = []): Promise<Ended> {
  const code = program.replaceAll("'/src/", `'${new URL('../../src/', import.meta.url).href}`);
  const args = [...nodeOptions, '--import', 'tsx', '--input-type=module', '--eval', code];
  const child = spawn(process.execPath, args, { cwd: root, timeout: LIMIT, killSignal: 'SIGKILL' });
  let [stdout, stderr] = ['', ''];
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
