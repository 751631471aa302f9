/** `docs/experiments.md`: what is between an experiment's markers is written from its result. */

export const DOCUMENT = 'docs/experiments.md';

const begin = (name: string): string => `<!-- result of ${name} -->`;
const end = (name: string): string => `<!-- end of ${name} -->`;

/** What the page shows between the experiment's markers. @throws Error without them */
export function reportIn(page: string, name: string): string {
  const [from, to] = [page.indexOf(begin(name)), page.indexOf(end(name))];
  if (from < 0 || to < from) throw new Error(`${DOCUMENT}: expected ${begin(name)} and ${end(name)}`);
  return page.slice(from + begin(name).length, to).trim();
}

/** The page with another report between the experiment's markers. @throws Error without them */
export function withReport(page: string, name: string, report: string): string {
  const old = reportIn(page, name);
  const start = page.indexOf(begin(name)) + begin(name).length;
  const stop = page.indexOf(end(name));
  return old === report.trim() ? page : `${page.slice(0, start)}\n\n${report.trim()}\n\n${page.slice(stop)}`;
}
