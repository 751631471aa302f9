/** How a translator is shaped and trained. */

export interface Recipe {
  readonly sizes: {
    readonly modelSize: number;
    readonly heads: number;
    readonly feedForwardSize: number;
    readonly encoderLayers: number;
    readonly decoderLayers: number;
    readonly dropout: number;
  };
  /** Most tokens of a text, and of a translation with its start. */
  readonly maxLength: number;
  /** In how many pairs a word must occur to have an id of its own: 1 for words, Infinity for letters alone. */
  readonly least: { readonly source: number; readonly target: number };
  /** Share of the source's words that are spelled in letters while training, so that new words can be read. */
  readonly spelling: number;
  /** Pairs made by joining two, for each pair of an epoch: they show that parts are translated apart. */
  readonly joined: number;
  /** Most pairs of one phrase in an epoch; others wait for the next. */
  readonly variants: number;
  readonly batchSize: number;
  readonly peakLearningRate: number;
  readonly warmup: number;
  readonly labelSmoothing: number;
  readonly weightDecay: number;
  /** Largest global norm of the gradients. */
  readonly clip: number;
}

/** Chosen on validation phrases of CLDR's names: see `experiments/translate`. */
export const phrases: Recipe = {
  sizes: {
    modelSize: 128,
    heads: 4,
    feedForwardSize: 256,
    encoderLayers: 2,
    decoderLayers: 2,
    dropout: 0.2,
  },
  maxLength: 128,
  least: { source: 1, target: 1 },
  spelling: 0.1,
  joined: 1,
  variants: 4,
  batchSize: 64,
  peakLearningRate: 2e-3,
  warmup: 0.1,
  labelSmoothing: 0.1,
  weightDecay: 0.01,
  clip: 1,
};
