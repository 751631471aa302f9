/** References of cross-entropy and Adam for the specs. */
import * as adam from '../../reference/adam.ts';
import * as crossEntropy from '../../reference/crossEntropy.ts';
import { absolute } from '../bounds.ts';
import type { Views } from './views.ts';

export function trainingReferences({ f32, i32, put, plus }: Views) {
  return {
    crossEntropy(
      out: number,
      magnitude: number,
      logProbabilities: number,
      targets: number,
      rows: number,
      classes: number,
      ignored: number,
      smoothing: number,
    ) {
      const logs = f32(logProbabilities, rows * classes);
      put(out, crossEntropy.crossEntropy(logs, i32(targets, rows), classes, ignored, smoothing));
      // Log-probabilities are negative: their absolute values add up to the same loss.
      put(
        magnitude,
        crossEntropy.crossEntropy(
          absolute(logs).map((v) => -v),
          i32(targets, rows),
          classes,
          ignored,
          smoothing,
        ),
      );
    },
    crossEntropyBackward(
      out: number,
      magnitude: number,
      before: number,
      gradLoss: number,
      logProbabilities: number,
      targets: number,
      rows: number,
      classes: number,
      ignored: number,
      smoothing: number,
    ) {
      const logs = f32(logProbabilities, rows * classes);
      const start = f32(before, rows * classes);
      const dl = f32(gradLoss, rows);
      put(
        out,
        plus(
          start,
          crossEntropy.crossEntropyBackward(dl, logs, i32(targets, rows), classes, ignored, smoothing),
        ),
      );
      put(
        magnitude,
        Float64Array.from(
          start,
          (v, i) => Math.abs(v) + Math.abs(dl[Math.floor(i / classes)]!) * (Math.exp(logs[i]!) + 1),
        ),
      );
    },

    adam(
      outParameter: number,
      outFirst: number,
      outSecond: number,
      magnitudeParameter: number,
      magnitudeFirst: number,
      magnitudeSecond: number,
      parameter: number,
      first: number,
      second: number,
      gradient: number,
      n: number,
      gradientScale: number,
      learningRate: number,
      beta1: number,
      beta2: number,
      epsilon: number,
      weightDecay: number,
      decoupled: number,
      correction1: number,
      correction2: number,
    ) {
      const [p, m, v, g] = [f32(parameter, n), f32(first, n), f32(second, n), f32(gradient, n)];
      const options = {
        gradientScale,
        learningRate,
        beta1,
        beta2,
        epsilon,
        weightDecay,
        decoupled: decoupled !== 0,
        correction1,
        correction2,
      };
      const after = adam.adam(p, m, v, g, options);
      put(outParameter, after.parameter);
      put(outFirst, after.firstMoment);
      put(outSecond, after.secondMoment);
      const decayed = (i: number) => (decoupled ? 0 : Math.abs(weightDecay * p[i]!));
      const slope = (i: number) => Math.abs(gradientScale * g[i]!) + decayed(i);
      const firstError = Float64Array.from(m, (x, i) => 3 * beta1 * Math.abs(x) + 7 * (1 - beta1) * slope(i));
      const secondError = Float64Array.from(v, (x, i) => 3 * beta2 * x + 11 * (1 - beta2) * slope(i) ** 2);
      put(magnitudeFirst, firstError);
      put(magnitudeSecond, secondError);
      put(
        magnitudeParameter,
        Float64Array.from(p, (x, i) => {
          const after2 = after.secondMoment[i]!;
          const denominator = Math.sqrt(after2) / Math.sqrt(correction2) + epsilon;
          const relative = 9 + (after2 > 0 ? secondError[i]! / (2 * after2) : 0);
          const moved = firstError[i]! + relative * Math.abs(after.firstMoment[i]!);
          return 4 * Math.abs(x) + ((learningRate / correction1) * moved) / denominator;
        }),
      );
    },
  };
}
