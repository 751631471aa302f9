import { isRecording, record } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import { Tensor } from '../tensor/tensor.ts';
import { expectFloats } from './operands.ts';

/**
 * Inverted dropout (Srivastava 2014) while gradients are recorded; the identity otherwise.
 * @param rate probability of dropping an element, in [0, 1)
 * @param seed 32-bit integer; the same seed drops the same elements
 * @throws ArgumentError
 */
export function dropout(x: Tensor, rate: number, seed: number): Tensor {
  if (!(rate >= 0 && rate < 1)) throw new ArgumentError(`dropout: rate must lie in [0, 1), got ${rate}`);
  expectFloats('dropout', { x });
  if (rate === 0 || !isRecording(x.runtime)) return x;
  const keep = 1 - rate;
  const threshold = Math.round(keep * 2 ** 31) - 1;
  const y = Tensor.empty(x.runtime, x.shape);
  x.runtime.trainingKernels.f32_dropout(y.pointer, x.pointer, x.size, seed, threshold, 1 / keep, 0);
  record([y], [x], (tape) => {
    tape.kernels.f32_dropout(
      tape.gradient(x).pointer,
      tape.gradient(y).pointer,
      x.size,
      seed,
      threshold,
      1 / keep,
      1,
    );
  });
  return y;
}
