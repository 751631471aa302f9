// Server-side rendering: imports do nothing, whatever of a page they could touch; and Vite serves and builds what renders.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, createServer, version } from 'vite';
import { openChecks } from '../checks.mjs';
import { reportOf, runProgram } from '../children.mjs';
import { prepareServer } from '../server/run.mjs';

export async function run({ app }) {
  const checks = openChecks('ssr');
  await prepareServer(app);
  await checkImports(checks, app);
  checks.note(`Vite ${version}`);
  for (const [name, noExternal] of [
    ['heed as it is', undefined],
    ['heed through its own transforms', ['heed']],
  ]) {
    await checkServed(checks, app, name, noExternal);
    await checkBuilt(checks, app, name, noExternal);
  }
  return checks.counts;
}

/** What is no module to import, but what a worker runs. */
const SCRIPT = './worker/script';

/** Every entry there is, and each one alone. */
async function checkImports(checks, app) {
  const { exports } = JSON.parse(readFileSync(join(app, 'node_modules/heed/package.json'), 'utf8'));
  const entries = Object.keys(exports)
    .filter((path) => !path.includes('*') && !path.endsWith('.json') && path !== SCRIPT)
    .map((path) => path.replace('.', 'heed'));
  for (const imported of [entries, ...entries.map((entry) => [entry])]) {
    const name = imported.length > 1 ? 'all entries' : imported[0];
    const given = [join(app, 'server/serverSide.mjs'), JSON.stringify(imported)];
    try {
      const report = reportOf(await runProgram(process.execPath, given, { cwd: app, limit: 30_000 }));
      const idle = report.touched.length + report.added.length + report.resources === 0;
      const whole = Object.values(report.imported).every((count) => count > 0);
      checks.expect(`importing ${name} does nothing`, idle && whole, report);
    } catch (error) {
      checks.expect(`importing ${name} does nothing`, false, error.message);
    }
  }
}

function configOf(app, noExternal) {
  return {
    ...{ configFile: false, root: app, logLevel: 'error', appType: 'custom', ssr: { noExternal } },
    // Its cache would lie in the tree of whoever runs the tests.
    cacheDir: join(app, '.vite'),
  };
}

async function checkServed(checks, app, name, noExternal) {
  const server = await createServer({
    ...configOf(app, noExternal),
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  try {
    const { render } = await server.ssrLoadModule('/server/page.js');
    checkPage(checks, `ssrLoadModule, ${name}`, await render('attention'));
  } catch (error) {
    checks.expect(`ssrLoadModule, ${name}`, false, error.stack);
  } finally {
    await server.close();
  }
}

async function checkBuilt(checks, app, name, noExternal) {
  const outDir = join(app, `ssr-${noExternal ? 'bundled' : 'external'}`);
  try {
    await build({
      ...configOf(app, noExternal),
      build: { ssr: 'server/page.js', outDir, emptyOutDir: true },
    });
    const { render } = await import(pathToFileURL(join(outDir, 'page.js')));
    checkPage(checks, `an SSR build, ${name}`, await render('attention'));
  } catch (error) {
    checks.expect(`an SSR build, ${name}`, false, error.stack);
  }
}

function checkPage(checks, name, html) {
  const right = html.startsWith('<h1>əˈtɛnʃən</h1>') && html.includes('<svg');
  checks.expect(`${name} renders`, right, html.slice(0, 200));
}
