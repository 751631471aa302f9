/** The Transformer's stacks (Vaswani 2017, section 3.1), with the names of PyTorch's nn.Transformer. */

import { checkLengths } from '../ops/lengths.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { checkSizes } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { type DecoderLayerCache, TransformerDecoderCache } from './decoderCache.ts';
import {
  TransformerDecoderLayer,
  type TransformerDecoderLayerConfig,
  type TransformerDecoderLayerOptions,
} from './decoderLayer.ts';
import type { TransformerEncoderLayerConfig, TransformerEncoderLayerOptions } from './encoderLayer.ts';
import type { KeyValueCacheConfig } from './keyValueCache.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';
import { Stack, type StackConfig, withAdditiveMasks } from './stack.ts';
import { TransformerEncoder } from './transformerEncoder.ts';

export type TransformerDecoderConfig = TransformerDecoderLayerConfig & StackConfig;

/** What a decoder stack's `forward` returns: weights by layer. */
export interface TransformerDecoderResult {
  readonly output: Tensor;
  readonly selfWeights?: readonly Tensor[];
  readonly crossWeights?: readonly Tensor[];
}

/** nn.TransformerDecoder. */
export class TransformerDecoder extends Stack<TransformerDecoderLayer> {
  /** @throws ArgumentError when heads do not divide modelSize, or layers is not a positive integer */
  constructor(source: Parameters, config: TransformerDecoderConfig) {
    super(source, config, (parameters) => new TransformerDecoderLayer(parameters, config));
  }

  static create(runtime: Runtime, config: TransformerDecoderConfig, random: Random): TransformerDecoder {
    return createParameters(runtime, random, (parameters) => new TransformerDecoder(parameters, config));
  }

  /** @throws FormatError */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: TransformerDecoderConfig & LoadOptions,
  ): TransformerDecoder {
    const build = (parameters: Parameters): TransformerDecoder => new TransformerDecoder(parameters, config);
    return loadParameters(runtime, weights, config.prefix ?? '', build, config.arithmetic);
  }

  /**
   * @param x [batch, targets, modelSize]
   * @param memory [batch, source length, modelSize], the encoder's output
   * @returns output [batch, targets, modelSize], and each layer's weights on request
   * @throws ShapeError, DTypeError, ArgumentError
   */
  forward(x: Tensor, memory: Tensor, options: TransformerDecoderLayerOptions = {}): TransformerDecoderResult {
    return this.runtime.scope(() => {
      const shared = withAdditiveMasks(options);
      const [selfWeights, crossWeights]: [Tensor[], Tensor[]] = [[], []];
      let output = x;
      for (const layer of this.layers) {
        const result = layer.forward(output, memory, shared);
        output = result.output;
        if (result.selfWeights) selfWeights.push(result.selfWeights);
        if (result.crossWeights) crossWeights.push(result.crossWeights);
      }
      output = this.norm?.forward(output) ?? output;
      return {
        output,
        ...(selfWeights.length > 0 && { selfWeights }),
        ...(crossWeights.length > 0 && { crossWeights }),
      };
    });
  }

  /**
   * A cache for `step`, which the caller disposes of. Not differentiable.
   * @param memory [batch, source length, modelSize], the encoder's output
   * @param memoryLengths i32 [batch]
   * @throws ShapeError; UnsupportedError when gradients would have to pass through
   */
  remember(
    memory: Tensor,
    memoryLengths?: Tensor,
    past: Pick<KeyValueCacheConfig, 'capacity' | 'maxLength'> = {},
  ): TransformerDecoderCache {
    const { runtime } = this;
    if (memoryLengths) {
      const [batch, positions] = memory.shape as readonly [number, number];
      checkLengths('transformerDecoder.remember', memoryLengths, batch, positions, runtime);
    }
    const caches: DecoderLayerCache[] = [];
    try {
      for (const layer of this.layers) caches.push(layer.remember(memory, past));
      return new TransformerDecoderCache(runtime, caches, memoryLengths);
    } catch (error) {
      new TransformerDecoderCache(runtime, caches, undefined).dispose();
      throw error;
    }
  }

  /**
   * The next targets, causally after those in the cache, which these join.
   * @param x [batch, targets, modelSize]
   * @returns output [batch, targets, modelSize]; on request the last layer's weights over the memory, their mean over the
   * heads [batch, targets, source length]
   * @throws ShapeError, ArgumentError; the cache then holds what it held
   */
  step(
    x: Tensor,
    cache: TransformerDecoderCache,
    { returnWeights = false }: { readonly returnWeights?: boolean } = {},
  ): { output: Tensor; weights?: Tensor } {
    const { length, memoryLengths } = cache;
    return this.runtime.scope(() => {
      let output = x;
      let weights: Tensor | undefined;
      try {
        this.layers.forEach((layer, i) => {
          const returnCrossWeights = returnWeights && i === this.layers.length - 1 ? 'mean' : false;
          const options = { causal: true, memoryLengths, returnCrossWeights } as const;
          const result = layer.forward(output, cache.layers[i]!, options);
          output = result.output;
          weights = result.crossWeights;
        });
      } catch (error) {
        cache.truncate(length);
        throw error;
      }
      output = this.norm?.forward(output) ?? output;
      return { output, weights };
    });
  }
}

/** Parameters: `encoder.*` and `decoder.*`. */
export interface TransformerConfig extends TransformerEncoderLayerConfig {
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  /** Whether a norm follows each stack; true by default. */
  readonly finalNorm?: boolean;
}

export interface TransformerOptions {
  /** What sources see of each other. */
  readonly source?: TransformerEncoderLayerOptions;
  /** What targets see: of each other usually `causal`; of the memory what `source.lengths` leaves, by default. */
  readonly target?: TransformerDecoderLayerOptions;
}

/** nn.Transformer: both stacks. */
export class Transformer {
  readonly encoder: TransformerEncoder;
  readonly decoder: TransformerDecoder;
  readonly #parameters = new Map<string, Tensor>();

  /** @throws ArgumentError when heads do not divide modelSize, or a number of layers is not a positive integer */
  constructor(source: Parameters, config: TransformerConfig) {
    const parameters = source.into(this.#parameters);
    const { encoderLayers, decoderLayers } = config;
    checkSizes('transformer', { encoderLayers, decoderLayers });
    this.encoder = new TransformerEncoder(parameters.within('encoder.'), {
      ...config,
      layers: encoderLayers,
    });
    this.decoder = new TransformerDecoder(parameters.within('decoder.'), {
      ...config,
      layers: decoderLayers,
    });
  }

  static create(runtime: Runtime, config: TransformerConfig, random: Random): Transformer {
    return createParameters(runtime, random, (parameters) => new Transformer(parameters, config));
  }

  /** @throws FormatError */
  static load(runtime: Runtime, weights: WeightSource, config: TransformerConfig & LoadOptions): Transformer {
    const build = (parameters: Parameters): Transformer => new Transformer(parameters, config);
    return loadParameters(runtime, weights, config.prefix ?? '', build, config.arithmetic);
  }

  /**
   * @param source [batch, source length, modelSize]
   * @param target [batch, targets, modelSize]
   * @returns output [batch, targets, modelSize], and each layer's weights on request
   * @throws ShapeError, DTypeError, ArgumentError
   */
  forward(
    source: Tensor,
    target: Tensor,
    options: TransformerOptions = {},
  ): TransformerDecoderResult & { readonly encoderWeights?: readonly Tensor[] } {
    return source.runtime.scope(() => {
      const { output: memory, weights } = this.encoder.forward(source, options.source);
      const memoryLengths = options.source?.lengths;
      const decoded = this.decoder.forward(target, memory, { memoryLengths, ...options.target });
      return { ...decoded, ...(weights && { encoderWeights: weights }) };
    });
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    this.encoder.dispose();
    this.decoder.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
