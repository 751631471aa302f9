// heed/worker in pages: the page stays responsive while the worker computes, whatever the page's policy allows, and
// wherever heed was imported from.
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { dictionary } from 'cmu-pronouncing-dictionary';
import { missing, openChromium } from '../browser/browsers.mjs';
import { openChecks } from '../checks.mjs';

/** Where a page finds the tokenizers that a bundler would put in. */
const IMPORT_MAP =
  '<script type="importmap">{"imports":{"@huggingface/tokenizers":"/tokenizers.mjs"}}</script>';

/** A task of the page that takes longer is felt, in milliseconds; also the shortest that Chromium reports. */
const LONG = 50;

const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.html': 'text/html' };
const FILES = {
  '/tinyLlama.mjs': 'tests/support/tinyLlama.mjs',
  '/tokenizers.mjs': 'node_modules/@huggingface/tokenizers/dist/tokenizers.mjs',
};
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src";
/** Pages, and the Content-Security-Policy of each. */
const PAGES = { '/free': '', '/strict': `${POLICY} 'self'`, '/refused': `${POLICY} 'none'` };

const WORDS = Object.keys(dictionary)
  .filter((word) => /^[a-z]{3,12}$/.test(word))
  .filter((_, i) => i % 200 === 0)
  .slice(0, 300);

/** Serves pages and the package of a project; below `/lonely/` without the worker's script. */
function serve(app) {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname);
    // heed may be imported from another origin.
    const headers = { 'access-control-allow-origin': '*' };
    if (Object.hasOwn(PAGES, path)) {
      const policy = PAGES[path] && { 'content-security-policy': PAGES[path] };
      response.writeHead(200, { ...headers, ...policy, 'content-type': TYPES['.html'] });
      response.end(
        `<!doctype html><title>heed</title><link rel="icon" href="data:,">${policy ? '' : IMPORT_MAP}`,
      );
      return;
    }
    const inPackage = path.replace(/^\/lonely\//, '/dist/');
    const file = FILES[path] ?? join(app, 'node_modules/heed', inPackage);
    const hidden = path.startsWith('/lonely/worker/') || !(FILES[path] ?? inPackage.startsWith('/dist/'));
    if (hidden || !existsSync(file)) {
      response.writeHead(404, headers).end();
      return;
    }
    const type = TYPES[extname(path)] ?? 'application/octet-stream';
    response.writeHead(200, { ...headers, 'content-type': type });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve({ server, origin: `http://127.0.0.1:${server.address().port}` });
    });
  });
}

export async function run({ app }) {
  const checks = openChecks('worker');
  const reason = missing('chromium');
  if (reason) {
    checks.skip('everything', reason);
    return checks.counts;
  }
  const browser = await openChromium();
  try {
    await checkWorker(browser, app, checks);
  } finally {
    await browser.close();
  }
  return checks.counts;
}

async function checkWorker(browser, app, { expect, note }) {
  const [own, other] = [await serve(app), await serve(app)];
  try {
    const open = async (path) => {
      const page = await browser.newPage();
      await page.goto(`${own.origin}${path}`);
      return page;
    };
    await checkResponsive(await open('/free'), { expect, note });
    await checkCalls(await open('/free'), expect);
    await checkStarts(
      await open('/free'),
      `${other.origin}/dist/worker.js`,
      'imported from elsewhere',
      expect,
    );
    await checkStarts(await open('/strict'), '/dist/worker.js', 'under a strict policy', expect);
    const refused = 'refused by policy, says so';
    await checkFails(await open('/refused'), '/dist/worker.js', refused, { expect, note });
    await checkFails(await open('/free'), '/lonely/worker.js', 'without its script, says so', {
      expect,
      note,
    });
  } finally {
    own.server.close();
    other.server.close();
  }
}

/** 300 words and a text, in a worker and then in the page itself, whose longest task is looked at. */
async function checkResponsive(page, { expect, note }) {
  const { there, here } = await page.evaluate(async (words) => {
    const [{ startWorker }, { createRuntime, writeSafetensors }, { tinyLlama }] = await Promise.all([
      import('/dist/worker.js'),
      import('/dist/index.js'),
      import('/tinyLlama.mjs'),
    ]);
    const [{ createPronouncer }, { generate, loadModel }] = await Promise.all([
      import('/dist/pronounce.js'),
      import('/dist/pretrained.js'),
    ]);
    const files = tinyLlama(writeSafetensors, { size: 256, layers: 4 });
    const options = { variant: 'simd' };
    const prompt = 'Once upon a time '.repeat(18);
    const written = { maxTokens: 100 };

    /** The page's longest task, of those that are reported, and its longest silences by two clocks. Firefox has these. */
    const watch = async (run) => {
      // Not what was done before.
      await new Promise((resolve) => setTimeout(resolve, 300));
      const tasks = [];
      const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
      const reports = PerformanceObserver.supportedEntryTypes.includes('longtask');
      if (reports) observer.observe({ type: 'longtask' });
      let on = true;
      const clock = (next) => {
        const read = { count: 0, silence: 0 };
        let last = performance.now();
        const tick = () => {
          const now = performance.now();
          read.silence = Math.max(read.silence, now - last);
          read.count += 1;
          last = now;
          if (on) next(tick);
        };
        next(tick);
        return read;
      };
      const timers = clock((tick) => setTimeout(tick));
      const frames = clock((tick) => requestAnimationFrame(tick));
      const started = performance.now();
      const result = await run();
      const milliseconds = performance.now() - started;
      on = false;
      // Tasks are reported some time after they ended.
      await new Promise((resolve) => setTimeout(resolve, 300));
      observer.disconnect();
      const longest = reports ? Math.max(0, ...tasks.map(({ duration }) => duration)) : timers.silence;
      return { result: JSON.stringify(result), milliseconds, longest, timers, frames };
    };

    const there = await watch(async () => {
      const worker = await startWorker({ runtime: options });
      const pronouncer = await worker.createPronouncer();
      const pronounced = await pronouncer.pronounceAll(words);
      const model = await worker.loadModel(files);
      const { text } = await model.generate(prompt, written).result();
      worker.dispose();
      return [pronounced, text];
    });
    const here = await watch(async () => {
      const pronouncer = await createPronouncer(options);
      // In a task of its own: Chromium reports none that went on when a module had come.
      await new Promise((resolve) => setTimeout(resolve));
      const pronounced = pronouncer.pronounceAll(words);
      pronouncer.dispose();
      const runtime = await createRuntime(options);
      const { text } = await generate(await loadModel(runtime, files), prompt, written).result();
      runtime.dispose();
      return [pronounced, text];
    });
    return { there, here };
  }, WORDS);
  for (const [where, { longest, milliseconds, timers, frames }] of Object.entries({
    'in the worker': there,
    'in the page': here,
  })) {
    const task = longest === 0 ? `none of ${LONG} ms` : `${longest.toFixed(0)} ms`;
    note(
      `300 words and 100 tokens ${where}: ${milliseconds.toFixed(0)} ms; longest task ${task}; ` +
        `longest silence of timers ${timers.silence.toFixed(0)} ms, of frames ${frames.silence.toFixed(0)} ms`,
    );
  }
  expect('a worker gives what the page does, to the bit', there.result === here.result, 'it differs');
  expect(
    'words are pronounced',
    JSON.parse(here.result)[0].length === WORDS.length,
    here.result.slice(0, 80),
  );
  // Else nothing would be told of the worker either.
  expect('a page that computes has long tasks', here.longest > LONG, here.longest);
  expect(`with a worker it has none of ${LONG} ms`, there.longest < LONG, there.longest);
  const { count } = there.frames;
  expect('and draws on', count > there.milliseconds / 100, `${count} frames in ${there.milliseconds} ms`);
  await page.close();
}

/** Errors, aborts and progress over a real worker's channel. */
async function checkCalls(page, expect) {
  const found = await page.evaluate(async (words) => {
    const { startWorker } = await import('/dist/worker.js');
    const { ArgumentError, writeSafetensors } = await import('/dist/index.js');
    const { tinyLlama } = await import('/tinyLlama.mjs');
    const workers = await Promise.all([startWorker(), startWorker()]);
    const [pronouncer, other] = await Promise.all(workers.map((worker) => worker.createPronouncer()));
    const wrong = await pronouncer.pronounce('한글').catch((error) => error instanceof ArgumentError);
    const stop = new AbortController();
    const told = [];
    const onProgress = (done, total) => {
      told.push(`${done}/${total}`);
      stop.abort('enough');
    };
    const reason = await pronouncer
      .pronounceAll(words, { signal: stop.signal, onProgress })
      .catch((error) => error);
    const picked = Object.entries(tinyLlama(writeSafetensors)).map(
      ([name, bytes]) => new File([bytes], name),
    );
    const model = await workers[0].loadModel(picked);
    const story = model.generate('Once', { maxTokens: 300 });
    await story.next();
    const { usedBytes } = await model.runtime();
    await story.return();
    const freed = usedBytes - (await model.runtime()).usedBytes;
    const pending = other.pronounceAll(words).catch(({ name }) => name);
    workers[1].dispose();
    const alone = (await pronouncer.pronounce('memory')).ipa;
    workers[0].dispose();

    const source = `import { serve } from '${location.origin}/dist/worker/serve.js';
      serve();
      addEventListener('message', ({ data }) => { if (data === 'die') throw new Error('broken'); });`;
    const own = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), {
      type: 'module',
    });
    const mortal = await startWorker({ worker: own });
    const short = await mortal.createPronouncer();
    own.postMessage('die');
    const died = await short.pronounceAll(words).catch(({ name, message }) => `${name}: ${message}`);
    own.terminate();
    return { wrong, died, told, reason, freed, pending: await pending, alone };
  }, WORDS);
  expect('errors of a worker keep their class', found.wrong === true, found.wrong);
  expect('a list tells its progress', found.told[0] === '64/300', found.told);
  expect('and ends with its signal', found.reason === 'enough', found.reason);
  expect('a text that is left frees its memory', found.freed > 0, found.freed);
  expect('disposing ends what is under way', found.pending === 'DisposedError', found.pending);
  expect('and disturbs no other worker', found.alone === 'ˈmɛmɚi', found.alone);
  const died = /^WorkerError: worker: .*broken/.test(found.died);
  expect('a worker that dies ends what is under way', died, found.died);
  await page.close();
}

async function checkStarts(page, url, what, expect) {
  const ipa = await page.evaluate(async (from) => {
    const { startWorker } = await import(from);
    const worker = await startWorker();
    const pronouncer = await worker.createPronouncer();
    const { ipa } = await pronouncer.pronounce('attention');
    worker.dispose();
    return ipa;
  }, url);
  expect(`a worker starts ${what}`, ipa === 'əˈtɛnʃən', ipa);
  await page.close();
}

async function checkFails(page, url, what, { expect, note }) {
  const error = await page.evaluate(async (from) => {
    const { startWorker } = await import(from);
    const signal = AbortSignal.timeout(20_000);
    return startWorker({ signal }).then(
      () => 'it started',
      ({ name, message }) => `${name}: ${message}`,
    );
  }, url);
  expect(`a worker ${what}`, error.startsWith('WorkerError: '), error);
  note(error);
  await page.close();
}
