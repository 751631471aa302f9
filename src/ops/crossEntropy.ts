import { isRecording, record } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import { expectShape } from '../tensor/shape.ts';
import { expectDType, Tensor } from '../tensor/tensor.ts';
import { checkIds } from './embedding.ts';
import { expectFloats } from './operands.ts';

/** Options of `crossEntropyRows`. */
export interface CrossEntropyRowsOptions {
  /** Targets of this id cost nothing and are not counted. None by default. */
  readonly ignored?: number;
  /** Share of the target's probability spread over all classes (Szegedy 2016), in [0, 1]. */
  readonly labelSmoothing?: number;
}

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions extends CrossEntropyRowsOptions {
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
  const losses = rowLosses('crossEntropy', logits, targets, options);
  const { runtime } = logits;
  const counted = () => Array.from(targets.toArray()).filter((id) => id !== options.ignored).length;
  const divisor = options.divisor ?? counted();
  const loss = Tensor.from(runtime, [runtime.kernels.f32_sum(losses.pointer, losses.size) / divisor], []);
  record([loss], [losses], (tape) => {
    // Nothing else has added to it.
    tape.kernels.f32_fill(tape.gradient(losses).pointer, losses.size, tape.gradient(loss).item() / divisor);
  });
  if (!isRecording(runtime)) losses.dispose();
  return loss;
}

/**
 * The cross-entropy of each row of logits against its target id (PyTorch's reduction `none`): minus the log-probability of
 * the target.
 * @param logits [rows, classes] f32
 * @param targets [rows] i32
 * @returns [rows]; 0 where the target is ignored
 * @throws ShapeError, DTypeError; ArgumentError for a target outside the classes or smoothing outside [0, 1]
 */
export function crossEntropyRows(
  logits: Tensor,
  targets: Tensor,
  options: CrossEntropyRowsOptions = {},
): Tensor {
  return rowLosses('crossEntropyRows', logits, targets, options);
}

function rowLosses(
  where: string,
  logits: Tensor,
  targets: Tensor,
  { ignored, labelSmoothing = 0 }: CrossEntropyRowsOptions,
): Tensor {
  expectShape(where, 'logits', logits.shape, [null, null]);
  const [rows, classes] = logits.shape as readonly [number, number];
  expectShape(where, 'targets', targets.shape, [rows]);
  expectFloats(where, { logits });
  expectDType(where, 'targets', targets, 'i32', logits.runtime);
  checkIds(`${where}: targets`, targets, classes, ignored);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ArgumentError(`${where}: labelSmoothing must lie in [0, 1], got ${labelSmoothing}`);
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
  record([losses], [logits], (tape) => {
    tape.kernels.f32_cross_entropy_backward(
      tape.gradient(logits).pointer,
      tape.gradient(losses).pointer,
      logProbabilities.pointer,
      targets.pointer,
      rows,
      classes,
      ignoredId,
      labelSmoothing,
    );
  });
  if (!isRecording(runtime)) logProbabilities.dispose();
  return losses;
}
