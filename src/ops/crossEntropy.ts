import { isRecording, record } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import { expectShape } from '../tensor/shape.ts';
import { expectDType, Tensor } from '../tensor/tensor.ts';
import { checkIds } from './embedding.ts';
import { expectFloats } from './operands.ts';

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions {
  /** Targets of this id cost nothing and are not counted. None by default. */
  readonly ignored?: number;
  /** Share of the target's probability spread over all classes (Szegedy 2016), in [0, 1]. */
  readonly labelSmoothing?: number;
  /** What the rows' losses are divided by; their number (not counting ignored ones) by default. */
  readonly divisor?: number;
}

/**
 * The mean cross-entropy of logits against target ids, as PyTorch computes it.
 * @param logits [rows, classes] f32
 * @param targets [rows] i32
 * @returns a scalar; NaN where every target is ignored
 * @throws ShapeError, DTypeError; ArgumentError for a target outside the classes or smoothing outside [0, 1]
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { ignored, labelSmoothing = 0 } = options;
  expectShape('crossEntropy', 'logits', logits.shape, [null, null]);
  const [rows, classes] = logits.shape as readonly [number, number];
  expectShape('crossEntropy', 'targets', targets.shape, [rows]);
  expectFloats('crossEntropy', { logits });
  expectDType('crossEntropy', 'targets', targets, 'i32');
  checkIds('crossEntropy: targets', targets, classes, ignored);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ArgumentError(`crossEntropy: labelSmoothing must lie in [0, 1], got ${labelSmoothing}`);
  }
  const { runtime } = logits;
  const { kernels } = runtime;
  // No class has this id: nothing is ignored.
  const ignoredId = ignored ?? -1;
  const logProbabilities = Tensor.empty(runtime, logits.shape);
  kernels.f32_log_softmax(logProbabilities.pointer, logits.pointer, 0, 0, rows, classes, 1, 1);
  const losses = Tensor.empty(runtime, [rows]);
  kernels.f32_cross_entropy(
    losses.pointer,
    logProbabilities.pointer,
    targets.pointer,
    rows,
    classes,
    ignoredId,
    labelSmoothing,
  );
  const divisor = options.divisor ?? Array.from(targets.toArray()).filter((id) => id !== ignoredId).length;
  const loss = Tensor.from(runtime, [kernels.f32_sum(losses.pointer, rows) / divisor], []);
  record([loss], [logits], (tape) => {
    kernels.f32_fill(losses.pointer, rows, tape.gradient(loss).item() / divisor);
    tape.kernels.f32_cross_entropy_backward(
      tape.gradient(logits).pointer,
      losses.pointer,
      logProbabilities.pointer,
      targets.pointer,
      rows,
      classes,
      ignoredId,
      labelSmoothing,
    );
  });
  if (!isRecording(runtime)) {
    logProbabilities.dispose();
    losses.dispose();
  }
  return loss;
}
