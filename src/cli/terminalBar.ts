import { SingleBar } from 'cli-progress';

/** A bar on a terminal. */
export interface TerminalBar {
  draw(total: number, done: number, payload: object): void;
  /** Takes the bar away, so that lines can be written; the next `draw` draws it again. */
  clear(): void;
}

/** @param format cli-progress's, with the names of the payloads' fields */
export function terminalBar(stream: NodeJS.WriteStream, format: string): TerminalBar {
  const bar = new SingleBar({
    stream,
    format,
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
  });
  let shown = false;
  return {
    draw(total, done, payload) {
      if (shown) bar.update(done, payload);
      else bar.start(total, done, payload);
      shown = true;
    },
    // Stopped rather than wiped: the bar returns the cursor to where it began, above lines written since.
    clear() {
      if (shown) bar.stop();
      shown = false;
    },
  };
}
