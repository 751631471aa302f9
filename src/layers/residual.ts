import { ArgumentError } from '../errors.ts';
import { dropout } from '../ops/dropout.ts';
import { add } from '../ops/elementwise.ts';
import type { Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { LayerNorm } from './norm.ts';

/** How a Transformer's sublayers are joined. */
export interface ResidualConfig {
  /** Whether the norms come before the sublayers rather than after their sums; false by default. */
  readonly normFirst?: boolean;
  /** Dropout of the sublayers' outputs while training, in [0, 1); 0 by default. */
  readonly dropout?: number;
}

/** @throws ArgumentError unless dropout lies in [0, 1) */
export function checkDropout(where: string, rate: number | undefined): void {
  if (rate !== undefined && !(rate >= 0 && rate < 1)) {
    throw new ArgumentError(`${where}: dropout must lie in [0, 1), got ${rate}`);
  }
}

/** Dropout where a generator of its seeds is given. */
export function drop(x: Tensor, rate = 0, random?: Random): Tensor {
  return random && rate > 0 ? dropout(x, rate, random.bits()) : x;
}

/**
 * norm(x + drop(sublayer(x))) (Vaswani 2017, sections 3.1 and 5.4), or with `normFirst` x + drop(sublayer(norm(x)))
 * (Xiong 2020).
 */
export function residual(
  x: Tensor,
  norm: LayerNorm,
  { normFirst, dropout: rate }: ResidualConfig,
  random: Random | undefined,
  sublayer: (x: Tensor) => Tensor,
): Tensor {
  if (normFirst) return add(x, drop(sublayer(norm.forward(x)), rate, random));
  return norm.forward(add(x, drop(sublayer(x), rate, random)));
}
