import { readFileSync } from 'node:fs';

/** The version of heed, or the installed one of a peer. */
export function versionOf(engine: string): string {
  const path = engine === 'heed' ? '../../../package.json' : `../node_modules/${engine}/package.json`;
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version;
}
