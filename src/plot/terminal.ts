/** What all plots for terminals share. */
import stringWidth from 'string-width';
import { ArgumentError } from '../errors.ts';

export interface TerminalOptions {
  /** Use ANSI colours: 24-bit ones for weights and images, the terminal's own for lines. Default false: no ANSI at all. */
  colour?: boolean;
  /** The most cells a line may take, an integer of at least 24. Default 80. */
  width?: number;
}

const LEAST_WIDTH = 24;

/** The options with their defaults. @throws ArgumentError when `width` is not an integer of at least 24 */
export function checkTerminal({ colour = false, width = 80 }: TerminalOptions): Required<TerminalOptions> {
  if (!Number.isInteger(width) || width < LEAST_WIDTH) {
    throw new ArgumentError(`toTerminal: width must be an integer of at least ${LEAST_WIDTH}, got ${width}`);
  }
  return { colour, width };
}

/**
 * The line, filled up with blanks. Measured on the whole line, because a mark at the start of a label joins what is before
 * it.
 */
export function padTo(line: string, width: number): string {
  return line + ' '.repeat(Math.max(0, width - stringWidth(line)));
}
