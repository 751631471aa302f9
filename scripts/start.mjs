// `npm start -- "your own words"`: the built command line draws where each sound looked in each word.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
if (!existsSync(command)) {
  console.error('heed: dist/cli.js is missing; build it first: npm run build');
  process.exit(1);
}
const given = process.argv.slice(2);
const words = given.length > 0 ? given : ['Pay attention to every letter'];
// Interrupts are for the command, which then ends this.
process.on('SIGINT', () => {});
// Standard input is left alone: words come from the arguments only.
const { status, signal, error } = spawnSync(
  process.execPath,
  [command, 'pronounce', '--map', 'terminal', ...words],
  {
    stdio: ['ignore', 'inherit', 'inherit'],
  },
);
if (error) console.error(`heed: cannot start ${command}: ${error.message}`);
process.exitCode = status ?? (signal ? 128 + constants.signals[signal] : 1);
