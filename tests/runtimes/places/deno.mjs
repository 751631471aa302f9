// Deno, with the fewest permissions: it may read the project, and nothing else.
import { join } from 'node:path';
import { openChecks } from '../checks.mjs';
import { reportOf, runProgram } from '../children.mjs';
import { packaged } from '../engines.mjs';
import { prepareServer, runServer } from '../server/run.mjs';

const FLAGS = ['run', '--no-prompt', '--no-remote', '--node-modules-dir=manual'];

export async function run({ app, expected }) {
  const checks = openChecks('deno');
  const command = packaged('@deno/linux-x64-glibc', 'deno');
  const environment = { DENO_DIR: join(app, '.deno'), DENO_NO_UPDATE_CHECK: '1' };
  const args = [...FLAGS, `--allow-read=${app}`];
  await runServer({
    app,
    checks,
    command,
    args,
    environment,
    host: { threads: true, variant: 'relaxed', expected },
  });
  await withoutPermissions({ app, checks, command, environment });
  return checks.counts;
}

/** Without files of its own to read it needs no permission at all. */
async function withoutPermissions({ app, checks, command, environment }) {
  await prepareServer(app);
  const options = { cwd: app, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment } };
  const given = [...FLAGS, join(app, 'server/pronounce.mjs')];
  try {
    const { ipa, threads } = reportOf(await runProgram(command, given, options));
    checks.expect('pronounces without any permission', ipa === 'əˈtɛnʃən', ipa);
    checks.expect('has threads without any permission', threads === 2, threads);
  } catch (error) {
    checks.expect('runs without any permission', false, error.message);
  }
}
