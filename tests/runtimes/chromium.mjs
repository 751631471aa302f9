// The built bundle in a page of Debian's Chromium: same words, same results as in Node.
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';
import { checkFingerprints, fingerprintScripts } from './chromiumFingerprints.mjs';
import { checkPretrained, IMPORT_MAP, serveModel } from './chromiumPretrained.mjs';
import { checkThreads, PAGES, SCRIPTS } from './chromiumThreads.mjs';
import { checkVoice, VOICE_SCRIPTS } from './chromiumVoice.mjs';
import { checkWorker } from './chromiumWorker.mjs';

const EXECUTABLE = '/usr/bin/chromium';
const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run';
const WORDS = ['attention', 'memory', "it's", 'café'];
const TYPES = { '.js': 'text/javascript', '.html': 'text/html', '.wasm': 'application/wasm' };

export async function run() {
  if (!existsSync(EXECUTABLE)) {
    console.log(`chromium: SKIPPED: ${EXECUTABLE} is not installed (apt-get install chromium)`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const { createPronouncer } = await import('../../dist/pronounce.js');
  const pronouncer = await createPronouncer();
  const expected = pronouncer.pronounceAll(WORDS);
  const server = await serve();
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS.split(' ') });
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const expect = (name, condition, detail) => {
    counts[condition ? 'passed' : 'failed'] += 1;
    console.log(`chromium: ${condition ? 'ok' : 'FAILED'}: ${name}${condition ? '' : `: ${detail}`}`);
  };
  try {
    const page = await browser.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`${origin}/page.html`);
    const actual = await page.evaluate(async (words) => {
      const { createPronouncer } = await import('/dist/pronounce.js');
      const pronouncer = await createPronouncer();
      const results = pronouncer.pronounceAll(words);
      const bad = (() => {
        try {
          pronouncer.pronounce('한글');
        } catch (error) {
          return `${error.name}: ${error.message}`;
        }
      })();
      const { attentionMap } = await import('/dist/plot.js');
      const { attention } = results[0];
      const svg = attentionMap({
        rows: attention.phonemes,
        columns: attention.letters,
        weights: attention.weights,
      }).toSVG();
      const { variant } = pronouncer.runtime;
      pronouncer.dispose();
      return {
        variant,
        bad,
        svg,
        results: results.map(({ phonemes, ipa, score }) => ({ phonemes, ipa, score })),
      };
    }, WORDS);
    expect('runs the relaxed binary', actual.variant === 'relaxed', actual.variant);
    actual.results.forEach((result, i) => {
      expect(
        `${WORDS[i]} sounds as in Node`,
        result.ipa === expected[i].ipa,
        `${result.ipa}, in Node ${expected[i].ipa}`,
      );
    });
    expect('bad input is a typed error', actual.bad?.startsWith('ArgumentError'), actual.bad);
    expect('draws the attention map', actual.svg.startsWith('<svg'), actual.svg.slice(0, 80));
    expect('no error on the page', errors.length === 0, errors.join('; '));
    await checkThreads(browser, origin, expect);
    await checkFingerprints(browser, origin, expect);
    await checkVoice(browser, origin, expect);
    await checkPretrained(browser, origin, expect);
    await checkWorker(browser, expect);
  } finally {
    await browser.close();
    server.close();
    pronouncer.dispose();
  }
  return counts;
}

function serve() {
  const scripts = { ...SCRIPTS, ...VOICE_SCRIPTS, ...fingerprintScripts() };
  const server = createServer((request, response) => {
    if (serveModel(request, response)) return;
    const path = normalize(new URL(request.url, 'http://localhost').pathname);
    if (path === '/pretrained.html') {
      response.setHeader('content-type', TYPES['.html']);
      response.end(`<!doctype html><title>heed</title><link rel="icon" href="data:,">${IMPORT_MAP}`);
      return;
    }
    if (Object.hasOwn(PAGES, path)) {
      response.writeHead(200, { 'content-type': TYPES['.html'], ...PAGES[path] });
      // Without an icon of its own, the browser would ask for one and report that there is none.
      response.end('<!doctype html><title>heed</title><link rel="icon" href="data:,">');
      return;
    }
    // A worker of an isolated page must ask for isolation itself.
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    if (Object.hasOwn(scripts, path)) {
      response.setHeader('content-type', TYPES['.js']);
      response.end(scripts[path]);
      return;
    }
    const file = join(process.cwd(), path);
    if (!path.startsWith('/dist/') || !existsSync(file)) {
      response.statusCode = 404;
      response.end();
      return;
    }
    response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
