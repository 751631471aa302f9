/** Training progress: a bar on a terminal, a line every half minute elsewhere. */
import cliProgress from 'cli-progress';
import type { StepReport } from './replica.ts';

const LINE_EVERY_MILLISECONDS = 30_000;

export class TrainingProgress {
  readonly #total: number;
  readonly #bar: cliProgress.SingleBar | undefined;
  readonly #started = performance.now();
  readonly #first: number;
  #pairs = 0;
  #last = performance.now();
  #recent = 0;
  #epochSum = 0;
  #epochSteps = 0;

  constructor(total: number, first: number) {
    this.#total = total;
    this.#first = first;
    if (!process.stderr.isTTY) return;
    this.#bar = new cliProgress.SingleBar({
      format: '{bar} {percentage}% | loss {loss} | {speed} words/s | {left} left',
      stream: process.stderr,
    });
    this.#bar.start(total, first, { loss: '', speed: '', left: '' });
  }

  step({ step, loss, pairs, gradientNorm, learningRate }: StepReport): void {
    this.#pairs += pairs;
    this.#epochSum += loss;
    this.#epochSteps++;
    this.#recent = this.#recent === 0 ? loss : 0.98 * this.#recent + 0.02 * loss;
    const seconds = (performance.now() - this.#started) / 1000;
    const speed = (this.#pairs / seconds).toFixed(0);
    const left = duration(((this.#total - step) * seconds) / (step - this.#first));
    this.#bar?.update(step, { loss: this.#recent.toFixed(4), speed, left });
    if (this.#bar || performance.now() - this.#last < LINE_EVERY_MILLISECONDS) return;
    this.#last = performance.now();
    console.log(
      `step ${step}/${this.#total}, loss ${this.#recent.toFixed(4)}, gradient norm ${gradientNorm.toFixed(2)}, learning rate ${learningRate.toExponential(2)}, ${speed} words/s, ${left} left`,
    );
  }

  /** The mean loss since it was last asked for. */
  epochLoss(): number {
    const mean = this.#epochSum / this.#epochSteps;
    this.#epochSum = this.#epochSteps = 0;
    return mean;
  }

  line(text: string): void {
    if (this.#bar) process.stderr.clearLine(0, () => process.stderr.cursorTo(0));
    console.log(text);
  }

  stop(): void {
    this.#bar?.stop();
  }
}

function duration(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return minutes >= 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes} min`;
}
