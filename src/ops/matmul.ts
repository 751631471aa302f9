import { record } from '../autograd/tape.ts';
import { ShapeError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { describe, sizeOf } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { expectFloats } from './operands.ts';
import { packedBytes } from './packedWeight.ts';

/** A product C [M, N] = activation(A [M, K] · B [K, N]), or C += where `accumulate`. */
interface Product {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly accumulate: boolean;
  /** Code of an activation, 0 for none. */
  readonly activation: number;
  /** Elements between the rows of A; K by default. */
  readonly aStride?: number;
  /** Elements between the rows of C; N by default. */
  readonly cStride?: number;
}

/** Whole tiles of four and of six rows. */
const ROW_GRAIN = 12;
/** Four panels: what a single row is multiplied with at a time. */
const COLUMN_GRAIN = 32;

/** Multiplies with a packed right-hand side, on all threads: rows are split where there are enough, else columns. */
export function multiplyPacked(
  runtime: Runtime,
  c: number,
  a: number,
  packed: number,
  bias: number,
  { M, N, K, accumulate, activation, aStride = K, cStride = N }: Product,
): void {
  const values = [c, a, packed, bias, M, N, K, aStride, cStride, accumulate ? 1 : 0, activation];
  const byRows = { argument: 4, grain: ROW_GRAIN, advance: { 0: 4 * cStride, 1: 4 * aStride } };
  const byColumns = { argument: 5, grain: COLUMN_GRAIN, advance: { 0: 4, 2: 4 * K, 3: bias === 0 ? 0 : 4 } };
  const enoughRows = M >= 2 * ROW_GRAIN * runtime.threads;
  runtime.call('f32_matmul', values, M * N * K, enoughRows ? byRows : byColumns);
}

/** How `matmul` takes its operands. */
export interface MatmulOptions {
  /** a is [..., K, M]. */
  readonly transposeA?: boolean;
  /** b is [..., N, K]. */
  readonly transposeB?: boolean;
}

/**
 * The matrix product of two tensors, matrix by matrix over the leading axes. For a weight, which is packed only once and
 * used for all rows, there is `linear`.
 * @param a [..., M, K]
 * @param b [..., K, N], its leading axes equal to a's
 * @returns [..., M, N]
 * @throws ShapeError, DTypeError
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  const c = product(a, b, transposeA, transposeB);
  record([c], [a, b], (tape) => {
    const gradC = tape.gradient(c);
    const add = (operand: Tensor, gradient: Tensor): void => {
      tape.kernels.f32_add_scaled(tape.gradient(operand).pointer, gradient.pointer, operand.size, 1);
      gradient.dispose();
    };
    // dA = dC · B^T and dB = A^T · dC, or, where the operand was transposed, their transposes.
    const both = transposeA && transposeB;
    if (tape.needs(a)) {
      const [left, right] = transposeA ? [b, gradC] : [gradC, b];
      add(a, product(left, right, both, transposeA || !transposeB));
    }
    if (tape.needs(b)) {
      const [left, right] = transposeB ? [gradC, a] : [a, gradC];
      add(b, product(left, right, transposeB || !transposeA, both));
    }
  });
  return c;
}

/** The product alone: nothing is recorded. */
function product(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  const { leading, M, N, K } = sizesOf(a, b, transposeA, transposeB);
  expectFloats('matmul', { a, b });
  const { runtime } = a;
  // Asked for first: a disposed operand throws before anything is allocated.
  const [aStart, bStart] = [a.pointer, b.pointer];
  const c = Tensor.empty(runtime, [...leading, M, N]);
  const packed = runtime.allocate(packedBytes(N, K));
  const batch = sizeOf(leading);
  for (let i = 0; i < batch; i++) {
    const { kernels } = runtime;
    const [cPointer, aPointer, bPointer] = [
      c.pointer + 4 * i * M * N,
      aStart + 4 * i * M * K,
      bStart + 4 * i * K * N,
    ];
    if (transposeB) kernels.f32_pack_transposed(packed.pointer, bPointer, K, N, K);
    else kernels.f32_pack(packed.pointer, bPointer, K, N, N);
    if (transposeA) {
      kernels.f32_matmul_transposed(cPointer, aPointer, packed.pointer, 0, M, N, K, M, N, 0);
    } else {
      const plain = { M, N, K, accumulate: false, activation: 0 };
      multiplyPacked(runtime, cPointer, aPointer, packed.pointer, 0, plain);
    }
  }
  packed.dispose();
  return c;
}

function sizesOf(
  a: Tensor,
  b: Tensor,
  transposeA: boolean,
  transposeB: boolean,
): { leading: readonly number[]; M: number; N: number; K: number } {
  const describeBoth = `a is ${describe(a.shape)}${transposeA ? ' transposed' : ''}, b is ${describe(b.shape)}${transposeB ? ' transposed' : ''}`;
  const leading = a.shape.slice(0, -2);
  if (a.shape.length < 2 || describe(leading) !== describe(b.shape.slice(0, -2)) || b.shape.length < 2) {
    throw new ShapeError(`matmul: a and b must be matrices with the same leading axes: ${describeBoth}`);
  }
  const [M, K] = lastTwo(a, transposeA);
  const [depth, N] = lastTwo(b, transposeB);
  if (K !== depth) {
    throw new ShapeError(`matmul: inner dimensions differ, ${K} and ${depth}: ${describeBoth}`);
  }
  return { leading, M, N, K };
}

/** The extents of the last two axes, those of the transpose where asked for. */
function lastTwo({ shape }: Tensor, transposed: boolean): readonly [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}
