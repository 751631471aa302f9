/** The memory of the module under test as arrays, and what several references share. */
export function viewsOf(memory: () => ArrayBuffer) {
  const f32 = (pointer: number, n: number) => new Float32Array(memory(), pointer, n);
  const i32 = (pointer: number, n: number) => new Int32Array(memory(), pointer, n);
  const f32Or = (pointer: number, n: number) => (pointer ? f32(pointer, n) : null);
  const i32Or = (pointer: number, n: number) => (pointer ? i32(pointer, n) : null);
  const put = (pointer: number, values: Float64Array) =>
    new Float64Array(memory(), pointer, values.length).set(values);
  /** The first `columns` of each row of a strided matrix. */
  const dense = (pointer: number, rows: number, columns: number, stride: number) => {
    const values = new Float64Array(rows * columns);
    for (let r = 0; r < rows; r++) values.set(f32(pointer + 4 * r * stride, columns), r * columns);
    return values;
  };
  /** The first `columns` of each row of a strided matrix of bytes. */
  const i8 = (pointer: number, rows: number, columns: number, stride: number) => {
    const values = new Int8Array(rows * columns);
    for (let r = 0; r < rows; r++)
      values.set(new Int8Array(memory(), pointer + r * stride, columns), r * columns);
    return values;
  };
  /** A result added to what was there. */
  const plus = (before: ArrayLike<number>, values: ArrayLike<number>) =>
    Float64Array.from(before, (v, i) => v + values[i]!);
  return { i8, f32, i32, f32Or, i32Or, put, dense, plus };
}

export type Views = ReturnType<typeof viewsOf>;

/** The sum of absolute values of the row that element i is in. */
export function rowSums(x: ArrayLike<number>, columns: number): (i: number) => number {
  const sums = new Float64Array(columns ? x.length / columns : 0);
  for (let i = 0; i < x.length; i++) {
    const row = Math.floor(i / columns);
    sums[row] = sums[row]! + Math.abs(x[i]!);
  }
  return (i) => sums[Math.floor(i / columns)]!;
}
