/** max(x, 0), four lanes. Domain: all floats; NaN gives NaN. Exact. */
// @ts-ignore: decorator
@inline
export function relu(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0));
}
