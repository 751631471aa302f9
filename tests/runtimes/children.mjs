// Programs in processes of their own, which end by themselves or are ended.
import { spawn } from 'node:child_process';

/**
 * Runs a program to its end.
 * @param options of `spawn`, and `limit`, milliseconds after which it counts as hanging
 */
export function runProgram(command, args, { limit = 120_000, ...options } = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  let hangs = false;
  const timer = setTimeout(() => {
    hangs = true;
    child.kill('SIGKILL');
  }, limit);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const ended = hangs ? `was still running after ${limit} ms` : `exit code ${code ?? signal}`;
      resolve({ code, ended, stdout, stderr });
    });
  });
}

/** The object that a program of server/ prints as its last line. @throws where it did not get there */
export function reportOf({ code, ended, stdout, stderr }) {
  const line = stdout.trimEnd().split('\n').at(-1);
  if (code !== 0 || !line.startsWith('{')) throw new Error(`${ended}\n${stdout}\n${stderr}`);
  return JSON.parse(line);
}
