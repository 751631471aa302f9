/** heed/worker as it is installed: the script is found without a path, and the page's part is small. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked, type Project } from './project.ts';

let project: Project;

beforeAll(() => {
  project = installPacked();
}, 120_000);

afterAll(() => project?.remove());

describe('heed/worker, installed', () => {
  const program = (load: string): string => `${load}
    const main = async () => {
      const worker = await startWorker();
      const pronouncer = await worker.createPronouncer();
      console.log((await pronouncer.pronounce('attention')).phonemes.join(' '));
      // Nothing is disposed of: a worker of heed's that waits does not keep the process.
      process.emit('ended');
    };
    main();
  `;

  it.each([
    ['import', "import { startWorker } from 'heed/worker';", 'program.mjs'],
    ['require()', "const { startWorker } = require('heed/worker');", 'program.cjs'],
    [
      'one of your own',
      `import { Worker } from 'node:worker_threads';
       import { startWorker as start } from 'heed/worker';
       const own = new Worker("import('heed/worker/serve').then(({ serve }) => serve())", { eval: true });
       const startWorker = () => start({ worker: own });
       process.on('ended', () => own.terminate());`,
      'own.mjs',
    ],
  ])('starts by itself: %s', (_, load, file) => {
    expect(project.run(program(load), file)).toBe('AH0 T EH1 N SH AH0 N');
  });

  it('is a script and a file of weights for Vite as it comes, and little in the page', async () => {
    const app = join(project.folder, 'app');
    mkdirSync(app);
    writeFileSync(join(app, 'index.html'), '<!doctype html><script type="module" src="./page.js"></script>');
    writeFileSync(
      join(app, 'page.js'),
      "import { startWorker } from 'heed/worker'; globalThis.startWorker = startWorker;",
    );
    await build({ root: app, configFile: false, logLevel: 'error' });
    const assets = join(app, 'dist/assets');
    const files = readdirSync(assets).sort();
    expect(files.map((file) => file.replace(/-[\w-]{8}\./, '.'))).toEqual([
      'index.js',
      'pronounce.safetensors',
      'script.js',
    ]);
    const [page, , script] = files.map((file) => readFileSync(join(assets, file), 'utf8')) as [
      string,
      string,
      string,
    ];
    expect(page).toContain(files[2]);
    expect(script).toContain(files[1]);
    const bytes = gzipSync(page).length;
    console.log(`heed/worker in a page: ${bytes} bytes gzip; its script: ${gzipSync(script).length}`);
    expect(bytes).toBeLessThan(6000);
    expect(page).not.toMatch(/LSTM|safetensors/);
  });
});
