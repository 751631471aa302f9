// A thousand runtimes that come and go in one page of Chromium, each with an LSTM that runs: what the page's process holds
// must not grow. (tests/runtime/lasting.test.ts makes ten thousand in Node.)
import { readFileSync } from 'node:fs';
import { missing, openChromium } from '../browser/browsers.mjs';
import { openSite } from '../browser/site.mjs';
import { openChecks } from '../checks.mjs';

const CYCLES = 1000;
const PARTS = 5;
/** Megabytes more at the end than after the first part: the garbage collector comes when it likes. */
const SLACK = 32;
const PAGE_BYTES = 4096;

export async function run({ app }) {
  const checks = openChecks('lasting');
  const reason = missing('chromium');
  if (reason) {
    checks.skip('everything', reason);
    return checks.counts;
  }
  const site = await openSite({ app });
  const browser = await openChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`${site.origin}/page.html`);
    const held = [];
    const results = [];
    for (let part = 0; part < PARTS; part++) {
      results.push(...(await page.evaluate(liveAndDie, CYCLES / PARTS)));
      held.push(await renderersHold(browser));
    }
    checks.note(`${CYCLES} runtimes: ${held.map((megabytes) => megabytes.toFixed(0)).join(', ')} MB`);
    const growth = Math.max(...held.slice(1)) - held[0];
    checks.expect(
      `${CYCLES} runtimes, one after the other, compute`,
      results.length === CYCLES,
      results.length,
    );
    checks.expect('and all the same', new Set(results).size === 1, new Set(results).size);
    checks.expect(`the page's process grows by less than ${SLACK} MB`, growth < SLACK, held);
  } finally {
    await browser.close();
    await site.close();
  }
  return checks.counts;
}

/** In the page: so many runtimes, and what each computed. */
async function liveAndDie(count) {
  const { createRuntime, LSTM, Random, Tensor } = await import('/heed/index.js');
  const results = [];
  for (let i = 0; i < count; i++) {
    const runtime = await createRuntime();
    const lstm = LSTM.create(runtime, { inputSize: 16, hiddenSize: 24 }, new Random(1));
    const x = Tensor.from(runtime, new Float32Array(64).fill(0.5), [1, 4, 16]);
    results.push(String(runtime.scope(() => lstm.forward(x).output.toFloat32Array())));
    runtime.dispose();
  }
  return results;
}

/** Megabytes of the largest process that renders pages. */
async function renderersHold(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const pages = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => Number(readFileSync(`/proc/${id}/statm`, 'utf8').split(' ')[1]));
  return (Math.max(...pages) * PAGE_BYTES) / 1e6;
}
