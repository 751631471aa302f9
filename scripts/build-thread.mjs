// Turns what a thread runs into a string, so that starting one needs no path; and into a file, for pages whose policy
// allows no workers but from files.
import { writeFileSync } from 'node:fs';
import { buildSync } from 'esbuild';

const { outputFiles } = buildSync({
  entryPoints: ['src/runtime/threadMain.ts'],
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  write: false,
});
writeFileSync('build/threadMain.js', outputFiles[0].text);
writeFileSync('build/thread.js', `export default ${JSON.stringify(outputFiles[0].text)};\n`);
writeFileSync('build/thread.d.ts', 'declare const source: string;\nexport default source;\n');
