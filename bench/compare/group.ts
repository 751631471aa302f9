/** The child process: measures one group's cases and sends each row to its parent. Runs under Node 24. */
import { describeRoofline, loadPeaks, measureRoofline } from '../roofline.ts';
import type { Row } from './case.ts';
import { groups } from './cases/index.ts';
import { setWebThreads } from './engines/onnxruntime.ts';
import type { Group } from './groupProcess.ts';
import { measure } from './measure.ts';

const [group, only, rounds] = process.argv.slice(2) as [Group, string, string];
setWebThreads(group === 'two-threads' ? 2 : 1);
const cases = groups[group]().filter(({ name }) => name.startsWith(only));
if (cases.length > 0) {
  console.log(`\n${group}, Node ${process.version}; ${describeRoofline(await measureRoofline())}`);
  if (group === 'two-threads') {
    console.log('  tfjs-backend-wasm, jax-js and brain.js take no part: under Node they have one thread');
  }
  const peaks = await loadPeaks();
  for (const each of cases) for (const row of await measure(each, peaks, Number(rounds))) await send(row);
}
// Peers leave workers behind.
process.exit();

function send(row: Row): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(row, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}
