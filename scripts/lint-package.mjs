// `npm run lint:package [-- TARBALL]`: publint and are-the-types-wrong on the package as it would be published.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
// Binaries and weights are files, not modules: they have no types.
const modules = Object.keys(exports).filter((entry) => exports[entry].import || exports[entry].types);
const [both, modulesOnly] = [true, false].map((dual) =>
  modules.filter((entry) => Boolean(exports[entry].require) === dual),
);

const folder = mkdtempSync(join(tmpdir(), 'heed-lint-'));
try {
  const tarball = process.argv[2] ?? pack();
  const passed = [
    run('publint', 'run', '--strict', tarball),
    // Not `node10`: that resolution knows no `exports`, and TypeScript drops it.
    run('attw', tarball, '--format', 'table-flipped', '--profile', 'node16', '--entrypoints', ...both),
    // These take their files by `import.meta.url`, or are one module on purpose: `require()` has the others.
    run(
      'attw',
      tarball,
      '--format',
      'table-flipped',
      '--profile',
      'esm-only',
      '--entrypoints',
      ...modulesOnly,
    ),
  ];
  process.exitCode = passed.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function pack() {
  const { status, stdout } = spawnSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm pack: exit code ${status}`);
  return join(folder, stdout.trim());
}

function run(tool, ...args) {
  const { status } = spawnSync(`node_modules/.bin/${tool}`, args, { stdio: 'inherit' });
  return status === 0;
}
