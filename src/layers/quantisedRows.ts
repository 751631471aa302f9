import { toFloat32 } from '../io/conversion.ts';
import { quantiseRows } from '../io/quantise.ts';
import { Int8Weight } from '../ops/int8Weight.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** What has come of a weight. */
interface Held {
  readonly integers: Uint8Array;
  readonly scales: Float32Array;
  /** The row that is coming. */
  readonly row: Float32Array;
}

/** A weight that is made an 8-bit one as its rows come. */
export class QuantisedRows {
  /** Can be used when all rows have come. */
  readonly weight: Int8Weight;
  readonly inputs: number;
  /** From the first row to the last: not all weights of a model are under way at once. */
  #held: Held | undefined;
  #transposed: Float32Array | undefined;
  #rowsLeft: number;

  /** @throws ArgumentError, OutOfMemoryError */
  constructor(runtime: Runtime, outputs: number, inputs: number) {
    this.weight = Int8Weight.empty(runtime, outputs, inputs);
    this.inputs = inputs;
    this.#rowsLeft = outputs;
  }

  /** Consecutive elements of the row-major matrix; those of a row come in order. @throws ArgumentError unless finite */
  write(start: number, values: Float32Array): void {
    const { inputs } = this;
    const { row: line } = this.#hold();
    for (let i = 0; i < values.length; ) {
      const [row, column] = [Math.floor((start + i) / inputs), (start + i) % inputs];
      const end = Math.min(values.length, i + inputs - column);
      line.set(values.subarray(i, end), column);
      if (column + end - i === inputs) this.#quantise(row);
      i = end;
    }
  }

  /** Consecutive elements of the transpose of rows [from, to), which is held whole until its last one. */
  writeTransposed(from: number, to: number, start: number, values: Float32Array): void {
    const rows = to - from;
    const { row: line } = this.#hold();
    this.#transposed ??= new Float32Array(rows * this.inputs);
    this.#transposed.set(values, start);
    if (start + values.length < rows * this.inputs) return;
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < this.inputs; k++) line[k] = this.#transposed[k * rows + row]!;
      this.#quantise(from + row);
    }
    this.#transposed = undefined;
  }

  #hold(): Held {
    const { outputs, inputs } = this.weight;
    this.#held ??= {
      integers: new Uint8Array(outputs * inputs),
      scales: new Float32Array(outputs),
      row: new Float32Array(inputs),
    };
    return this.#held;
  }

  #quantise(row: number): void {
    const held = this.#hold();
    const { integers, scales } = quantiseRows(held.row, [1, this.inputs]);
    held.integers.set(integers.bytes, row * this.inputs);
    held.scales[row] = toFloat32(scales)[0]!;
    if (--this.#rowsLeft > 0) return;
    this.weight.fill(held.integers, held.scales);
    this.#held = undefined;
  }
}
