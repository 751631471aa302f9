// New apps of each bundler, with the settings that come with it.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCE = fileURLToPath(new URL('bundled/', import.meta.url));
const HERE = fileURLToPath(new URL('../node_modules/.bin/', import.meta.url));
const ROOT = fileURLToPath(new URL('../../../node_modules/.bin/', import.meta.url));

/**
 * By name: `build(folder)` bundles the folder's main.js into its dist, and gives what the bundler said. `page` is whether
 * the bundler reads an HTML page, `assets` whether it takes along the files that `new URL(…, import.meta.url)` names,
 * `needsOptional` why it cannot do without optional packages.
 */
export const bundlers = {
  vite: { page: true, assets: true, build: (folder) => said(folder, `${ROOT}vite`, ['build']) },
  webpack: { page: false, assets: true, build: buildWithWebpack },
  parcel: {
    ...{ page: true, assets: true, needsOptional: 'it wants every package that is imported, within try too' },
    build: (folder) =>
      said(folder, `${HERE}parcel`, ['build', 'index.html', '--no-autoinstall', '--cache-dir', 'cache']),
  },
  esbuild: {
    ...{ page: false, assets: false },
    build: (folder) => said(folder, `${ROOT}esbuild`, ['main.js', '--bundle', '--minify', '--outdir=dist']),
  },
  rollup: {
    ...{ page: false, assets: false },
    build: (folder) =>
      said(folder, `${ROOT}rollup`, ['main.js', '--dir', 'dist', '-p', '@rollup/plugin-node-resolve']),
  },
};

const PAGE = '<!doctype html><title>heed</title><script type="module" src="./main.js"></script>';

/** @param source a file of `bundled/` @returns the new app's folder */
export function createBundledApp(folder, source, { page }) {
  mkdirSync(join(folder, 'dist'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'new-app', private: true }));
  cpSync(join(SOURCE, source), join(folder, 'main.js'));
  writeFileSync(join(folder, page ? 'index.html' : 'dist/index.html'), PAGE);
  return folder;
}

/** @returns the lines that a command printed, without colours @throws what it said, when it fails */
async function said(cwd, command, args) {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' };
  const { stdout, stderr } = await promisify(execFile)(command, args, { cwd, env });
  return `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
}

async function buildWithWebpack(folder) {
  const webpack = createRequire(import.meta.url)('webpack');
  const compiler = webpack({
    mode: 'production',
    context: folder,
    entry: './main.js',
    output: outputTo(folder),
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  const { errors, warnings } = stats.toJson({ errors: true, warnings: true });
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return warnings.map(({ message }) => `warning: ${message}`);
}

const outputTo = (folder) => ({ path: join(folder, 'dist') });
