import type { LanguageModelConfig } from '../language/config.ts';

/** A Transformer that tells the next token from those before it (Radford 2018). */
export interface CausalLanguageModelConfig extends LanguageModelConfig {
  /** Begins every sequence, and what is written without a prompt: `<s>`. */
  readonly startId: number;
  /** Ends every sequence: `</s>`. */
  readonly endId: number;
}
