import { ArgumentError } from '../../errors.ts';
import type { Activation } from '../../ops/activation.ts';

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

/** @throws ArgumentError, naming `ids` of the configuration that lie outside the vocabulary too */
export function checkLanguageModel<Config extends LanguageModelConfig>(
  where: string,
  config: Config,
  ids: readonly (keyof Config & string)[],
): void {
  for (const key of ['vocabulary', 'modelSize', 'maxLength'] as const) {
    if (!(Number.isInteger(config[key]) && config[key] > 0)) {
      throw new ArgumentError(`${where}: ${key} must be a positive integer, got ${config[key]}`);
    }
  }
  const { positions = 'learned' } = config;
  if (positions !== 'sinusoidal' && positions !== 'learned') {
    throw new ArgumentError(
      `${where}: positions must be sinusoidal or learned, got ${String(positions satisfies never)}`,
    );
  }
  for (const name of ids) checkId(`${where}: ${name}`, Number(config[name]), config.vocabulary);
}

/** @throws ArgumentError unless id is one of the vocabulary's */
export function checkId(what: string, id: number, vocabulary: number): void {
  if (Number.isInteger(id) && id >= 0 && id < vocabulary) return;
  throw new ArgumentError(`${what} must lie in 0..${vocabulary - 1}, got ${id}`);
}
