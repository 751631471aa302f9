// A project that has installed heed: packed, unpacked into node_modules, its dependencies beside it.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What texts need, and users install themselves. */
const OPTIONAL = ['@huggingface/tokenizers', '@huggingface/jinja'];

/**
 * @param root the repository, built
 * @param folder where the project is made anew
 * @returns the project's folder, in which lie node_modules/heed and the suite
 */
export function createApp(root, folder) {
  rmSync(folder, { recursive: true, force: true });
  const heed = join(folder, 'node_modules/heed');
  mkdirSync(heed, { recursive: true });
  const report = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
    ...{ cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  });
  // npm 12 keys the report by package, older ones list it.
  const [{ filename }] = Object.values(JSON.parse(report));
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', heed, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), ...OPTIONAL]) link(root, folder, name);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  cpSync(join(root, 'tests/runtimes/suite'), join(folder, 'suite'), { recursive: true });
  return folder;
}

/** A package and all that it depends on, as an install would bring them. */
export function link(root, folder, name) {
  const path = join(folder, 'node_modules', name);
  if (existsSync(path)) return;
  const installed = join(root, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(installed, path);
  const { dependencies = {} } = createRequire(import.meta.url)(join(installed, 'package.json'));
  for (const each of Object.keys(dependencies)) link(root, folder, each);
}
