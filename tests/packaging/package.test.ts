/** What a user does with the package: imports it by name, compiles against it, runs its command. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATA_FOLDER } from '../parity/cases.ts';
import { hasFolders, sayIfSkipped } from '../pretrained/folders.ts';
import { installPacked, type Project, root } from './project.ts';

sayIfSkipped('the packed package on published models');

let project: Project;
const run = (code: string): string => project.run(code);

beforeAll(() => {
  project = installPacked();
}, 120_000);

afterAll(() => project?.remove());

describe('the packed package', () => {
  it('holds the bundle, the types, the binaries and the papers, and nothing else', () => {
    const other = project.files.filter(
      (path) =>
        !/^(dist\/.*\.(js|cjs|d\.ts|d\.cts|wasm)|dist\/weights\/pronounce\.safetensors|dist\/licences\.txt|package\.json|README\.md|LICENSE|CHANGELOG\.md|models\/pronounce\/README\.md)$/.test(
          path,
        ),
    );
    expect(other).toEqual([]);
  });

  it('pronounces, as the README shows', () => {
    const output = run(`
      import { createPronouncer } from 'heed/pronounce';
      import { attentionMap } from 'heed/plot';
      const pronouncer = await createPronouncer();
      const { phonemes, attention } = pronouncer.pronounce('attention');
      const { phonemes: rows, letters: columns, weights } = attention;
      console.log(phonemes.join(' '));
      console.log(attentionMap({ rows, columns, weights }).toTerminal());
      pronouncer.dispose();
    `);
    expect(output.split('\n')[0]).toBe('AH0 T EH1 N SH AH0 N');
  });

  it('runs a layer from a module, as a host that imports .wasm files would', () => {
    const output = run(`
      import { readFileSync } from 'node:fs';
      import { fileURLToPath } from 'node:url';
      import { createRuntimeSync, LSTM, Random, Tensor } from 'heed';
      const file = fileURLToPath(import.meta.resolve('heed/wasm/simd.wasm'));
      const runtime = createRuntimeSync({ module: new WebAssembly.Module(readFileSync(file)) });
      const lstm = LSTM.create(runtime, { inputSize: 3, hiddenSize: 5 }, new Random(1));
      console.log(lstm.forward(Tensor.zeros(runtime, [2, 4, 3])).output.shape.join());
    `);
    expect(output).toBe('2,4,5');
  });

  it('runs threads, and ends by itself', () => {
    const output = run(`
      import { createRuntime, linear, PackedWeight, Tensor } from 'heed';
      const results = [];
      for (const threads of [1, 2]) {
        const runtime = await createRuntime({ threads, microKernel: 'loads' });
        const values = (length, step) => Float32Array.from({ length }, (_, i) => Math.sin(i * step));
        const weight = new PackedWeight(Tensor.from(runtime, values(130 * 65, 0.7), [130, 65]));
        const y = linear(Tensor.from(runtime, values(97 * 65, 0.3), [97, 65]), weight);
        results.push([runtime.threads, y.toArray().join()]);
      }
      console.log(results.map(([threads]) => threads).join(), results[0][1] === results[1][1]);
    `);
    expect(output).toBe('1,2 true');
  });

  it('runs threads for training too', () => {
    const output = run(`
      import { trainingRuntime } from 'heed/train';
      const runtime = await trainingRuntime({ threads: 3 });
      console.log(runtime.threads);
    `);
    expect(output).toBe('3');
  });

  it('brings the licences of the packages that are bundled in it', () => {
    const text = readFileSync(join(root, 'dist/licences.txt'), 'utf8');
    for (const name of ['@huggingface/jinja', '@huggingface/tokenizers', 'd3-scale', 'wasm-feature-detect']) {
      expect(text).toMatch(new RegExp(`^${name} [0-9.]+: \\S+$`, 'm'));
    }
    expect(text).toContain('Apache License');
    expect(text).toContain('Permission to use, copy, modify');
  });

  it('needs neither the sources nor a loader in its threads: their text is whole', () => {
    const texts = project.files
      .filter((path) => /^dist\/chunks\/thread-[\w-]+\.js$/.test(path))
      .map((path) => readFileSync(join(root, path), 'utf8'));
    expect(texts.length).toBe(1);
    expect(texts[0]).toContain('Atomics.wait');
    expect(texts[0]).not.toMatch(/\b(import|require)\s*\(/);
  });

  it.skipIf(!hasFolders)('runs published models, and says what text needs', () => {
    expect(existsSync(join(project.folder, 'node_modules/@huggingface'))).toBe(false);
    const folder = (name: string): string => JSON.stringify(join(DATA_FOLDER, name));
    const output = run(`
      import { createRuntime } from 'heed';
      import { pipeline } from 'heed/pipeline';
      import { generate, loadModel } from 'heed/pretrained';
      const runtime = await createRuntime();
      const model = await loadModel(runtime, ${folder('hf/gpt2')});
      const { ids } = await generate(model, [5, 17, 42], { maxTokens: 4 }).result();
      console.log(ids.length);
      await pipeline('text-generation', ${folder('models/stories260K')}).catch((error) => console.log(error.message));
    `);
    expect(output.split('\n')).toEqual([
      '4',
      'tokenizers need the package @huggingface/tokenizers: npm install @huggingface/tokenizers',
    ]);
  });

  it('is bundled for a browser without the optional packages', async () => {
    writeFileSync(
      join(project.folder, 'page.js'),
      "import { pipeline } from 'heed/pipeline'; globalThis.pipeline = pipeline;",
    );
    const { outputFiles } = await build({
      ...{ absWorkingDir: project.folder, entryPoints: ['page.js'], bundle: true, write: false },
      ...{ format: 'esm', platform: 'browser', logLevel: 'error' },
    });
    expect(outputFiles[0]!.text).toContain('@huggingface/tokenizers');
  });

  it('trains', () => {
    const output = run(`
      import { Linear, multiply, sum, Tensor } from 'heed';
      import { Adam, trainingRuntime } from 'heed/train';
      const runtime = await trainingRuntime({ seed: 1 });
      const linear = Linear.create(runtime, { inputs: 2, outputs: 1 }, runtime.random);
      const parameters = new Map([['weight', linear.weight.weight], ['bias', linear.bias]]);
      const optimizer = new Adam(parameters, { learningRate: 0.1 });
      const x = Tensor.from(runtime, [1, 2], [1, 2]);
      const losses = [];
      for (let step = 0; step < 50; step++) {
        runtime.scope(() => {
          const { loss, gradients } = runtime.gradients(() => { const y = linear.forward(x); return sum(multiply(y, y)); }, parameters);
          losses.push(loss);
          optimizer.step(gradients);
        });
      }
      console.log(losses.at(-1) < 0.01 * losses[0]);
    `);
    expect(output).toBe('true');
  });

  it('has types that a strict project compiles against', () => {
    writeFileSync(
      join(project.folder, 'program.ts'),
      `import { createPronouncer, type Pronunciation } from 'heed/pronounce';
       import { LSTM, createRuntime, Random, Tensor } from 'heed';
       import { attentionMap } from 'heed/plot';
       import { pipeline } from 'heed/pipeline';
       import { generate, type PretrainedModel } from 'heed/pretrained';
       import { trainingRuntime } from 'heed/train';
       import { startWorker } from 'heed/worker';
       const worker = await startWorker({ worker: new Worker('script.js') });
       const vectors: Float32Array[] = await (await worker.loadModel('organisation/name')).embed(['text']);
       // @ts-expect-error: a worker promises
       const early: Pronunciation = (await worker.createPronouncer()).pronounce('word');
       console.log(vectors.length, early);
       const classify = await pipeline('text-classification', 'organisation/name', { dtype: 'q8' });
       const label: string | undefined = (await classify('text'))[0]?.label;
       // @ts-expect-error: not a task
       await pipeline('object-detection', 'organisation/name');
       const tell = async (model: PretrainedModel): Promise<void> => {
         for await (const { text } of generate(model, 'Once')) console.log(text.length, label);
       };
       console.log(tell);
       const pronouncer = await createPronouncer();
       const result: Pronunciation = pronouncer.pronounce('word', { beam: 2 });
       const first: string | undefined = result.phonemes[0];
       // @ts-expect-error: the option is a number
       pronouncer.pronounce('word', { beam: 'wide' });
       const runtime = await createRuntime({ variant: 'simd' });
       // @ts-expect-error: not a variant
       await createRuntime({ variant: 'mmx' });
       const output: Tensor = LSTM.create(runtime, { inputSize: 1, hiddenSize: 1 }, new Random(0)).forward(Tensor.zeros(runtime, [1, 1, 1])).output;
       console.log(first, output.shape, attentionMap({ rows: [], columns: [], weights: [] }).toSVG(), (await trainingRuntime()).random);
      `,
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--lib',
      'es2022,esnext.disposable,dom',
    ];
    const output = (() => {
      try {
        return execFileSync(process.execPath, [tsc, ...options, 'program.ts'], {
          cwd: project.folder,
          encoding: 'utf8',
        });
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    })();
    expect(output).toBe('');
  });

  it('has the command', () => {
    const { version, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      version: string;
      bin: { heed: string };
    };
    const command = join(project.folder, 'node_modules/heed', bin.heed);
    expect(execFileSync(process.execPath, [command, '--version'], { encoding: 'utf8' }).trim()).toBe(version);
    const line = execFileSync(process.execPath, [command, 'pronounce', 'attention'], {
      encoding: 'utf8',
    }).trim();
    expect(line).toMatch(/^attention\s+AH0 T EH1 N SH AH0 N$/);
  });
});
