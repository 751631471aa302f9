// The playground, built and served as static files, in Debian's Chromium: what it computes, how it is reached, that it
// stays responsive, and that it works without a network.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { checkAccess } from './site/access.mjs';
import { checkFiles } from './site/files.mjs';
import { Visit } from './site/page.mjs';
import { checkScores } from './site/scores.mjs';
import { serve } from './site/server.mjs';
import { checkTyping } from './site/typing.mjs';

const EXECUTABLE = '/usr/bin/chromium';
const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run';
const SCREENSHOTS = 'build/site-screenshots';

export async function run() {
  if (!existsSync(EXECUTABLE)) {
    console.log(`site: SKIPPED: ${EXECUTABLE} is not installed (apt-get install chromium)`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const expect = (name, condition, detail) => {
    counts[condition ? 'passed' : 'failed'] += 1;
    console.log(`site: ${condition ? 'ok' : 'FAILED'}: ${name}${condition ? '' : `: ${detail}`}`);
  };
  await build({ configFile: 'site/vite.config.ts', logLevel: 'warn' });
  const { createPronouncer } = await import('../../../dist/pronounce.js');
  const pronouncer = await createPronouncer();
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS.split(' ') });
  try {
    await checkPlain(browser, pronouncer, expect);
    await checkIsolated(browser, pronouncer, expect);
  } finally {
    await browser.close();
    pronouncer.dispose();
  }
  return counts;
}

/** A host that sends no headers but the page's own policy, for its worker too. */
async function checkPlain(browser, pronouncer, expect) {
  const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(
    readFileSync('build/site/index.html', 'utf8'),
  );
  const server = await serve('build/site', { 'content-security-policy': policy });
  try {
    const visit = await Visit.open(browser, server.url);
    const foreign = [];
    visit.page.on('request', (request) => {
      if (!request.url().startsWith(server.url)) foreign.push(request.url());
    });
    await checkTyping(visit, pronouncer, expect);
    await checkScores(visit, expect);
    await checkFiles(visit, pronouncer, expect);
    const threads = await visit.engine('Threads').textContent();
    expect(
      'one thread without isolation, and it says why',
      /^1: .*not cross-origin isolated/.test(threads),
      threads,
    );
    await checkAccess(browser, server.url, expect);
    await takeScreenshots(browser, server.url, expect);
    await visit.engine('Offline').getByText(/^yes/).waitFor();
    await server.close();
    await checkOffline(visit, pronouncer, expect);
    expect('asks no other address', foreign.length === 0, foreign.join(', '));
    expect('no error in the console', visit.errors.length === 0, visit.errors.join('; '));
  } finally {
    await server.close();
  }
}

async function checkOffline(visit, pronouncer, expect) {
  await visit.page.reload();
  await visit.drawn();
  await visit.page.fill('#text', 'offline');
  const expected = pronouncer.pronounce('offline').phonemes.join(' ');
  const actual = await visit.phonemes(expected);
  expect(
    'without a server, a reload still pronounces',
    actual === expected,
    `${actual}, expected ${expected}`,
  );
  await visit.page.setInputFiles('#file', 'models/pronounce/pronounce.safetensors');
  await visit.page.waitForSelector('#file-result table');
  const status = await visit.textOf('#file-result .use p');
  expect('and still opens files', status.startsWith('pronounce.safetensors pronounces now'), status);
}

/** A host whose headers isolate the page. */
async function checkIsolated(browser, pronouncer, expect) {
  const server = await serve('build/site', {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  });
  try {
    const visit = await Visit.open(browser, server.url);
    await visit.page.selectOption('#threads', '2');
    await visit.engine('Threads').getByText(/^2$/).waitFor();
    await visit.page.fill('#text', 'threads');
    const expected = pronouncer.pronounce('threads').phonemes.join(' ');
    const actual = await visit.phonemes(expected);
    expect('two threads in an isolated page', actual === expected, `${actual}, expected ${expected}`);
    expect('no error in the console when isolated', visit.errors.length === 0, visit.errors.join('; '));
    await visit.page.close();
  } finally {
    await server.close();
  }
}

async function takeScreenshots(browser, url, expect) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [320, 390, 1280]) {
      const visit = await Visit.open(browser, url, { viewport: { width, height: 844 }, colorScheme });
      await visit.page.check('input[value="cosine"]');
      await visit.page.fill('#temperature', '-3');
      await visit.page.setInputFiles('#file', 'models/pronounce/pronounce.safetensors');
      await visit.page.waitForSelector('#file-result table');
      await visit.engine('Offline').getByText(/^yes/).waitFor();
      const wide = await visit.page.evaluate(() => document.documentElement.scrollWidth);
      expect(`fits in ${width} pixels, ${colorScheme}`, wide <= width, `it is ${wide} wide`);
      await visit.page.screenshot({ path: `${SCREENSHOTS}/${width}-${colorScheme}.png`, fullPage: true });
      await visit.page.close();
    }
  }
}
