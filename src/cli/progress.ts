/** How far a list of words is, on the terminal of standard error. */
import { terminalBar } from './terminalBar.ts';

export interface Progress {
  /** @param bytes of the list that are done */
  update(words: number, bytes: number): void;
  /** Takes the bar away, so that lines can be written; the next update draws it again. */
  clear(): void;
}

export const noProgress: Progress = { update() {}, clear() {} };

/** @param totalBytes size of the list, or undefined where it is unknown: then words are counted, without a bar */
export function progressBar(stream: NodeJS.WriteStream, totalBytes: number | undefined): Progress {
  const counts = '{words} words, {rate} words/s';
  const started = performance.now();
  const bar = terminalBar(
    stream,
    totalBytes === undefined ? counts : `[{bar}] {percentage}%  ${counts}  {left} left`,
  );
  return {
    update(words, bytes) {
      const seconds = (performance.now() - started) / 1000;
      const done = Math.min(bytes, totalBytes ?? 0);
      const left = done > 0 ? duration((seconds * (totalBytes! - done)) / done) : '?';
      bar.draw(totalBytes ?? 0, done, { words, rate: Math.round(words / seconds), left });
    },
    clear: bar.clear,
  };
}

/** `1:02:03`, or `2:03` below an hour. */
function duration(seconds: number): string {
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(Math.floor) as [
    number,
    number,
    number,
  ];
  const padded = (part: number): string => String(part).padStart(2, '0');
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(rest)}` : `${minutes}:${padded(rest)}`;
}
