// Runs server/program.mjs in the project, under whatever engine.
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { reportOf, runProgram } from '../children.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** Copies the program into the project, so that it finds heed as a user's code does, and models for it to load. */
export async function prepareServer(app) {
  const folder = join(app, 'server');
  if (existsSync(folder)) return join(folder, 'program.mjs');
  cpSync(here, folder, { recursive: true });
  const heed = await import(pathToFileURL(join(app, 'node_modules/heed/dist/index.js')));
  const { bertFolder, llamaFolder } = await import('../suite/folders.js');
  const models = { bert: bertFolder(heed, 'BertModel'), llama: llamaFolder(heed) };
  for (const [name, files] of Object.entries(models)) {
    mkdirSync(join(app, 'models', name), { recursive: true });
    for (const [file, bytes] of Object.entries(files)) writeFileSync(join(app, 'models', name, file), bytes);
  }
  return join(folder, 'program.mjs');
}

/**
 * @param command the engine, and `args` what it is given before the program
 * @param host what the suite must find
 */
export async function runServer({ app, checks, command, args = [], environment = {}, host }) {
  const program = await prepareServer(app);
  const required = existsSync(join(app, 'node_modules/heed/dist/cjs'));
  const options = { cwd: app, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment } };
  const given = [...args, program, JSON.stringify({ ...host, required })];
  let report;
  try {
    report = reportOf(await runProgram(command, given, options));
  } catch (error) {
    checks.expect('the suite runs, and the process ends by itself', false, error.message);
    return;
  }
  checks.note(`${report.version}; importing all entries took ${report.milliseconds.toFixed(0)} ms`);
  checks.expect('the process ends by itself', true);
  for (const [name, results] of Object.entries(report.suites)) checks.add(name, results);
  if (!required) checks.skip('required', 'the package has no dist/cjs');
}
