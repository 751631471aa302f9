/** Runs a group's cases in a process of its own. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Row } from './case.ts';

/** Flags of Node that a group is about. */
const flags = {
  'one-thread': [],
  'two-threads': [],
  'no-trap-handler': ['--disable-wasm-trap-handler'],
} as const;
export type Group = keyof typeof flags;
export const groupNames = Object.keys(flags) as Group[];

/** @param node the Node to run under. @throws when the process fails: single cases that fail are rows that say so */
export function measureGroup(
  node: string,
  group: Group,
  options: { readonly only: string; readonly rounds: number },
  collect: (row: Row) => void,
): Promise<void> {
  const path = fileURLToPath(new URL('group.ts', import.meta.url));
  const child = fork(path, [group, options.only, String(options.rounds)], {
    execPath: node,
    // Node 24 runs TypeScript by itself: no loader in the process that is measured.
    execArgv: ['--no-warnings', ...flags[group]],
  });
  child.on('message', (row) => collect(row as Row));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`compare: the ${group} process ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}
