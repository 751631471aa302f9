import { ArgumentError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { expectShape } from '../tensor/shape.ts';
import { expectDType, type Tensor } from '../tensor/tensor.ts';

/** @throws ShapeError, DTypeError; ArgumentError `<where>: lengths must lie in 0..time` */
export function checkLengths(
  where: string,
  lengths: Tensor,
  batch: number,
  time: number,
  runtime: Runtime,
): void {
  expectDType(where, 'lengths', lengths, 'i32', runtime);
  expectShape(where, 'lengths', lengths.shape, [batch]);
  const values = lengths.toArray();
  for (let i = 0; i < batch; i++) {
    if (values[i]! < 0 || values[i]! > time) {
      throw new ArgumentError(`${where}: lengths must lie in 0..${time}, got ${values[i]} at index ${i}`);
    }
  }
}
