// Loading a model in a page: over HTTP, kept by the Cache API, stopped when asked to; and from files that a user picks.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bertFolder } from '../suite/folders.js';
import { importPacked } from './packed.mjs';
import { visit } from './visit.mjs';

const TEXTS = ['Heed the sleeping dog.', 'Attentions, a dog', 'sleep'];
/** Their tokens, from the vocabulary of suite/folders.js: the packed package finds no tokenizer in Node. */
const IDS = [
  [2, 5, 6, 11, 12, 10, 13, 3],
  [2, 7, 8, 14, 9, 10, 3],
  [2, 11, 3],
];

/** A small BERT, by file names. */
export async function tinyModel(app) {
  return bertFolder(await importPacked(app, 'index'), 'BertModel');
}

/** @param app holds node_modules/heed, which says in Node what vectors are right */
export async function checkModels(browser, site, { expect }, app) {
  const files = await tinyModel(app);
  const expected = String(await vectorsInNode(app, files));
  const query = { module: '/pages/pretrained.js', text: TEXTS };
  const { report, said } = await visit(browser, site, query);
  const { first, again, sentOnce, sentTwice } = report;
  if (report.error) return expect('a model over HTTP', false, report.error);
  expect('embeds texts as Node does, to the bit', String(first.vectors) === expected, first.vectors);
  expect('tells how far it is', first.told[0] === 0 && first.told.at(-1) === 1, first.told);
  expect('fetches weights once', sentOnce >= files['model.safetensors'].length, sentOnce);
  expect('then has them from the cache', report.caches.length > 0 && sentTwice - sentOnce <= 1, report);
  expect('and they are the same', String(again.vectors) === expected, again.vectors);
  expect('stops when asked to', report.reason === 'enough', report.reason);
  expect('says what is missing', report.missing === 'FormatError', report.missing);
  expect('leaves nothing behind', report.left === 0, report.left);
  // Of the model that is not there, the browser says so too.
  const unexpected = said.filter((message) => !/404/.test(message));
  expect('no error where a model is loaded', unexpected.length === 0, unexpected.join('; '));
  await checkPicked(browser, site, expect, { expected, paths: written(join(app, 'picked'), files) });
}

async function checkPicked(browser, site, expect, { expected, paths }) {
  const query = { module: '/pages/picked.js', input: 'yes', text: TEXTS };
  const act = async (page) => {
    const input = await page.waitForSelector('input[data-ready]');
    await (input.setInputFiles ? input.setInputFiles(paths) : input.uploadFile(...paths));
  };
  const { report, said } = await visit(browser, site, query, { act });
  const { kind, files, vectors } = report;
  expect('the user picks files', kind === 'FileList' && files === paths.length, report);
  expect('picked files embed as in Node, to the bit', String(vectors) === expected, report);
  expect('no error where files are picked', said.length === 0, said.join('; '));
}

/** @returns the files' paths */
function written(folder, files) {
  mkdirSync(folder, { recursive: true });
  return Object.entries(files).map(([name, bytes]) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  });
}

async function vectorsInNode(app, files) {
  const { createRuntime } = await importPacked(app, 'index');
  const { embed, loadModel } = await importPacked(app, 'pretrained');
  const runtime = await createRuntime({ variant: 'simd' });
  const model = await loadModel(runtime, files);
  const vectors = (await embed(model, IDS)).map((vector) => [...vector]);
  runtime.dispose();
  return vectors;
}
