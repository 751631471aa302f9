/** Figures as tables show them. */

/** A fraction: 0.2567 is `25.67 %`. */
export const percent = (fraction: number): string => `${(100 * fraction).toFixed(2)} %`;

/** A difference of fractions, in percentage points. */
export const points = (difference: number): string => (100 * difference).toFixed(1);

/** With a comma between thousands. */
export const whole = (value: number): string => Math.round(value).toLocaleString('en');

/** A Markdown table; the first column is text, the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
