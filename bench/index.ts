/** `npm run bench [-- --json FILE] [-- SUITE ...]`: our own kernels and models, verified, then timed. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { int8Cases } from './int8.ts';
import { kernelCases } from './kernels.ts';
import { pronounceCases } from './pronounce.ts';
import { describeRoofline, measureRoofline } from './roofline.ts';
import { describeHost, type Measured, runSuite } from './suite.ts';

const suites = { kernels: kernelCases, int8: int8Cases, pronounce: pronounceCases };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' } },
});
const names = positionals.length > 0 ? positionals : Object.keys(suites);
const measured: Measured[] = [];
const roofline = await measureRoofline();
console.log(describeRoofline(roofline));
for (const name of names) {
  const create = suites[name as keyof typeof suites];
  if (!create)
    throw new RangeError(`bench: unknown suite ${name}, expected one of ${Object.keys(suites).join(', ')}`);
  const { cases, variant } = await create();
  measured.push(...(await runSuite(`${name}: ${describeHost(variant)}`, cases, roofline, variant)));
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(measured, null, 2)}\n`);
