// Bun: the suite in the installed package.
import { openChecks } from '../checks.mjs';
import { packaged } from '../engines.mjs';
import { runServer } from '../server/run.mjs';

export async function run({ app, expected }) {
  const checks = openChecks('bun');
  const command = packaged('@oven/bun-linux-x64', 'bin/bun');
  // What is not installed is not to be fetched.
  const args = ['--no-install', 'run'];
  const environment = { DO_NOT_TRACK: '1' };
  await runServer({
    app,
    checks,
    command,
    args,
    environment,
    host: { threads: true, variant: 'relaxed', expected },
  });
  return checks.counts;
}
