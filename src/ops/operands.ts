import { ArgumentError, DTypeError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * Checks an op's float operands, before it allocates anything.
 * @throws DTypeError `<where>: <name> must be f32, got i32`; ArgumentError for tensors of different runtimes; DisposedError
 */
export function expectFloats(where: string, operands: Readonly<Record<string, Tensor | undefined>>): void {
  let first: Tensor | undefined;
  for (const name in operands) {
    const tensor = operands[name];
    if (!tensor) continue;
    if (tensor.dtype !== 'f32') throw new DTypeError(`${where}: ${name} must be f32, got ${tensor.dtype}`);
    first ??= tensor;
    void tensor.pointer;
    if (tensor.runtime !== first.runtime) {
      throw new ArgumentError(`${where}: ${name} belongs to another runtime than the other operands`);
    }
  }
}
