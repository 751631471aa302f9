/**
 * Gradients shared between threads: each shard writes its own, all wait for each other, and each thread adds them up
 * in the order of the shards, so that every thread takes the same optimizer step and the number of threads changes
 * nothing.
 */
import type { Tensor } from '../../src/tensor/tensor.ts';

/** Longest wait for another thread; it has died if it takes longer. */
const PATIENCE_MILLISECONDS = 300_000;

const ARRIVED = 0;
const GENERATION = 1;
const HEADER_INTEGERS = 16;

export class GradientExchange {
  readonly buffer: SharedArrayBuffer;
  readonly #threads: number;
  readonly #header: Int32Array;
  readonly #losses: Float32Array;
  readonly #shards: Float32Array[];

  /** @param buffer one that another thread's exchange has; a new one by default */
  constructor(parameterCount: number, shards: number, threads: number, buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(4 * (HEADER_INTEGERS + shards + shards * parameterCount));
    this.#threads = threads;
    this.#header = new Int32Array(this.buffer, 0, HEADER_INTEGERS);
    this.#losses = new Float32Array(this.buffer, 4 * HEADER_INTEGERS, shards);
    const start = 4 * (HEADER_INTEGERS + shards);
    this.#shards = Array.from(
      { length: shards },
      (_, i) => new Float32Array(this.buffer, start + 4 * i * parameterCount, parameterCount),
    );
  }

  /** Publishes a shard's gradients. */
  write(shard: number, loss: number, gradients: ReadonlyMap<string, Tensor>): void {
    this.#losses[shard] = loss;
    let offset = 0;
    for (const gradient of gradients.values()) {
      const { floats } = gradient.runtime.memory;
      this.#shards[shard]!.set(
        floats.subarray(gradient.pointer / 4, gradient.pointer / 4 + gradient.size),
        offset,
      );
      offset += gradient.size;
    }
  }

  /** Waits for all shards and puts the sum of their gradients into `gradients`. @returns the summed loss */
  sum(gradients: ReadonlyMap<string, Tensor>): number {
    this.#meet();
    let offset = 0;
    for (const gradient of gradients.values()) {
      const { runtime, size } = gradient;
      const [first, ...others] = this.#shards.map((shard) => shard.subarray(offset, offset + size));
      gradient.set(first!);
      runtime.scope(() => {
        const other = runtime.allocate(4 * size).pointer;
        for (const values of others) {
          runtime.memory.floats.set(values, other / 4);
          runtime.kernels.f32_add_scaled(gradient.pointer, other, size, 1);
        }
      });
      offset += size;
    }
    const loss = this.#losses.reduce((a, b) => a + b, 0);
    this.#meet();
    return loss;
  }

  #meet(): void {
    const generation = Atomics.load(this.#header, GENERATION);
    if (Atomics.add(this.#header, ARRIVED, 1) + 1 === this.#threads) {
      Atomics.store(this.#header, ARRIVED, 0);
      Atomics.add(this.#header, GENERATION, 1);
      Atomics.notify(this.#header, GENERATION);
    } else if (Atomics.wait(this.#header, GENERATION, generation, PATIENCE_MILLISECONDS) === 'timed-out') {
      throw new Error(`training: another thread did not answer for ${PATIENCE_MILLISECONDS / 1000} s`);
    }
  }
}
