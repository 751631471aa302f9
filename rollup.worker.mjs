// What `startWorker` starts, as one file that imports nothing: bundlers copy it, pages need no import map for its
// tokenizers, and it runs wherever a script does.
import resolve from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import esbuild from 'rollup-plugin-esbuild';

export default {
  input: 'src/workerScript.ts',
  output: { file: 'dist/workerScript.js', format: 'es', inlineDynamicImports: true, sourcemap: false },
  plugins: [
    resolve(),
    esbuild({ target: 'es2022' }),
    terser({ module: true, ecma: 2022, compress: { passes: 2, hoist_funs: true } }),
  ],
};
