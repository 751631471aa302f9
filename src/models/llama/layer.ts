import { GatedFeedForward } from '../../layers/gatedFeedForward.ts';
import { GroupedAttention, type GroupedAttentionOptions } from '../../layers/groupedAttention.ts';
import type { MultiHeadAttentionResult } from '../../layers/multiHeadAttention.ts';
import { RMSNorm } from '../../layers/norm.ts';
import type { Parameters } from '../../layers/parameters.ts';
import type { RotaryPositions } from '../../layers/rotaryPositions.ts';
import { add } from '../../ops/elementwise.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { LlamaConfig } from './config.ts';

/** x + attention(norm(x)), then x + feedForward(norm(x)). */
export class LlamaLayer {
  readonly #attention: GroupedAttention;
  readonly #feedForward: GatedFeedForward;
  readonly #norm1: RMSNorm;
  readonly #norm2: RMSNorm;

  constructor(parameters: Parameters, config: LlamaConfig, positions: RotaryPositions) {
    const { modelSize: size, epsilon, attentionBias, feedForwardBias } = config;
    const bias = { projections: attentionBias, output: attentionBias };
    this.#attention = new GroupedAttention(parameters.within('attention.'), { ...config, bias }, positions);
    this.#feedForward = new GatedFeedForward(parameters.within('feedForward.'), {
      ...config,
      bias: feedForwardBias,
    });
    this.#norm1 = new RMSNorm(parameters.within('norm1.'), { size, epsilon });
    this.#norm2 = new RMSNorm(parameters.within('norm2.'), { size, epsilon });
  }

  /** @param x [batch, time, modelSize] @returns output of the same shape, and weights on request */
  forward(x: Tensor, options: GroupedAttentionOptions): MultiHeadAttentionResult {
    return x.runtime.scope(() => {
      const { output: seen, weights } = this.#attention.forward(this.#norm1.forward(x), options);
      const attended = add(x, seen);
      const output = add(attended, this.#feedForward.forward(this.#norm2.forward(attended)));
      return weights ? { output, weights } : { output };
    });
  }

  dispose(): void {
    for (const part of [this.#attention, this.#feedForward, this.#norm1, this.#norm2]) part.dispose();
  }
}
