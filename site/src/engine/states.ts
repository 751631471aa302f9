/** What a pronouncer's encoder and decoder hold while a word is pronounced. */
import { type Runtime, stack, Tensor } from 'heed';
import { encodeLetters, encodePhonemes, normaliseSpelling, type Pronouncer } from 'heed/pronounce';

/** A word that has been read and written; tensors live in the scope that they were made in. */
export interface WordStates {
  readonly letters: readonly string[];
  /** The encoder's outputs, [1, letters, keySize]. */
  readonly encoder: Tensor;
  /** The decoder's states that asked, one for each phoneme: [1, phonemes, querySize]. */
  readonly decoder: Tensor;
  /** The model's own weights, [phonemes * letters] in row-major order; empty without attention. */
  readonly weights: Float32Array;
}

/**
 * Writes a pronunciation once more and keeps the states: those that the attention compared.
 * @param phonemes one or more
 * @throws ArgumentError for a word or phonemes outside the alphabet
 */
export function statesOf({ model }: Pronouncer, word: string, phonemes: readonly string[]): WordStates {
  const { runtime, config } = model;
  const { letters } = normaliseSpelling(word);
  const source = ids(runtime, encodeLetters(letters));
  const written = [config.startId, ...encodePhonemes(phonemes).slice(0, -1)];
  let decoding = model.encode(source.reshape([1, letters.length]), ids(runtime, [letters.length]));
  const states: Tensor[] = [];
  const weights: number[] = [];
  for (const id of written) {
    const { next, weights: row } = model.step(ids(runtime, [id]), decoding);
    // Luong's decoder asks with its new state, Bahdanau's with the one before.
    const asking = (config.decoder ?? 'luong') === 'luong' ? next : decoding;
    states.push(asking.state.hidden);
    weights.push(...row.toFloat32Array());
    decoding = next;
  }
  return {
    letters: [...letters],
    encoder: decoding.memory.values,
    decoder: stack(states).reshape([1, states.length, config.decoderHidden]),
    weights: Float32Array.from(weights),
  };
}

function ids(runtime: Runtime, values: readonly number[]): Tensor {
  return Tensor.from(runtime, values, [values.length], 'i32');
}
