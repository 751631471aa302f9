// Threads, and audio worklets, in a page: what the engine allows depends on the headers that the page came with.

/** Pages by path: the headers of each. */
export const PAGES = {
  '/page.html': {},
  '/isolated.html': {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  },
  '/workerless.html': {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'content-security-policy': "worker-src 'none'",
  },
};

/** Compares the results of one thread and of two, in the page and in a worker of it. */
const COMPARISON = `
  import { createRuntime, linear, PackedWeight, Tensor } from '/dist/index.js';

  function compute(runtime, rows) {
    return runtime.scope(() => {
      const values = (length, step) => Float32Array.from({ length }, (_, i) => Math.sin(i * step));
      const weight = new PackedWeight(Tensor.from(runtime, values(1000 * 301, 0.7), [1000, 301]));
      const y = linear(Tensor.from(runtime, values(rows * 301, 0.3), [rows, 301]), weight, undefined, 'tanh');
      const bits = new Int32Array(y.toArray().buffer);
      weight.dispose();
      return bits;
    });
  }

  export async function compare() {
    const single = await createRuntime({ microKernel: 'loads' });
    const runtime = await createRuntime({ microKernel: 'loads', threads: 2 });
    const { threads } = runtime;
    let equal = true;
    for (let i = 0; i < 20; i++) {
      const [expected, actual] = [single, runtime].map((each) => compute(each, i % 2 ? 1 : 97));
      equal &&= expected.length > 0 && expected.every((bits, j) => bits === actual[j]);
      await new Promise((resolve) => setTimeout(resolve, i));
    }
    runtime.dispose();
    single.dispose();
    return { threads, equal };
  }`;

const WORKER = `
  import { compare } from '/compare.js';
  compare().then(postMessage, (error) => postMessage(String(error)));`;

/** Times products in a worklet, which has no clock but the calendar's, and cannot wait. */
const WORKLET = `
  import { createRuntimeSync, linear, PackedWeight, Tensor } from '/dist/index.js';
  registerProcessor('products', class extends AudioWorkletProcessor {
    constructor({ processorOptions: { module } }) {
      super();
      try {
        const runtime = createRuntimeSync({ module });
        const weight = new PackedWeight(Tensor.from(runtime, new Float32Array(128 * 128).fill(1), [128, 128]));
        const x = Tensor.from(runtime, new Float32Array(64 * 128).fill(2), [64, 128]);
        let right = true;
        for (let i = 0; runtime.microKernel === undefined && i < 20000; i++) {
          right &&= runtime.scope(() => linear(x, weight).toArray().every((value) => value === 256));
        }
        this.port.postMessage({ right, microKernel: runtime.microKernel });
      } catch (error) {
        this.port.postMessage({ error: String(error) });
      }
    }
    process() {
      return false;
    }
  });`;

/** Scripts by path. */
export const SCRIPTS = { '/compare.js': COMPARISON, '/worker.js': WORKER, '/worklet.js': WORKLET };

/** Runs the checks; what a page should not say (errors, unhandled rejections, warnings) is collected. */
export async function checkThreads(browser, origin, expect) {
  const cases = [
    { path: '/isolated.html', threads: 2, inWorker: false },
    { path: '/isolated.html', threads: 2, inWorker: true },
    { path: '/page.html', threads: 1, inWorker: false },
    { path: '/page.html', threads: 1, inWorker: true },
    // The browser itself reports the violated policy; heed must not add to it.
    { path: '/workerless.html', threads: 1, inWorker: false, reported: /Content Security Policy/ },
  ];
  for (const { path, threads, inWorker, reported } of cases) {
    const page = await browser.newPage();
    const said = listen(page);
    await page.goto(origin + path);
    const result = await page.evaluate(inWorker ? compareInWorker : compareInPage);
    const name = `${path}${inWorker ? ', in a worker' : ''}`;
    expect(`${name}: threads: 2 gives ${threads}`, result.threads === threads, JSON.stringify(result));
    expect(`${name}: the results are those of one thread`, result.equal === true, JSON.stringify(result));
    const unexpected = said.filter((message) => !reported?.test(message));
    expect(`${name}: nothing is reported`, unexpected.length === 0, unexpected.join('; '));
    await page.close();
  }
  const page = await browser.newPage();
  const said = listen(page);
  await page.goto(`${origin}/page.html`);
  const result = await page.evaluate(inWorklet);
  const chosen = ['loads', 'shuffles', 'steps'].includes(result.microKernel);
  expect('an audio worklet multiplies, and chooses', result.right && chosen, JSON.stringify(result));
  expect('an audio worklet: nothing is reported', said.length === 0, said.join('; '));
  await page.close();
}

function listen(page) {
  const said = [];
  page.on('pageerror', (error) => said.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) said.push(message.text());
  });
  return said;
}

async function compareInPage() {
  return (await import('/compare.js')).compare();
}

function compareInWorker() {
  return new Promise((resolve, reject) => {
    const worker = new Worker('/worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
}

async function inWorklet() {
  const module = await WebAssembly.compileStreaming(fetch('/dist/wasm/simd.wasm'));
  const context = new OfflineAudioContext(1, 128, 44100);
  await context.audioWorklet.addModule('/worklet.js');
  const node = new AudioWorkletNode(context, 'products', { processorOptions: { module } });
  return new Promise((resolve) => {
    node.port.onmessage = ({ data }) => resolve(data);
  });
}
