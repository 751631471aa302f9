#!/usr/bin/env node
/** The command line of heed. */
import { readFileSync } from 'node:fs';
import { run } from './cli/program.ts';

// The same relative path from src/cli.ts and from dist/cli.js.
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
process.exitCode = await run(process.argv.slice(2), version);
