// The API suite wherever a page may run it.
import { visit } from './visit.mjs';

const inWorker = (kind, worker) => ({ module: '/pages/inWorker.js', kind, worker });

/** What the suite says of an entry that a bundle does not have by design; `lacks` tells which those are. */
const ABSENT = /not among the entries$/;

const CASES = [
  { name: 'module script', policy: 'isolated', module: '/pages/suite.js', threads: '2' },
  {
    ...{ name: 'module script with assets, strict policy', policy: 'strict and isolated' },
    ...{ module: '/pages/suiteOfAssets.js', threads: '2' },
  },
  {
    ...{ name: 'script tag, strict policy', policy: 'strict', lacks: 'entries' },
    script: ['/heed/heed.pronounce.iife.js', '/pages/suiteOfTag.js'],
  },
  { name: 'dedicated worker', ...inWorker('dedicated', '/pages/suite.js') },
  { name: 'shared worker', ...inWorker('shared', '/pages/suite.js') },
  { name: 'service worker with assets', ...inWorker('service', '/pages/suiteOfAssets.js') },
  {
    ...{ name: 'service worker with the single file', lacks: 'entries' },
    ...inWorker('service', '/pages/suiteOfSingle.js'),
  },
];

export async function checkSuites(browser, site, checks) {
  for (const { name, lacks, ...query } of CASES) {
    const { report, said } = await visit(browser, site, query);
    if (Array.isArray(report))
      checks.add(name, lacks ? report.filter(({ skipped }) => !ABSENT.test(skipped)) : report);
    else checks.expect(name, false, report);
    checks.expect(`${name}: nothing is reported`, said.length === 0, said.join('; '));
  }
}
