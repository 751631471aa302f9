/** How far training is: a bar on a terminal, a line every half minute elsewhere. */
import { SingleBar } from 'cli-progress';
import type { Progress } from './training.ts';

const LINE_EVERY_MILLISECONDS = 30_000;

/** @returns what hears of each step, and takes the bar away after the last */
export function trainingProgress(stream: NodeJS.WriteStream): {
  step(progress: Progress): void;
  stop(): void;
} {
  const started = performance.now();
  if (!stream.isTTY) {
    let last = started;
    return {
      step({ step, share, loss }) {
        if (performance.now() - last < LINE_EVERY_MILLISECONDS) return;
        last = performance.now();
        stream.write(`step ${step}, ${Math.floor(100 * share)} %, loss ${loss.toFixed(3)}\n`);
      },
      stop() {},
    };
  }
  const format = 'training [{bar}] {percentage} %  step {step}  loss {loss}  {left} s left';
  const bar = new SingleBar({ stream, format, barsize: 24, clearOnComplete: true });
  bar.start(1000, 0, { step: 0, loss: '?', left: '?' });
  return {
    step({ step, share, loss }) {
      const seconds = (performance.now() - started) / 1000;
      const left = Math.ceil((seconds * (1 - share)) / share);
      bar.update(Math.floor(1000 * share), { step, loss: loss.toFixed(3), left });
    },
    stop: () => bar.stop(),
  };
}
