// An unpacked extension of Chromium: manifest version 3, whose policy adds 'wasm-unsafe-eval' and nothing else.
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missing, openChromiumWith } from '../browser/browsers.mjs';
import { openSite } from '../browser/site.mjs';
import { openChecks } from '../checks.mjs';

const SOURCE = fileURLToPath(new URL('../browser/extension', import.meta.url));
const SOUND = 'əˈtɛnʃən';

export async function run({ app }) {
  const checks = openChecks('mv3');
  const reason = missing('chromium');
  if (reason) {
    checks.skip('everything', reason);
    return checks.counts;
  }
  const site = await openSite({ app });
  const reports = Object.fromEntries(
    ['single', 'assets', 'offscreen'].map((name) => [name, site.expectReport()]),
  );
  const browser = await openChromiumWith(unpacked(app, site, reports));
  try {
    const { single, assets, offscreen } = Object.fromEntries(
      await Promise.all(Object.entries(reports).map(async ([name, { reported }]) => [name, await reported])),
    );
    const { expect } = checks;
    expect(
      'the service worker multiplies, with heed/single',
      String(single.product) === '19,22,43,50' && single.variant === 'relaxed',
      single,
    );
    const sounds = ({ sound, variant }) => sound === SOUND && variant === 'relaxed';
    expect('the service worker pronounces, with heed/assets', sounds(assets), assets);
    expect('an offscreen page pronounces, with heed/pronounce', sounds(offscreen), offscreen);
  } finally {
    await browser.close();
    await site.close();
  }
  return checks.counts;
}

/** @returns the folder of the extension, which knows where to report */
function unpacked(app, site, reports) {
  const folder = join(app, 'extension');
  rmSync(folder, { recursive: true, force: true });
  cpSync(SOURCE, folder, { recursive: true });
  cpSync(join(app, 'node_modules/heed/dist'), join(folder, 'heed'), { recursive: true });
  const addresses = Object.entries(reports).map(([name, { id }]) => [name, `${site.origin}/report?id=${id}`]);
  const text = JSON.stringify(Object.fromEntries(addresses));
  writeFileSync(join(folder, 'site.js'), `export const reports = ${text};\n`);
  return folder;
}
