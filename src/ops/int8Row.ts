import { ArgumentError } from '../errors.ts';
import { INT8_PANEL_ROWS, type Int8Weight, int8PackedBytes } from './int8Weight.ts';

/**
 * Reads a row of a packed 8-bit weight, as values.
 * @param into [inputs]
 * @throws ArgumentError for a row that there is not
 */
export function readInt8Row(weight: Int8Weight, row: number, into: Float32Array): void {
  if (!(row >= 0 && row < weight.outputs)) {
    throw new ArgumentError(`Int8Weight: rows lie in 0..${weight.outputs - 1}, got ${row}`);
  }
  const { floats, integers } = weight.runtime.memory;
  const bytes = new Int8Array(integers.buffer);
  const scale = floats[weight.scales / 4 + row]!;
  const inPanel = row % INT8_PANEL_ROWS;
  // A panel's sums take 128 bytes, and so do each four inputs of its 32 rows.
  const first = weight.packed + int8PackedBytes(row - inPanel, weight.inputs) + 128 + 4 * inPanel;
  for (let k = 0; k < weight.inputs; k++) {
    const stored = bytes[first + 128 * (k >> 2) + (k & 3)]!;
    // Even inputs are stored with 128 added.
    into[k] = scale * (k & 1 ? stored : stored < 0 ? stored + 128 : stored - 128);
  }
}
