import type { Result } from './experiment.ts';

/** `result.json`: indented, but lists of numbers on one line each, so that a change is seen where it is. */
export function formatResult(result: Result<unknown, unknown>): string {
  const text = JSON.stringify(result, null, 2);
  return `${text.replace(/\[[\s\d.,eE+-]*\]/g, (list) => list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'))}\n`;
}
