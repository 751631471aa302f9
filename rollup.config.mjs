import { cpSync, rmSync } from 'node:fs';
import resolve from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import dts from 'rollup-plugin-dts';
import esbuild from 'rollup-plugin-esbuild';

const entries = ['index', 'models', 'train', 'plot', 'pronounce'];
const input = (names) => Object.fromEntries(names.map((name) => [name, `src/${name}.ts`]));
// The command line's libraries stay dependencies; everything else is bundled, so that a browser needs no resolver.
const external = [/^node:/, 'commander', 'cli-progress'];

/**
 * All that every entry but `plot` shares lies in one file, and the models in another: compressed together it is 2 kB smaller than in the five that
 * Rollup would cut it into.
 */
function chunkOf(id) {
  if (/\/src\/errors\.ts$/.test(id)) return 'errors';
  if (/\/src\/(memory|runtime|tensor|io|autograd|ops|layers)\//.test(id)) return 'core';
  if (/\/src\/(decode|models)\//.test(id)) return 'models';
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
