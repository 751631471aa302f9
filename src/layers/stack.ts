/** What the Transformer's stacks share: their layers, the final norm, the parameters. */

import { additiveMask } from '../ops/attentionMask.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { checkSizes } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { TransformerDecoderLayerOptions } from './decoderLayer.ts';
import type { TransformerEncoderLayerConfig } from './encoderLayer.ts';
import { LayerNorm } from './norm.ts';
import type { Parameters } from './parameters.ts';

/** Parameters: `layers.N.*` of each layer, and `norm.*`. */
export interface StackConfig {
  /** Number of layers, at least 1. */
  readonly layers: number;
  /** Whether a norm follows the last layer, as in nn.Transformer; true by default. */
  readonly finalNorm?: boolean;
}

interface Layer {
  dispose(): void;
}

export class Stack<Each extends Layer> {
  protected readonly runtime: Runtime;
  protected readonly layers: readonly Each[];
  protected readonly norm: LayerNorm | undefined;
  readonly #parameters = new Map<string, Tensor>();

  constructor(
    source: Parameters,
    config: TransformerEncoderLayerConfig & StackConfig,
    build: (parameters: Parameters) => Each,
  ) {
    const { layers, finalNorm = true, modelSize, epsilon } = config;
    checkSizes('transformer', { layers });
    this.runtime = source.runtime;
    const parameters = source.into(this.#parameters);
    this.layers = Array.from({ length: layers }, (_, i) => build(parameters.within(`layers.${i}.`)));
    this.norm = finalNorm
      ? new LayerNorm(parameters.within('norm.'), { size: modelSize, epsilon })
      : undefined;
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    for (const layer of this.layers) layer.dispose();
    this.norm?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The options with their masks made additive, once for all layers. */
export function withAdditiveMasks<Options extends TransformerDecoderLayerOptions>(options: Options): Options {
  const { mask, memoryMask } = options;
  return {
    ...options,
    mask: typeof mask === 'object' ? additiveMask(mask) : mask,
    memoryMask: memoryMask && additiveMask(memoryMask),
  };
}
