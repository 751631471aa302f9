import type { ScoreFunction } from '../../layers/score.ts';

/** An LSTM encoder-decoder with attention. */
export interface Seq2SeqConfig {
  readonly sourceVocabulary: number;
  readonly targetVocabulary: number;
  /** Size of both embeddings. */
  readonly embeddingSize: number;
  /** Hidden units of each direction of the bidirectional encoder. */
  readonly encoderHidden: number;
  readonly encoderLayers: number;
  readonly decoderHidden: number;
  readonly score: ScoreFunction;
  /** Width of the additive score's comparison; decoderHidden by default. */
  readonly attentionSize?: number;
  /** Dropout while training, on embeddings, between encoder layers and before the output; 0 by default. */
  readonly dropout?: number;
  readonly paddingId: number;
  /** Begins every target: `<sos>`. */
  readonly startId: number;
  /** Ends every target: `<eos>`. */
  readonly endId: number;
}
