/**
 * Pronounces words in a worker, while this thread goes on: `node --import tsx examples/worker.ts attention memory ...`
 *
 * Tells how long this thread was away at most, as a page would feel it.
 */
import { startWorker } from 'heed/worker';

const words = process.argv.slice(2);
if (words.length === 0) {
  console.error('usage: worker.ts WORD...');
  process.exit(2);
}

using worker = await startWorker();
using pronouncer = await worker.createPronouncer();

let last = performance.now();
let longest = 0;
const clock = setInterval(() => {
  longest = Math.max(longest, performance.now() - last);
  last = performance.now();
}, 1);
const onProgress = (done: number, total: number): void => console.error(`${done} of ${total}`);
try {
  for (const { word, ipa } of await pronouncer.pronounceAll(words, { onProgress })) console.log(word, ipa);
} finally {
  clearInterval(clock);
}
console.error(`away for ${longest.toFixed(0)} ms at most`);
