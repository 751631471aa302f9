/** Encoder and decoder, as the configuration names them. */
import { ArgumentError } from '../../errors.ts';
import { Bahdanau2014Decoder } from '../../layers/bahdanau2014Decoder.ts';
import { BahdanauDecoder } from '../../layers/bahdanauDecoder.ts';
import type { CellState } from '../../layers/cell.ts';
import type { Decoder } from '../../layers/decoder.ts';
import { FixedContextDecoder } from '../../layers/fixedContextDecoder.ts';
import { GRU } from '../../layers/gru.ts';
import { LSTM } from '../../layers/lstm.ts';
import { LuongDecoder } from '../../layers/luongDecoder.ts';
import type { Parameters } from '../../layers/parameters.ts';
import { RNN } from '../../layers/rnn.ts';
import type { Random } from '../../tensor/random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { DecoderKind, Seq2SeqConfig } from './config.ts';

/** One of the recurrent layers. */
export interface Encoder {
  forward(x: Tensor, options: { lengths: Tensor; random?: Random }): { output: Tensor; state: CellState[] };
  dispose(): void;
}

const ENCODERS = { lstm: LSTM, gru: GRU, rnn: RNN };

const DECODERS = {
  luong: LuongDecoder,
  bahdanau: BahdanauDecoder,
  'bahdanau-2014': Bahdanau2014Decoder,
  'fixed-context': FixedContextDecoder,
} satisfies Record<DecoderKind, unknown>;

/** @throws ArgumentError for an unknown cell, or sizes that are not positive integers */
export function createEncoder(parameters: Parameters, config: Seq2SeqConfig): Encoder {
  const {
    cell = 'lstm',
    embeddingSize,
    encoderHidden,
    encoderLayers,
    bidirectional = true,
    dropout,
  } = config;
  expectOneOf('cell', cell, ENCODERS);
  return new ENCODERS[cell](parameters, {
    inputSize: embeddingSize,
    hiddenSize: encoderHidden,
    layers: encoderLayers,
    bidirectional,
    dropout,
  });
}

/** @throws ArgumentError for an unknown decoder, cell or score, or what they cannot work with */
export function createDecoder(parameters: Parameters, config: Seq2SeqConfig): Decoder {
  const { decoder = 'luong', bidirectional = true, encoderHidden, decoderHidden, score, ...rest } = config;
  expectOneOf('decoder', decoder, DECODERS);
  expectReadable(decoder, config);
  const keySize = bidirectional ? 2 * encoderHidden : encoderHidden;
  return new DECODERS[decoder](parameters, {
    ...rest,
    score: score ?? (decoder === 'luong' ? 'general' : 'additive'),
    hiddenSize: decoderHidden,
    keySize,
    finalSize: decoder === 'bahdanau-2014' ? encoderHidden : keySize,
  });
}

/** The paper's decoder reads in one way, and that without attention in none: nothing asked of them may go unheeded. */
function expectReadable(decoder: DecoderKind, { score, reach, choice }: Seq2SeqConfig): void {
  if (decoder === 'luong' || decoder === 'bahdanau') return;
  const own = decoder === 'bahdanau-2014' ? 'additive' : score;
  for (const [argument, value, only] of [
    ['score', score ?? own, own],
    ['reach', reach?.kind ?? 'global', 'global'],
    ['choice', choice ?? 'soft', 'soft'],
  ]) {
    if (value !== only) {
      throw new ArgumentError(`Seq2Seq: ${decoder} has no ${argument} but ${only}, got ${String(value)}`);
    }
  }
}

function expectOneOf(argument: string, name: string, table: object): void {
  if (Object.hasOwn(table, name)) return;
  throw new ArgumentError(
    `Seq2Seq: ${argument} must be one of ${Object.keys(table).join(', ')}, got ${String(name)}`,
  );
}
