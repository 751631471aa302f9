/** How far the parts are: a bar for each on a terminal, a line each half minute elsewhere. */
import cliProgress from 'cli-progress';

const LINE_EVERY_MILLISECONDS = 30_000;

export class Progress {
  readonly #bars: cliProgress.MultiBar | undefined;
  readonly #barOf = new Map<string, cliProgress.SingleBar>();
  readonly #said = new Map<string, number>();

  constructor() {
    if (!process.stderr.isTTY) return;
    this.#bars = new cliProgress.MultiBar({
      format: '{part} {bar} {percentage}% | {note} | {eta_formatted} left',
      stream: process.stderr,
      hideCursor: true,
    });
  }

  update(part: string, { done, total, note }: { done: number; total: number; note: string }): void {
    if (this.#bars) {
      const bar = this.#barOf.get(part) ?? this.#bars.create(total, 0, { part: part.padEnd(16), note });
      this.#barOf.set(part, bar);
      bar.update(done, { note });
      return;
    }
    const now = performance.now();
    if (now - (this.#said.get(part) ?? now - LINE_EVERY_MILLISECONDS) < LINE_EVERY_MILLISECONDS) return;
    this.#said.set(part, now);
    console.error(`${part}: ${((100 * done) / total).toFixed(0)} %${note && `, ${note}`}`);
  }

  done(part: string, note: string): void {
    const bar = this.#barOf.get(part);
    if (bar) bar.stop();
    if (this.#bars) this.#bars.log(`${part}: done, ${note}\n`);
    else console.error(`${part}: done, ${note}`);
  }

  stop(): void {
    this.#bars?.stop();
  }
}
