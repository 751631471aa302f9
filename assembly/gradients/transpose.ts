/** Rows of a block: of each, the cache line that is read stays in the first-level cache until all of it is used. */
const BLOCK_ROWS: i32 = 64;

/** Out [4, 4] = x^T. */
// @ts-ignore: decorator
@inline
function tile(outPtr: usize, xPtr: usize, outBytes: usize, xBytes: usize): void {
  const x0 = v128.load(xPtr), x1 = v128.load(xPtr + xBytes);
  const x2 = v128.load(xPtr + 2 * xBytes), x3 = v128.load(xPtr + 3 * xBytes);
  const low01 = i8x16.shuffle(x0, x1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const low23 = i8x16.shuffle(x2, x3, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const high01 = i8x16.shuffle(x0, x1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  const high23 = i8x16.shuffle(x2, x3, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  v128.store(outPtr, i8x16.shuffle(low01, low23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(outPtr + outBytes, i8x16.shuffle(low01, low23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
  v128.store(outPtr + 2 * outBytes, i8x16.shuffle(high01, high23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(outPtr + 3 * outBytes, i8x16.shuffle(high01, high23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
}

/** One row of x, `columns` (1 to 4) of it, into a column of out. */
function column(outPtr: usize, xPtr: usize, columns: i32, outBytes: usize): void {
  for (; columns > 0; --columns, outPtr += outBytes, xPtr += 4) store<f32>(outPtr, load<f32>(xPtr));
}

/**
 * out[c, r] = x[r, c], to the bit. x [rows, columns] with `xStride` elements between rows, out [columns, rows] with
 * `outStride`. The two must not overlap. What makes A^T · B, a weight's gradient, a product of `f32_matmul`; an outStride
 * that is an odd multiple of 16 keeps the rows that the product reads side by side out of each other's cache set.
 */
export function f32_transpose(outPtr: usize, xPtr: usize, rows: i32, columns: i32, outStride: i32, xStride: i32): void {
  const outBytes = (<usize>outStride) << 2, xBytes = (<usize>xStride) << 2;
  for (; rows > 0; rows -= BLOCK_ROWS, xPtr += <usize>BLOCK_ROWS * xBytes, outPtr += <usize>BLOCK_ROWS << 2) {
    const blockRows = min(rows, BLOCK_ROWS);
    for (let c = 0; c < columns; c += 4) {
      const left = min(4, columns - c);
      let x = xPtr + ((<usize>c) << 2), out = outPtr + <usize>c * outBytes;
      let r = 0;
      if (left == 4) for (; r + 4 <= blockRows; r += 4, x += xBytes << 2, out += 16) tile(out, x, outBytes, xBytes);
      for (; r < blockRows; ++r, x += xBytes, out += 4) column(out, x, left, outBytes);
    }
  }
}
