// Audio worklets of Chromium, which have no TextDecoder, no fetch, and no time to wait.
import { missing, openChromium } from '../browser/browsers.mjs';
import { lstmInNode, probabilitiesInNode } from '../browser/heardInNode.mjs';
import { openSite } from '../browser/site.mjs';
import { visit } from '../browser/visit.mjs';
import { openChecks } from '../checks.mjs';

const CHUNKS = 12;
const BLOCKS = 2000;

export async function run({ app }) {
  const checks = openChecks('worklet');
  const reason = missing('chromium');
  if (reason) {
    checks.skip('everything', reason);
    return checks.counts;
  }
  const site = await openSite({ app });
  const browser = await openChromium();
  const inWorklet = (query) => visit(browser, site, { module: '/pages/inWorklet.js', ...query });
  try {
    checkProducts(await inWorklet({ task: 'products' }), checks);
    checkVoice(
      await inWorklet({ task: 'voice', chunks: CHUNKS }),
      await probabilitiesInNode(app, CHUNKS),
      checks,
    );
    checkLstm(await inWorklet({ task: 'lstm', blocks: BLOCKS }), await lstmInNode(app, BLOCKS), checks);
  } finally {
    await browser.close();
    await site.close();
  }
  return checks.counts;
}

function checkProducts({ report, said }, { expect }) {
  const chosen = ['loads', 'shuffles', 'steps'].includes(report.microKernel);
  expect('multiplies, and chooses a micro-kernel', report.right === true && chosen, report);
  expect('products: nothing is reported', said.length === 0, said.join('; '));
}

function checkVoice({ report, said }, expected, { expect }) {
  expect('hears voices as Node does', String(report.probabilities) === String(expected), report);
  expect('and their probabilities differ', new Set(expected).size === CHUNKS, expected);
  expect('voices: nothing is reported', said.length === 0, said.join('; '));
}

function checkLstm({ report, said }, expected, { expect }) {
  const { hash, before, after } = report;
  expect(`an LSTM steps through ${BLOCKS} blocks with the bits of Node`, hash === expected.hash, report);
  expect('and its results differ', expected.different > BLOCKS, expected);
  expect('and no memory is allocated', before > 0 && before === after, { before, after });
  expect('an LSTM: nothing is reported', said.length === 0, said.join('; '));
}
