import type { Runtime } from '../runtime/runtime.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { KeyValueCache } from './keyValueCache.ts';

/** What one decoder layer holds between steps: the keys and values of the targets so far, and of the memory. */
export interface DecoderLayerCache {
  readonly past: KeyValueCache;
  readonly memory: KeyValueCache;
}

/** What a Transformer's decoder holds between steps. It lives until `dispose`, outside scopes. */
export class TransformerDecoderCache {
  readonly layers: readonly DecoderLayerCache[];
  readonly #runtime: Runtime;
  #memoryLengths: Tensor | undefined;

  /** Takes the layers' caches over. @param memoryLengths i32 [batch], copied */
  constructor(runtime: Runtime, layers: readonly DecoderLayerCache[], memoryLengths: Tensor | undefined) {
    this.#runtime = runtime;
    this.layers = layers;
    this.#memoryLengths = memoryLengths && this.#lengthsOf(memoryLengths.toArray());
  }

  /** Rows side by side. */
  get batch(): number {
    return this.layers[0]!.past.batch;
  }

  /** Target positions held. */
  get length(): number {
    return this.layers[0]!.past.length;
  }

  /** i32 [batch]: how much of the memory exists. */
  get memoryLengths(): Tensor | undefined {
    return this.#memoryLengths;
  }

  /** Forgets all but the first `length` target positions. */
  truncate(length: number): void {
    for (const { past } of this.layers) past.truncate(length);
  }

  /**
   * Keeps row rows[i] as row i, for each i: repeats allowed, others forgotten.
   * @param withMemory false where row i reads the same memory as before
   * @throws ArgumentError for a row outside the batch; OutOfMemoryError
   */
  select(rows: ArrayLike<number>, withMemory = true): void {
    for (const { past, memory } of this.layers) {
      past.select(rows);
      if (withMemory) memory.select(rows);
    }
    if (!(withMemory && this.#memoryLengths)) return;
    const lengths = this.#memoryLengths.toArray();
    this.#memoryLengths.dispose();
    this.#memoryLengths = this.#lengthsOf(Array.from(rows, (row) => lengths[row]!));
  }

  #lengthsOf(values: ArrayLike<number>): Tensor {
    const storage = this.#runtime.memory.allocate(4 * values.length);
    const lengths = new Tensor(this.#runtime, storage, [values.length], 'i32');
    lengths.set(values);
    return lengths;
  }

  dispose(): void {
    for (const { past, memory } of this.layers) {
      past.dispose();
      memory.dispose();
    }
    this.#memoryLengths?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
