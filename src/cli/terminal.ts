/** What a terminal can show: colour and width. */

/**
 * Whether to write colours: the option decides, then NO_COLOR, then FORCE_COLOR (https://no-color.org,
 * https://force-color.org), then whether a terminal reads them.
 */
export function wantsColour(
  option: boolean | undefined,
  environment: NodeJS.ProcessEnv,
  toTerminal: boolean,
): boolean {
  if (option !== undefined) return option;
  if (environment.NO_COLOR) return false;
  if (environment.FORCE_COLOR) return !['0', 'false'].includes(environment.FORCE_COLOR);
  return toTerminal && environment.TERM !== 'dumb';
}

/** Cells of a line: at least 24, and 80 where nothing is known. */
export function terminalWidth(columns: number | undefined): number {
  return columns ? Math.max(24, columns) : 80;
}
