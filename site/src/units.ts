/** Quantities as people read them. */

/** `1.9 MB`; a kB is 1000 bytes. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** step;
  return `${step === 0 ? bytes : value.toFixed(value < 10 ? 2 : 1)} ${units[step]}`;
}

/** `1.69 ms`, in three digits. */
export function millisecondsText(milliseconds: number): string {
  return `${milliseconds < 100 ? Number(milliseconds.toPrecision(3)) : Math.round(milliseconds)} ms`;
}

/** The middle of the values, or the mean of the two middle ones; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}
