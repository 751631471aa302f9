import type { SinusoidalLayout } from '../../layers/positions.ts';
import type { Activation } from '../../ops/activation.ts';

/** A Transformer that reads one sequence and writes another (Vaswani 2017). */
export interface TransformerSeq2SeqConfig {
  readonly sourceVocabulary: number;
  readonly targetVocabulary: number;
  readonly modelSize: number;
  /** Divides modelSize. */
  readonly heads: number;
  readonly feedForwardSize: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  /** Of the feed-forward networks; 'relu' by default. */
  readonly activation?: Activation;
  /** Whether norms come before sublayers rather than after their sums; false by default, as in the paper. */
  readonly normFirst?: boolean;
  /** Whether a norm follows each stack; true by default, as in nn.Transformer. */
  readonly finalNorm?: boolean;
  /** 'sinusoidal' by default. */
  readonly positions?: 'sinusoidal' | 'learned';
  /** Of sinusoidal positions; 'interleaved' by default, as in the paper. */
  readonly sinusoidalLayout?: SinusoidalLayout;
  /** Most positions of a source, and of a target with its start. */
  readonly maxLength: number;
  /**
   * Which matrices are one (Press and Wolf 2017): none, the target's embedding and the output, or also the source's
   * embedding, where both sides have one vocabulary. 'none' by default.
   */
  readonly tiedEmbeddings?: 'none' | 'target' | 'all';
  /** Whether embeddings are multiplied by sqrt(modelSize); true by default, as in the paper. */
  readonly scaleEmbeddings?: boolean;
  /** Dropout while training, of embeddings with their positions and of sublayers' outputs; 0 by default. */
  readonly dropout?: number;
  readonly paddingId: number;
  /** Begins every target: `<sos>`. */
  readonly startId: number;
  /** Ends every target: `<eos>`. */
  readonly endId: number;
}
