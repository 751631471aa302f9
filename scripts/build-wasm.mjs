// Compiles the four binaries of asconfig.json and embeds each as a module of hexadecimal digits, so that
// neither bundlers nor users ever configure a path to a .wasm file. (The pass coalesce-locals leaves the machine code
// as it is; binaries whose locals are used again compress a seventh better.)
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';

const targets = { simd: 'index', relaxed: 'index', 'simd.train': 'train', 'relaxed.train': 'train' };
mkdirSync('build/wasm', { recursive: true });

for (const [target, entry] of Object.entries(targets)) {
  const file = `build/wasm/${target}.wasm`;
  // asc ignores unknown targets with exit code 0: only a fresh output proves the compilation.
  rmSync(file, { force: true });
  const { error, stderr } = await asc.main([
    `assembly/${entry}.ts`,
    '--config',
    'asconfig.json',
    '--target',
    target,
  ]);
  if (error) {
    console.error(stderr.toString());
    throw error;
  }
  const digits = readFileSync(file).toString('hex');
  writeFileSync(`build/wasm/${target}.js`, `export default '${digits}';\n`);
  writeFileSync(`build/wasm/${target}.d.ts`, 'declare const digits: string;\nexport default digits;\n');
}
