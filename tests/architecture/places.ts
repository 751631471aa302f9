/** Traces of the machine that a file was written on. */

// A path begins a word: after a letter, a dot or another slash it is the end of a relative path or of an address.
const ABSOLUTE =
  /(?<![\w.~@})\]-]|[\w.]\/)(?:\/(?:work|root|tmp|(?:home|Users)\/\w[\w.-]*)\/|[A-Za-z]:\\+Users\\)/;

/** The lines of a text that name an absolute path: `<line>: <text>`. */
export function absolutePaths(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, i) => (ABSOLUTE.test(line) ? [`${i + 1}: ${line.trim().slice(0, 120)}`] : []));
}

/** The packages of a package-lock.json that say where they were downloaded. */
export function lockedAddresses(text: string): string[] {
  const { packages = {} } = JSON.parse(text) as {
    packages?: Record<string, { resolved?: string; link?: boolean }>;
  };
  return Object.entries(packages).flatMap(([name, { resolved }]) => (resolved === undefined ? [] : [name]));
}
