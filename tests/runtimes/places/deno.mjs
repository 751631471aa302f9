// Deno, with the fewest permissions: it may read the project, and nothing else.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
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
  await prepareServer(app);
  const start = async (permissions, program, ...given) => {
    const options = { cwd: app, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment } };
    const whole = [...FLAGS, ...permissions, join(app, 'server', program), ...given];
    return reportOf(await runProgram(command, whole, options));
  };
  await withoutPermissions(checks, start);
  await withNetwork(checks, start, app);
  return checks.counts;
}

/** Without files of its own to read it needs no permission at all. */
async function withoutPermissions(checks, start) {
  try {
    const { ipa, threads } = await start([], 'pronounce.mjs');
    checks.expect('pronounces without any permission', ipa === 'əˈtɛnʃən', ipa);
    checks.expect('has threads without any permission', threads === 2, threads);
  } catch (error) {
    checks.expect('runs without any permission', false, error.message);
  }
}

/** What may not be kept in a cache is loaded all the same. */
async function withNetwork(checks, start, app) {
  const prefix = '/organisation/bert/resolve/main/';
  const hub = createServer(({ url }, response) => {
    const file = join(app, 'models/bert', url.slice(prefix.length));
    if (!url.startsWith(prefix) || !existsSync(file)) response.writeHead(404).end();
    else response.end(readFileSync(file));
  });
  await new Promise((resolve) => hub.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${hub.address().port}`;
  try {
    const { length } = await start([`--allow-net=${host}`], 'hub.mjs', `http://${host}`);
    checks.expect('loads from a hub with the permission to reach it', length === 16, length);
  } catch (error) {
    checks.expect('loads from a hub with the permission to reach it', false, error.message);
  } finally {
    hub.close();
  }
}
