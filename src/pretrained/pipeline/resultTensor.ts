/** Numbers with a shape, in JavaScript's own memory: what feature extraction gives. */
export class ResultTensor {
  readonly type = 'float32';
  readonly dims: readonly number[];
  readonly data: Float32Array;

  constructor(data: Float32Array, dims: readonly number[]) {
    this.data = data;
    this.dims = dims;
  }

  get size(): number {
    return this.data.length;
  }

  /** Lists in lists, as many levels as there are dimensions. */
  // biome-ignore lint/suspicious/noExplicitAny: how deep the lists are is known by who asked for them.
  tolist(): any[] {
    const nested = (level: number, from: number, to: number): unknown[] => {
      if (level === this.dims.length - 1) return Array.from(this.data.subarray(from, to));
      const count = this.dims[level]!;
      const step = (to - from) / count;
      return Array.from({ length: count }, (_, i) =>
        nested(level + 1, from + i * step, from + (i + 1) * step),
      );
    };
    return nested(0, 0, this.data.length);
  }
}
