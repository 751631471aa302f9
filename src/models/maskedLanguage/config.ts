import type { LanguageModelConfig } from '../language/config.ts';

/** A Transformer that tells the tokens that are hidden from it (Devlin 2019). */
export interface MaskedLanguageModelConfig extends LanguageModelConfig {
  /** What stands for a hidden token: `[MASK]`. */
  readonly maskId: number;
}
