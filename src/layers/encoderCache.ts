import type { Runtime } from '../runtime/runtime.ts';
import { KeyValueCache, type KeyValueCacheConfig } from './keyValueCache.ts';

/** What a causal encoder holds between steps: each layer's keys and values. It lives until `dispose`, outside scopes. */
export class TransformerEncoderCache {
  readonly layers: readonly KeyValueCache[];

  /** @throws OutOfMemoryError; ArgumentError for a maxLength below the capacity */
  constructor(runtime: Runtime, layers: number, config: KeyValueCacheConfig) {
    const caches: KeyValueCache[] = [];
    this.layers = caches;
    try {
      for (let i = 0; i < layers; i++) caches.push(new KeyValueCache(runtime, config));
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Rows side by side. */
  get batch(): number {
    return this.layers[0]!.batch;
  }

  /** Positions held of the longest row. */
  get length(): number {
    return this.layers[0]!.length;
  }

  /** Positions held of each row. */
  get lengths(): readonly number[] {
    return this.layers[0]!.lengths;
  }

  /**
   * Forgets all but the first `length` positions, or of each row as many as its own entry says.
   * @throws ShapeError; ArgumentError for more than are held
   */
  truncate(length: number | readonly number[]): void {
    for (const layer of this.layers) layer.truncate(length);
  }

  /**
   * Keeps row rows[i] as row i, for each i: repeats allowed, others forgotten.
   * @throws ArgumentError for a row outside the batch; OutOfMemoryError
   */
  select(rows: ArrayLike<number>): void {
    for (const layer of this.layers) layer.select(rows);
  }

  dispose(): void {
    for (const layer of this.layers) layer.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
