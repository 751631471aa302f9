/** The Transformer's encoder stack (Vaswani 2017, section 3.1), with the names of PyTorch's nn.TransformerEncoder. */
import { ArgumentError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { TransformerEncoderCache } from './encoderCache.ts';
import {
  TransformerEncoderLayer,
  type TransformerEncoderLayerConfig,
  type TransformerEncoderLayerOptions,
} from './encoderLayer.ts';
import type { KeyValueCacheConfig } from './keyValueCache.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';
import { Stack, type StackConfig, withAdditiveMasks } from './stack.ts';

export type TransformerEncoderConfig = TransformerEncoderLayerConfig & StackConfig;

/** nn.TransformerEncoder. */
export class TransformerEncoder extends Stack<TransformerEncoderLayer> {
  /** @throws ArgumentError when heads do not divide modelSize, or layers is not a positive integer */
  constructor(source: Parameters, config: TransformerEncoderConfig) {
    super(source, config, (parameters) => new TransformerEncoderLayer(parameters, config));
  }

  static create(runtime: Runtime, config: TransformerEncoderConfig, random: Random): TransformerEncoder {
    return createParameters(runtime, random, (parameters) => new TransformerEncoder(parameters, config));
  }

  /** @throws FormatError */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: TransformerEncoderConfig & LoadOptions,
  ): TransformerEncoder {
    const build = (parameters: Parameters): TransformerEncoder => new TransformerEncoder(parameters, config);
    return loadParameters(runtime, weights, config.prefix ?? '', build, config.arithmetic);
  }

  /**
   * @param x [batch, time, modelSize]
   * @param options.returnHidden whether to return what goes into each layer, and the output
   * @returns output [batch, time, modelSize], and each layer's weights on request
   * @throws ShapeError, DTypeError, ArgumentError
   */
  forward(
    x: Tensor,
    { returnHidden, ...options }: TransformerEncoderLayerOptions & { readonly returnHidden?: boolean } = {},
  ): { output: Tensor; weights?: readonly Tensor[]; hidden?: readonly Tensor[] } {
    return this.runtime.scope(() => {
      const shared = withAdditiveMasks(options);
      const maps: Tensor[] = [];
      const hidden: Tensor[] = [];
      let output = x;
      for (const layer of this.layers) {
        hidden.push(output);
        const result = layer.forward(output, shared);
        output = result.output;
        if (result.weights) maps.push(result.weights);
      }
      output = this.norm?.forward(output) ?? output;
      return {
        output,
        ...(maps.length > 0 && { weights: maps }),
        ...(returnHidden && { hidden: [...hidden, output] }),
      };
    });
  }

  /** An empty cache for `step`, which the caller disposes of. @throws OutOfMemoryError, ArgumentError */
  createCache(
    runtime: Runtime,
    past: Pick<KeyValueCacheConfig, 'batch' | 'capacity' | 'maxLength'>,
  ): TransformerEncoderCache {
    const { layers } = this;
    return new TransformerEncoderCache(runtime, layers.length, {
      ...past,
      keySize: layers[0]!.config.modelSize,
    });
  }

  /**
   * The next positions, causally after those in the cache, which these join. Not differentiable. Where rows have come to
   * differ in length (`cache.truncate`), one position at a time.
   * @param x [batch, positions, modelSize]
   * @returns output [batch, positions, modelSize]; on request the last layer's weights, their mean over the heads,
   * [batch, positions, held], where each row sees its own past: `held` is the longest row's, and the rest 0
   * @throws ShapeError, ArgumentError; the cache then holds what it held
   */
  step(
    x: Tensor,
    cache: TransformerEncoderCache,
    { returnWeights = false }: { readonly returnWeights?: boolean } = {},
  ): { output: Tensor; weights?: Tensor } {
    const { lengths: held, length } = cache;
    const uneven = held.some((own) => own !== length);
    if (uneven && x.shape[1] !== 1) {
      throw new ArgumentError(
        `transformerEncoder: rows of different lengths take one position at a time, got ${x.shape[1]}`,
      );
    }
    return this.runtime.scope(() => {
      const lengths = uneven
        ? Tensor.from(
            x.runtime,
            held.map((own) => own + 1),
            [held.length],
            'i32',
          )
        : undefined;
      let output = x;
      let weights: Tensor | undefined;
      try {
        this.layers.forEach((layer, i) => {
          const returned = returnWeights && i === this.layers.length - 1 ? 'mean' : false;
          const options = {
            causal: true,
            lengths,
            cache: cache.layers[i]!,
            returnWeights: returned,
          } as const;
          const result = layer.forward(output, options);
          output = result.output;
          weights = result.weights;
        });
      } catch (error) {
        cache.truncate(held);
        throw error;
      }
      output = this.norm?.forward(output) ?? output;
      return { output, weights };
    });
  }
}
