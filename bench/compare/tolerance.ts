/** Half a unit in the last place of 1 in f32: what one rounding may cost. */
export const EPSILON = 2 ** -24;
