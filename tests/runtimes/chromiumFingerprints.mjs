// `simd` has the bits that suite/fingerprints.js is committed with, in a page too.
import { readdirSync, readFileSync } from 'node:fs';

const SUITE = new URL('suite/', import.meta.url);

/** The modules that the suites under Node use: they import nothing else. */
export function fingerprintScripts() {
  const names = readdirSync(SUITE).filter((name) => name.endsWith('.js'));
  return Object.fromEntries(
    names.map((name) => [`/suite/${name}`, readFileSync(new URL(name, SUITE), 'utf8')]),
  );
}

/** With each micro-kernel, on one thread and on two. */
export async function checkFingerprints(browser, origin, expect) {
  const page = await browser.newPage();
  await page.goto(`${origin}/isolated.html`);
  for (const microKernel of ['loads', 'shuffles', 'steps']) {
    for (const threads of [1, 2]) {
      const result = await page.evaluate(computeInPage, { microKernel, threads });
      const name = `simd, ${microKernel}, threads: ${threads}: ${result.count} results have the bits of Node's`;
      const right = result.threads === threads && result.count > 0 && result.different.length === 0;
      expect(name, right, JSON.stringify(result));
    }
  }
  await page.close();
}

async function computeInPage({ microKernel, threads: wanted }) {
  const heed = { ...(await import('/dist/index.js')), ...(await import('/dist/models.js')) };
  const { EXPECTED, fingerprints } = await import('/suite/fingerprints.js');
  const runtime = await heed.createRuntime({ variant: 'simd', microKernel, threads: wanted });
  const actual = fingerprints(heed, runtime);
  const { threads } = runtime;
  runtime.dispose();
  const names = [...new Set([...Object.keys(EXPECTED), ...Object.keys(actual)])];
  return { threads, count: names.length, different: names.filter((name) => actual[name] !== EXPECTED[name]) };
}
