/** One block of the convolutional encoder: a 3 x 3 convolution that keeps the size, ReLU, and max pooling. */
export interface EncoderBlock {
  readonly channels: number;
  /** The window of the pooling, by which rows and columns are divided; 1 for none, 2 by default. */
  readonly pool?: number;
}

/** A convolutional encoder and an LSTM decoder that attends over what it saw (Xu 2015, "Show, attend and tell"). */
export interface CaptionerConfig {
  /** Of the images: what comes in. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** One or more, in the order in which the image passes through them; the last one's channels are the annotations' size. */
  readonly blocks: readonly EncoderBlock[];
  readonly vocabulary: number;
  readonly embeddingSize: number;
  readonly decoderHidden: number;
  /** Width of the additive score's comparison; decoderHidden by default. */
  readonly attentionSize?: number;
  /** Whether a step reads the average of the annotations (section 4.2) or one sampled place (section 4.1); soft by default. */
  readonly choice?: 'soft' | 'hard';
  readonly paddingId: number;
  /** Begins every caption: `<sos>`. */
  readonly startId: number;
  /** Ends every caption: `<eos>`. */
  readonly endId: number;
}
