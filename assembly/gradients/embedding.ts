import { loadUpTo4, storeUpTo4 } from '../simd/vec';

/** table[ids[i], :] += x[i, :], in the order of i. table [any, size], ids i32 [count] already checked, x [count, size]. */
export function f32_scatter_add(tablePtr: usize, xPtr: usize, idsPtr: usize, count: i32, size: i32): void {
  const bytes = (<usize>size) << 2;
  for (let i = 0; i < count; ++i, idsPtr += 4, xPtr += bytes) {
    const row = tablePtr + <usize>load<i32>(idsPtr) * bytes;
    for (let d = 0; d < size; d += 4) {
      const offset = (<usize>d) << 2;
      const left = size - d;
      storeUpTo4(row + offset, f32x4.add(loadUpTo4(row + offset, left), loadUpTo4(xPtr + offset, left)), left);
    }
  }
}
