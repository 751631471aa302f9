import type { AttentionConfig } from '../../layers/attention.ts';
import type { Bahdanau2014DecoderConfig } from '../../layers/bahdanau2014Decoder.ts';
import type { BahdanauDecoderConfig } from '../../layers/bahdanauDecoder.ts';
import type { CellKind } from '../../layers/cell.ts';
import type { LuongDecoderConfig } from '../../layers/luongDecoder.ts';

/** Which of the papers' decoders; each is described in a file of its own in `layers/`. */
export type DecoderKind = 'luong' | 'bahdanau' | 'bahdanau-2014' | 'fixed-context';

/** A recurrent encoder-decoder: by default with LSTMs and Luong's attention. */
export interface Seq2SeqConfig
  extends Partial<Omit<AttentionConfig, 'querySize' | 'keySize'>>,
    Pick<LuongDecoderConfig, 'inputFeeding'>,
    Pick<BahdanauDecoderConfig, 'readout'>,
    Pick<Bahdanau2014DecoderConfig, 'maxoutSize' | 'readoutState'> {
  readonly sourceVocabulary: number;
  readonly targetVocabulary: number;
  /** Size of both embeddings. */
  readonly embeddingSize: number;
  /** Hidden units of each direction of the encoder. */
  readonly encoderHidden: number;
  readonly encoderLayers: number;
  /** Whether the encoder also reads backwards; true by default. */
  readonly bidirectional?: boolean;
  readonly decoderHidden: number;
  /** Of encoder and decoder; 'lstm' by default. The decoder 'bahdanau-2014' has a cell of its own. */
  readonly cell?: CellKind;
  /** 'luong' by default. */
  readonly decoder?: DecoderKind;
  /** Dropout while training, on embeddings, between encoder layers and before the output; 0 by default. */
  readonly dropout?: number;
  readonly paddingId: number;
  /** Begins every target: `<sos>`. */
  readonly startId: number;
  /** Ends every target: `<eos>`. */
  readonly endId: number;
}
