import { record, type Tape } from '../autograd/tape.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { expectFloats } from './operands.ts';

/** An element takes as long as so many multiplications of a matrix product. */
const COST = 8;

/** What a norm may take besides x. */
export interface NormOptions {
  /** [columns]: factors of the normalised elements; 1 when absent. */
  readonly weight?: Tensor | undefined;
  /** Added to the variance (layer norm) or the mean square (RMS norm) before the root. */
  readonly epsilon?: number;
}

export interface LayerNormOptions extends NormOptions {
  /** [columns]: added last; 0 when absent. */
  readonly bias?: Tensor | undefined;
}

/**
 * (x - mean) / sqrt(variance + epsilon) * weight + bias over the last axis, variance biased: layer norm (Ba, Kiros and
 * Hinton 2016, arXiv:1607.06450).
 * @param x [..., columns] f32
 * @param options epsilon is 1e-5 by default, as PyTorch's
 * @returns x's shape
 * @throws ShapeError, DTypeError; ArgumentError for an epsilon that is negative or not finite
 */
export function layerNorm(x: Tensor, { weight, bias, epsilon = 1e-5 }: LayerNormOptions = {}): Tensor {
  const { rows, columns } = expectNormOperands('layerNorm', x, { weight, bias }, epsilon);
  const y = Tensor.empty(x.runtime, x.shape);
  const values = [y.pointer, x.pointer, weight?.pointer ?? 0, bias?.pointer ?? 0, rows, columns, epsilon];
  x.runtime.call('f32_layer_norm', values, COST * x.size, {
    argument: 4,
    grain: 1,
    advance: { 0: 4 * columns, 1: 4 * columns },
  });
  record([y], present([x, weight, bias]), (tape) => {
    tape.kernels.f32_layer_norm_backward(
      gradientPointer(tape, x),
      gradientPointer(tape, weight),
      gradientPointer(tape, bias),
      tape.gradient(y).pointer,
      x.pointer,
      weight?.pointer ?? 0,
      rows,
      columns,
      epsilon,
    );
  });
  return y;
}

/**
 * x / sqrt(mean(x^2) + epsilon) * weight over the last axis: RMS norm (Zhang and Sennrich 2019, arXiv:1910.07467).
 * @param x [..., columns] f32
 * @param options epsilon is 1e-6 by default, as Llama's
 * @returns x's shape
 * @throws ShapeError, DTypeError; ArgumentError for an epsilon that is negative or not finite
 */
export function rmsNorm(x: Tensor, { weight, epsilon = 1e-6 }: NormOptions = {}): Tensor {
  const { rows, columns } = expectNormOperands('rmsNorm', x, { weight }, epsilon);
  const y = Tensor.empty(x.runtime, x.shape);
  const values = [y.pointer, x.pointer, weight?.pointer ?? 0, rows, columns, epsilon];
  x.runtime.call('f32_rms_norm', values, COST * x.size, {
    argument: 3,
    grain: 1,
    advance: { 0: 4 * columns, 1: 4 * columns },
  });
  record([y], present([x, weight]), (tape) => {
    tape.kernels.f32_rms_norm_backward(
      gradientPointer(tape, x),
      gradientPointer(tape, weight),
      tape.gradient(y).pointer,
      x.pointer,
      weight?.pointer ?? 0,
      rows,
      columns,
      epsilon,
    );
  });
  return y;
}

function expectNormOperands(
  where: string,
  x: Tensor,
  perColumn: Readonly<Record<string, Tensor | undefined>>,
  epsilon: number,
): { rows: number; columns: number } {
  const columns = x.shape.at(-1);
  if (columns === undefined) throw new ShapeError(`${where}: x must have an axis, got a scalar`);
  expectFloats(where, { x, ...perColumn });
  for (const [name, tensor] of Object.entries(perColumn)) {
    if (tensor) expectShape(where, name, tensor.shape, [columns]);
  }
  if (!(epsilon >= 0 && epsilon < Infinity)) {
    throw new ArgumentError(`${where}: epsilon must be finite and not negative, got ${epsilon}`);
  }
  return { rows: columns === 0 ? 0 : x.size / columns, columns };
}

function present(tensors: readonly (Tensor | undefined)[]): Tensor[] {
  return tensors.filter((tensor) => tensor !== undefined);
}

/** Where the kernel is to add a gradient, 0 where there is none to take. */
function gradientPointer(tape: Tape, tensor: Tensor | undefined): number {
  return tensor && tape.needs(tensor) ? tape.gradient(tensor).pointer : 0;
}
