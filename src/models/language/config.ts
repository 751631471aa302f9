import { ArgumentError } from '../../errors.ts';
import type { Activation } from '../../ops/activation.ts';
import { checkSizes } from '../../tensor/shape.ts';
import { checkId } from '../tokens.ts';

/** A Transformer's encoder over tokens, with a head that names tokens: what masked and causal language models share. */
export interface LanguageModelConfig {
  readonly vocabulary: number;
  readonly modelSize: number;
  /** Divides modelSize. */
  readonly heads: number;
  readonly feedForwardSize: number;
  readonly layers: number;
  /** Of the feed-forward networks; 'gelu' by default, as in both papers. */
  readonly activation?: Activation;
  /** Whether norms come before sublayers rather than after their sums; false by default, as in both papers. */
  readonly normFirst?: boolean;
  /** Whether a norm follows the stack; by default where normFirst is true. */
  readonly finalNorm?: boolean;
  /** 'learned' by default, as in both papers. */
  readonly positions?: 'sinusoidal' | 'learned';
  /** Most positions of a sequence. */
  readonly maxLength: number;
  /** Whether the embedding is the output's matrix too (Press and Wolf 2017); true by default, as in both papers. */
  readonly tiedEmbeddings?: boolean;
  /** Whether embeddings are multiplied by sqrt(modelSize); by default where positions are sinusoidal. */
  readonly scaleEmbeddings?: boolean;
  /** Dropout while training, of embeddings with their positions and of sublayers' outputs; 0 by default. */
  readonly dropout?: number;
}

/** The target where there is nothing to tell, as in PyTorch and `maskTokens`. */
export const IGNORED = -100;

/**
 * Checks the sizes, the kind of positions, and the tokens that have a meaning of their own, by their names.
 * @throws ArgumentError
 */
export function checkLanguageModel(
  where: string,
  { vocabulary, modelSize, maxLength, positions = 'learned' }: LanguageModelConfig,
  tokens: Readonly<Record<string, number>>,
): void {
  checkSizes(where, { vocabulary, modelSize, maxLength });
  if (positions !== 'sinusoidal' && positions !== 'learned') {
    throw new ArgumentError(
      `${where}: positions must be sinusoidal or learned, got ${String(positions satisfies never)}`,
    );
  }
  for (const [name, id] of Object.entries(tokens)) checkId(`${where}: ${name}`, id, vocabulary);
}
