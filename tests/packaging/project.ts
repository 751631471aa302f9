/** The package as a user installs it: packed, and unpacked into an empty project. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The command's own dependencies depend on these. */
const indirect = ['string-width', 'strip-ansi', 'ansi-regex', 'emoji-regex', 'is-fullwidth-code-point'];

export interface Project {
  readonly folder: string;
  readonly tarball: string;
  /** What the package holds, by path. */
  readonly files: readonly string[];
  /** Runs a program of this project in Node. @returns what it printed, trimmed @throws when it fails */
  run(code: string, file?: string): string;
  remove(): void;
}

/** A new project in a temporary folder that has heed from its tarball. */
export function installPacked(): Project {
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('packaging: run `npm run build` first');
  const folder = mkdtempSync(join(tmpdir(), 'heed-package-'));
  const { tarball, files } = pack(folder);
  unpack(tarball, join(folder, 'node_modules/heed'));
  linkDependencies(join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  return {
    ...{ folder, tarball, files },
    run(code, file = 'program.js') {
      writeFileSync(join(folder, file), code);
      return execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' }).trim();
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function pack(folder: string): { tarball: string; files: string[] } {
  const report = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // npm 12 keys the report by package, older ones list it.
  const parsed = JSON.parse(report) as Record<string, { filename: string; files: { path: string }[] }>;
  const [entry] = Object.values(parsed);
  return { tarball: join(folder, entry!.filename), files: entry!.files.map(({ path }) => path) };
}

export function unpack(tarball: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
}

/** As an install would bring them. */
function linkDependencies(modules: string): void {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(dependencies), ...indirect]) {
    if (existsSync(join(root, 'node_modules', name)))
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
}
