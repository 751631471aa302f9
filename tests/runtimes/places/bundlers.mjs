// New apps, bundled with default settings, in an isolated page of Chromium.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { missing, openChromium } from '../browser/browsers.mjs';
import { bundlers, createBundledApp } from '../browser/bundlers.mjs';
import { openSite } from '../browser/site.mjs';
import { visit } from '../browser/visit.mjs';
import { openChecks } from '../checks.mjs';

const SOUND = 'əˈtɛnʃən';
/** That the pronouncer's weights are large is true, and no fault of the app's. */
const ABOUT_SIZE =
  /^\s*dist\/|size limit|larger than|code.?split|chunkSizeWarningLimit|manualChunks|dynamic import\(\)/i;

export async function run({ app }) {
  const checks = openChecks('bundlers');
  const reason = missing('chromium');
  if (reason) {
    checks.skip('everything', reason);
    return checks.counts;
  }
  const browser = await openChromium();
  try {
    for (const [name, bundler] of Object.entries(bundlers)) {
      await checkBundler(browser, { app, name, bundler, source: 'main.js' }, checks);
      if (bundler.assets) await checkBundler(browser, { app, name, bundler, source: 'assets.js' }, checks);
    }
    await checkWithoutOptional(app, checks);
  } finally {
    await browser.close();
  }
  return checks.counts;
}

async function checkBundler(browser, { app, name, bundler, source }, { expect, note }) {
  const title = source === 'main.js' ? name : `${name}, heed/assets`;
  const folder = join(app, 'bundlers', name, source);
  rmSync(folder, { recursive: true, force: true });
  createBundledApp(folder, source, bundler);
  let lines;
  try {
    lines = await bundler.build(folder);
  } catch (error) {
    return expect(`${title}: builds`, false, error.message);
  }
  const warnings = lines.filter((line) => /warn|\(!\)|⚠/i.test(line) && !ABOUT_SIZE.test(line));
  expect(`${title}: builds without a warning`, warnings.length === 0, lines.join('\n'));
  note(`${title}: ${sizesOf(join(folder, 'dist'))}`);
  const site = await openSite({ app, folders: { '/': join(folder, 'dist') } });
  try {
    const { report, said } = await visit(browser, site, { policy: 'isolated' }, { path: '/index.html' });
    const { product, sound, threads, variant } = report;
    expect(
      `${title}: multiplies, on two threads`,
      String(product) === '19,22,43,50' && threads === 2,
      report,
    );
    expect(`${title}: pronounces`, sound === SOUND && variant === 'relaxed', report);
    expect(`${title}: nothing is reported`, said.length === 0, said.join('; '));
  } finally {
    await site.close();
  }
}

/** Where nobody has installed what only texts need; outside the repository, whose packages would be found. */
async function checkWithoutOptional(app, { expect, skip }) {
  const project = mkdtempSync(join(tmpdir(), 'heed-bundlers-'));
  try {
    cpSync(join(app, 'node_modules/heed'), join(project, 'node_modules/heed'), { recursive: true });
    for (const [name, bundler] of Object.entries(bundlers)) {
      const title = `${name}: builds heed/pretrained without the optional packages`;
      if (bundler.needsOptional) {
        skip(title, bundler.needsOptional);
        continue;
      }
      const folder = createBundledApp(join(project, name), 'texts.js', bundler);
      const failure = await bundler.build(folder).then(
        () => undefined,
        (error) => error,
      );
      expect(title, failure === undefined, failure?.message);
    }
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/** What a server would have: files, and bytes by kind. */
function sizesOf(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const kinds = {};
  for (const { name, parentPath } of files) {
    if (name.endsWith('.map')) continue;
    const bytes = readFileSync(join(parentPath, name));
    const kind = name.split('.').at(-1);
    kinds[kind] ??= { files: 0, kilobytes: 0, gzip: 0 };
    kinds[kind].files += 1;
    kinds[kind].kilobytes += bytes.length / 1000;
    kinds[kind].gzip += gzipSync(bytes).length / 1000;
  }
  const line = ([kind, { files, kilobytes, gzip }]) =>
    `${files} .${kind}: ${kilobytes.toFixed(0)} kB (${gzip.toFixed(0)} gzip)`;
  return Object.entries(kinds).map(line).join(', ');
}
