import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, resolve as join } from 'node:path';
import { fileURLToPath } from 'node:url';
import resolve from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import dts from 'rollup-plugin-dts';
import esbuild, { minify } from 'rollup-plugin-esbuild';

/** What `package.json` exports, each from `src/<name>.ts`. */
const computing = ['index', 'models', 'train', 'plot', 'pronounce', 'pretrained', 'pipeline'];
const entries = [...computing, 'worker', 'worker/serve'];
/** What a `<script>` makes global, by the file's name. */
const scripts = {
  'heed.iife': ['* from index', '* from models', '* from plot'],
  'heed.pronounce.iife': ['* from index', '* from models', '* from plot', '* as pronounce from pronounce'],
};
// The command line's libraries stay dependencies, and tokenizers are for those who install them; everything else is
// bundled, so that a browser needs no resolver.
const external = [/^node:/, 'commander', 'cli-progress', '@huggingface/tokenizers', '@huggingface/jinja'];

const here = fileURLToPath(new URL('.', import.meta.url));
const input = (names) => Object.fromEntries(names.map((name) => [name, `src/${name}.ts`]));
const compiled = [resolve(), esbuild({ target: 'es2022' }), licences()];
/** A minute of terser for all of them would be too long: it is for what is most often downloaded, and a fiftieth smaller. */
const small = () => terser({ module: true, ecma: 2022, compress: { passes: 2, hoist_funs: true } });
const quick = () => minify({ target: 'es2022' });

/** esbuild warns of imports for their effects alone, which hoisted ones are, where a package says that it has none. */
const unhoisted = { hoistTransitiveImports: false };

/** ES modules, the default. Binaries and weights are modules too, imported when first needed. */
const modules = {
  input: input([...entries, 'cli']),
  external,
  output: {
    dir: 'dist',
    format: 'es',
    chunkFileNames: 'chunks/[name]-[hash].js',
    manualChunks: chunkOf,
    ...unhoisted,
    plugins: [small()],
  },
  plugins: [emptyFolder(), copyData(), dataBeside(['wasm', 'weights']), ...compiled],
};

/** For `require()` in Node. Weights are the same module; binaries are required, because Jest has no `import()`. */
const commonJS = {
  input: input(entries),
  external,
  output: {
    dir: 'dist',
    format: 'cjs',
    entryFileNames: 'cjs/[name].cjs',
    chunkFileNames: 'cjs/[name]-[hash].cjs',
    manualChunks: chunkOf,
    plugins: [quick()],
  },
  plugins: [dataBeside(['weights']), ...compiled],
};

/** ES modules that fetch binaries and weights: files, which a server may cache by themselves. */
const assets = {
  input: input(computing),
  external,
  output: {
    dir: 'dist/assets',
    format: 'es',
    chunkFileNames: '[name]-[hash].js',
    manualChunks: chunkOf,
    ...unhoisted,
    plugins: [quick()],
  },
  plugins: [fetched(), ...compiled],
};

/** The entry `heed` with its binaries in one module. */
const single = {
  input: 'src/index.ts',
  output: { file: 'dist/heed.single.js', format: 'es', inlineDynamicImports: true, plugins: [small()] },
  plugins: compiled,
};

/**
 * What `startWorker` starts: one module without imports, as Vite bundles no other as a worker by default, and a page's
 * import map does not count in its workers. So tokenizers are in it; only the pronouncer's weights stay a file.
 */
const workerScript = {
  input: 'src/worker/script.ts',
  output: { file: 'dist/worker/script.js', format: 'es', inlineDynamicImports: true, plugins: [small()] },
  plugins: [fetched(/pronounce/), ...compiled],
};

/** A classic script. Its encoding is the page's: esbuild writes ASCII, which is right in all. */
const script = (name) => ({
  input: name,
  output: {
    file: `dist/${name}.js`,
    format: 'iife',
    name: 'heed',
    inlineDynamicImports: true,
    plugins: [quick()],
  },
  plugins: [madeOf(scripts), ...compiled],
});

/** Declarations, once as modules and once for `require()`. */
const types = {
  input: input(entries),
  external,
  output: [
    { dir: 'dist', chunkFileNames: 'types/[name]-[hash].d.ts' },
    {
      dir: 'dist/cjs',
      entryFileNames: '[name].d.cts',
      chunkFileNames: 'types/[name]-[hash].d.cts',
    },
  ],
  plugins: [dts()],
};

export default [modules, commonJS, assets, single, workerScript, ...Object.keys(scripts).map(script), types];

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
  const needed = new Set();
  const visit = (id) => {
    for (const imported of getModuleInfo(id)?.importedIds ?? []) {
      if (needed.has(imported)) continue;
      needed.add(imported);
      visit(imported);
    }
  };
  visit(join(here, entry));
  return needed;
}

function emptyFolder() {
  return { name: 'empty-folder', buildStart: () => rmSync('dist', { recursive: true, force: true }) };
}

/** Copies binaries and weights, as modules and as they are, and what a thread runs. */
function copyData() {
  return {
    name: 'copy-data',
    writeBundle() {
      for (const name of ['simd', 'relaxed', 'simd.train', 'relaxed.train']) {
        cpSync(`build/wasm/${name}.js`, `dist/data/${name}.js`);
        cpSync(`build/wasm/${name}.wasm`, `dist/wasm/${name}.wasm`);
      }
      cpSync('build/threadMain.js', 'dist/thread.js');
      cpSync('build/weights/pronounce.js', 'dist/data/pronounce.js');
      cpSync('models/pronounce/pronounce.safetensors', 'dist/weights/pronounce.safetensors');
    },
  };
}

/** Writes the licences of the packages that are bundled, as they ask for: dist/licences.txt. */
function licences() {
  const packages = new Map();
  return {
    name: 'licences',
    moduleParsed({ id }) {
      const [folder, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id) ?? [];
      if (folder) packages.set(name, folder);
    },
    writeBundle() {
      const texts = [...packages].sort().map(([name, folder]) => {
        const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
        const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
        const text = file ? readFileSync(`${folder}/${file}`, 'utf8').trim() : '';
        return `${name} ${version}: ${license}\n\n${text}\n`;
      });
      writeFileSync('dist/licences.txt', texts.join(`\n${'-'.repeat(80)}\n\n`));
    },
  };
}

/** Leaves modules of binaries and weights in `dist/data`: Rollup sees src as dist. */
function dataBeside(folders) {
  return {
    name: 'data-beside',
    resolveId(source) {
      if (!folders.some((folder) => source.includes(`/build/${folder}/`))) return null;
      return { id: join(here, 'src/data', basename(source)), external: 'relative' };
    },
  };
}

/** Takes `x.assets.ts` for `x.ts` where there is one. @param paths of those that may be taken; all by default */
function fetched(paths = /./) {
  return {
    name: 'fetched',
    resolveId(source, importer) {
      if (!importer || !source.startsWith('.')) return null;
      const other = join(importer, '..', source.replace(/\.ts$/, '.assets.ts'));
      return other.endsWith('.assets.ts') && paths.test(other) && existsSync(other) ? other : null;
    },
  };
}

/** Entries that are no files: each passes on what others export. */
function madeOf(contents) {
  const path = (name) => join(here, 'src', name);
  return {
    name: 'made-of',
    resolveId: (source) => (contents[source] ? path(source) : null),
    load(id) {
      const exported = contents[basename(id)];
      if (!exported || id !== path(basename(id))) return null;
      return exported.map((each) => `export ${each.replace(/(\w+)$/, "'./$1.ts'")};`).join('\n');
    },
  };
}
