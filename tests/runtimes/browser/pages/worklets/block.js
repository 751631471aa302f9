/** Samples of a worklet's block. */
export const BLOCK = 128;
/** As many as the block has samples, so that all can be heard. */
export const HIDDEN = 128;
export const LAYERS = 2;
