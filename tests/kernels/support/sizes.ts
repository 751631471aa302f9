/** Around the widths of vectors, panels and tiles: 0, 1, k 2^n and one more or less. */
export const SIZES: i32[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 64];
/** Fewer, where they are combined. */
export const FEW_SIZES: i32[] = [0, 1, 3, 4, 5, 8, 9, 17];
