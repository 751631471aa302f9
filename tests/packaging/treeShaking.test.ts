/** Who imports a layer gets that layer: bundlers drop the rest of the built package. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import resolve from '@rollup/plugin-node-resolve';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked, type Project } from './project.ts';

let project: Project;

beforeAll(() => {
  project = installPacked();
}, 120_000);

afterAll(() => project?.remove());

/** A page's own file and what it imports at once, as the bundlers make them from the packed package. */
const bundlers = {
  async rollup(page: string): Promise<string> {
    const bundle = await rollup({ input: page, plugins: [resolve()], logLevel: 'silent' });
    const { output } = await bundle.generate({ format: 'es', compact: true });
    await bundle.close();
    const initial = new Set([output[0].fileName, ...output[0].imports]);
    return output.map((file) => ('code' in file && initial.has(file.fileName) ? file.code : '')).join('');
  },
  async esbuild(page: string): Promise<string> {
    const { outputFiles, metafile } = await build({
      ...{ absWorkingDir: project.folder, entryPoints: [page], outdir: 'out', bundle: true, splitting: true },
      ...{ format: 'esm', minify: true, write: false, metafile: true, logLevel: 'error' },
    });
    const [own] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint !== undefined)!;
    const imports = metafile.outputs[own]!.imports.filter(({ kind }) => kind === 'import-statement');
    const initial = [own, ...imports.map(({ path }) => path)];
    return outputFiles
      .map((file) => (initial.some((path) => file.path.endsWith(path)) ? file.text : ''))
      .join('');
  },
} as const;

/** Texts that minifiers keep, of what stands in errors: each proves that its module is there. */
const traces = ['LSTM', 'GRU', 'MultiHeadAttention', 'layerNorm', 'safetensors', 'dropout', 'crossEntropy'];

describe.each(['rollup', 'esbuild'] as const)('%s', (name) => {
  const bundle = async (code: string): Promise<{ found: string[]; bytes: number }> => {
    const page = join(project.folder, 'page.js');
    writeFileSync(page, code);
    const text = await bundlers[name](page);
    return { found: traces.filter((trace) => text.includes(trace)), bytes: gzipSync(text).length };
  };

  it('keeps what a page with one layer needs, under half of the core', async () => {
    const all = await bundle("import * as heed from 'heed'; globalThis.heed = heed;");
    const one = await bundle(
      "import { createRuntime, Linear } from 'heed'; globalThis.heed = { createRuntime, Linear };",
    );
    console.log(`${name}: createRuntime and Linear ${one.bytes} bytes gzip, all of heed ${all.bytes}`);
    // The traces are real: with everything imported, each is found.
    expect(all.found).toEqual(traces);
    expect(one.found).toEqual([]);
    expect(one.bytes).toBeLessThan(all.bytes / 2);
  });

  it('drops a package that is imported and not used', async () => {
    const unused = await bundle(
      "import { createRuntime } from 'heed'; import 'heed/models'; import 'heed/plot';",
    );
    expect(unused.bytes).toBeLessThan(100);
  });
});
