// Configurations of workerd, and processes that serve them.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packaged } from '../engines.mjs';

/** Ticks of a process's time are of 10 ms on Linux. */
const TICK = 10;
const PATIENCE = 20_000;

/**
 * Writes a configuration: modules are files of the folder, by their names there or others.
 * @param modules [name, file] each, the worker's own first
 * @param served a folder whose files answer all requests that the worker makes; by default none may leave
 * @returns its path
 */
export function writeConfig(folder, name, { modules, compatibilityDate, served }) {
  const kinds = { wasm: 'wasm', js: 'esModule', mjs: 'esModule', safetensors: 'data' };
  const lines = modules.map(([as, file]) => {
    const kind = kinds[file.slice(file.lastIndexOf('.') + 1)];
    return `    (name = "${as}", ${kind} = embed "${file}"),`;
  });
  const outbound = served ? `disk = (path = ${JSON.stringify(served)})` : 'network = (allow = [])';
  const text = `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "outside", ${outbound})],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [
${lines.join('\n')}
  ],
  compatibilityDate = "${compatibilityDate}",
  globalOutbound = "outside",
);
`;
  const path = join(folder, `${name}.capnp`);
  writeFileSync(path, text);
  return path;
}

const program = () => packaged('@cloudflare/workerd-linux-64', 'bin/workerd');

/** workerd and its date. */
export const versionOf = () => execFileSync(program(), ['--version'], { encoding: 'utf8' }).trim();

/**
 * Serves a configuration.
 * @returns its origin; what it took until it first answered; its memory now; and how to end it
 */
export async function serve(config) {
  const start = performance.now();
  const child = spawn(program(), ['serve', config, '--control-fd=3'], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const close = async () => {
    child.kill();
    await exited;
  };
  try {
    const port = await listening(child, () => said);
    const origin = `http://127.0.0.1:${port}`;
    await (await fetch(`${origin}/none`)).text();
    const took = { milliseconds: performance.now() - start, processorMilliseconds: processorTime(child.pid) };
    return { origin, took, close, memory: () => residentBytes(child.pid) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The port, which workerd tells on its control channel. */
function listening(child, said) {
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`workerd ${why}: ${said()}`));
    const timer = setTimeout(() => fail(`did not listen within ${PATIENCE} ms`), PATIENCE);
    child.once('error', reject);
    child.once('exit', (code) => fail(`ended with ${code}`));
    let told = '';
    child.stdio[3].setEncoding('utf8').on('data', (text) => {
      told += text;
      const [, port] = /"port":(\d+)/.exec(told) ?? [];
      if (!port) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
  });
}

/** User's and system's, from the start. */
function processorTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return TICK * (Number(fields[11]) + Number(fields[12]));
}

function residentBytes(pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return 1024 * Number(kilobytes);
}
