import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import resolve from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import dts from 'rollup-plugin-dts';
import esbuild from 'rollup-plugin-esbuild';

const entries = ['index', 'models', 'train', 'plot', 'pronounce', 'pretrained', 'pipeline'];
const input = (names) => Object.fromEntries(names.map((name) => [name, `src/${name}.ts`]));
// The command line's libraries stay dependencies, and tokenizers are for those who install them; everything else is
// bundled, so that a browser needs no resolver.
const external = [/^node:/, 'commander', 'cli-progress', '@huggingface/tokenizers', '@huggingface/jinja'];

/**
 * What the entry `heed` needs lies in one file, what only `heed/models` needs in another: compressed together a file is
 * 2 kB smaller than in the five that Rollup would cut it into.
 */
function chunkOf(id, { getModuleInfo }) {
  if (/\/src\/errors\.ts$/.test(id)) return 'errors';
  if (neededBy('src/index.ts', getModuleInfo).has(id)) return 'core';
  if (neededBy('src/models.ts', getModuleInfo).has(id)) return 'models';
}

/** The modules that an entry imports, and those that they import, statically; without the entry. */
function neededBy(entry, getModuleInfo) {
  const root = fileURLToPath(new URL(entry, import.meta.url));
  const needed = new Set();
  const visit = (id) => {
    for (const imported of getModuleInfo(id)?.importedIds ?? []) {
      if (needed.has(imported)) continue;
      needed.add(imported);
      visit(imported);
    }
  };
  visit(root);
  return needed;
}

/** Starts from an empty folder, and copies the raw binaries for hosts that import `.wasm` as a module. */
const copyBinaries = {
  name: 'copy-binaries',
  buildStart() {
    rmSync('dist', { recursive: true, force: true });
  },
  writeBundle() {
    for (const name of ['simd', 'relaxed', 'simd.train', 'relaxed.train']) {
      cpSync(`build/wasm/${name}.wasm`, `dist/wasm/${name}.wasm`);
    }
  },
};

export default [
  {
    input: input([...entries, 'cli']),
    external,
    output: {
      dir: 'dist',
      format: 'es',
      chunkFileNames: 'chunks/[name]-[hash].js',
      manualChunks: chunkOf,
      sourcemap: false,
    },
    plugins: [
      resolve(),
      esbuild({ target: 'es2022' }),
      terser({ module: true, ecma: 2022, compress: { passes: 2, hoist_funs: true } }),
      copyBinaries,
    ],
  },
  {
    input: input(entries),
    external,
    output: { dir: 'dist', format: 'es', chunkFileNames: 'types/[name]-[hash].d.ts' },
    plugins: [dts()],
  },
];
