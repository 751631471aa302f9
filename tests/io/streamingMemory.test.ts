/**
 * What loading takes besides the weights: a checkpoint of 200 MB passes through a process. The process collects its young
 * garbage early, for Node lets up to 40 MB of used chunks pile up otherwise, and has used `fetch` once, whose own code
 * takes 10 MB.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runChild } from '../support/child.ts';
import { FileServer, type Generated } from '../support/fileServer.ts';

const TENSORS = 10;
const TENSOR_BYTES = 20 << 20;
const MOST_EXTRA = 64 << 20;

const header = new TextEncoder().encode(
  JSON.stringify(
    Object.fromEntries(
      Array.from({ length: TENSORS }, (_, i) => [
        `layer.${i}`,
        { dtype: 'F32', shape: [TENSOR_BYTES / 4], data_offsets: [i * TENSOR_BYTES, (i + 1) * TENSOR_BYTES] },
      ]),
    ),
  ),
);
const start = 8 + header.length;

/** Each byte follows from its place, so that a wrong one is found. */
const content: Generated = {
  length: start + TENSORS * TENSOR_BYTES,
  fill(chunk, from) {
    for (let i = 0; i < chunk.length; i++) {
      const at = from + i;
      chunk[i] =
        at < 8 ? header.length >>> (8 * at) : at < start ? header[at - 8]! : ((at - start) * 31) & 255;
    }
    if (from < 8) new DataView(chunk.buffer).setBigUint64(0, BigInt(header.length), true);
  },
};

let server: FileServer;
beforeAll(async () => {
  server = await FileServer.start();
  server.files.set('/model.safetensors', { content, etag: '"1"' });
});
afterAll(() => server.stop());

it.each([
  ['in one go', ''],
  ['in pieces of 30 MB', 'cut'],
  ['from a server that ignores ranges', 'ignore'],
])('200 MB %s take less than 64 MB', { timeout: 120_000 }, async (how, fault) => {
  server.fault = () =>
    fault === 'cut' ? { cutAfter: 30 << 20 } : fault === 'ignore' ? { ignoreRange: true } : undefined;
  const { code, stdout, stderr } = await runChild(
    `
    import { openModelFolder } from '/src/io/modelFolder.ts';
    const folder = await openModelFolder('${server.url}', { cache: false, retryDelayMilliseconds: 1 });
    await folder.json('config.json');
    const { rss } = process.memoryUsage();
    let [peak, sum] = [rss, 0];
    const checkpoint = await folder.checkpoint();
    let steps = 0;
    await checkpoint.stream((name, offset, chunk) => {
      const base = offset + ${TENSOR_BYTES} * Number(name.slice(6));
      for (const i of [0, chunk.length >> 1, chunk.length - 1]) {
        if (chunk[i] !== ((base + i) * 31 & 255)) throw new Error(name + ' is wrong at ' + (offset + i));
      }
      sum += chunk.length;
      if (steps++ % 16 === 0) peak = Math.max(peak, process.memoryUsage().rss);
    });
    console.log(JSON.stringify({ sum, extra: peak - rss }));
    process.exit();
    `,
    ['--max-old-space-size=32', '--max-semi-space-size=1'],
  );
  expect(code, stderr).toBe(0);
  const { sum, extra } = JSON.parse(stdout) as { sum: number; extra: number };
  console.log(`200 MB ${how}: ${(extra / 2 ** 20).toFixed(1)} MB more than before`);
  expect(sum).toBe(TENSORS * TENSOR_BYTES);
  expect(extra).toBeLessThan(MOST_EXTRA);
});
