/** T5's blocks: x + attention(norm(x)), in the decoder x + cross-attention(norm(x)), x + feedForward(norm(x)). */
import type { DecoderLayerCache } from '../../layers/decoderCache.ts';
import { GatedFeedForward } from '../../layers/gatedFeedForward.ts';
import { KeyValueCache } from '../../layers/keyValueCache.ts';
import { Linear } from '../../layers/linear.ts';
import { MultiHeadAttention, type ReturnedWeights } from '../../layers/multiHeadAttention.ts';
import { RMSNorm } from '../../layers/norm.ts';
import type { Parameters } from '../../layers/parameters.ts';
import { add } from '../../ops/elementwise.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { T5Config } from './config.ts';

/** What a block sees of its own sequence and of the encoder's output. */
export interface T5BlockOptions {
  /** [1, heads, queries, keys], added to the scores. */
  readonly bias: Tensor;
  readonly causal: boolean;
  /** i32 [batch]: the first lengths[b] places exist. */
  readonly lengths?: Tensor;
  /** The encoder's output, or what a cache holds of it. */
  readonly memory?: Tensor | DecoderLayerCache;
  readonly memoryLengths?: Tensor;
  readonly returnWeights?: ReturnedWeights;
}

export interface T5BlockResult {
  readonly output: Tensor;
  readonly weights?: Tensor;
  readonly crossWeights?: Tensor;
}

export class T5Block {
  readonly #attention: Sublayer<MultiHeadAttention>;
  readonly #cross: Sublayer<MultiHeadAttention> | undefined;
  readonly #feedForward: Sublayer<GatedFeedForward | PlainFeedForward>;
  readonly #innerSize: number;

  constructor(parameters: Parameters, config: T5Config, decodes: boolean) {
    const { modelSize, heads, headSize, gated } = config;
    this.#innerSize = heads * headSize;
    const attention = { modelSize, heads, innerSize: this.#innerSize, bias: false, scale: 1 };
    const sublayer = <Body>(name: string, build: (source: Parameters) => Body): Sublayer<Body> => ({
      norm: new RMSNorm(parameters.within(`${name}.norm.`), { size: modelSize, epsilon: config.epsilon }),
      body: build(parameters.within(`${name}.`)),
    });
    this.#attention = sublayer('self_attn', (source) => new MultiHeadAttention(source, attention));
    this.#cross = decodes
      ? sublayer('multihead_attn', (source) => new MultiHeadAttention(source, attention))
      : undefined;
    this.#feedForward = sublayer('feedForward', (source) =>
      gated ? new GatedFeedForward(source, config) : new PlainFeedForward(source, config),
    );
  }

  /** @param x [batch, time, modelSize] @returns output of the same shape, and weights on request */
  forward(x: Tensor, options: T5BlockOptions): T5BlockResult {
    const { bias: mask, causal, lengths, memory, memoryLengths, returnWeights } = options;
    const cache = memory && 'past' in memory ? memory : undefined;
    return x.runtime.scope(() => {
      const weights: { weights?: Tensor; crossWeights?: Tensor } = {};
      const own = normed(this.#attention, x);
      const seen = this.#attention.body.forward(own, own, own, {
        mask,
        causal,
        lengths,
        returnWeights,
        cache: cache?.past,
      });
      weights.weights = seen.weights;
      let output = add(x, seen.output);
      if (this.#cross && memory) {
        const query = normed(this.#cross, output);
        const ofMemory = { lengths: memoryLengths, returnWeights };
        const read =
          'past' in memory
            ? this.#cross.body.read(query, memory.memory, ofMemory)
            : this.#cross.body.forward(query, memory, memory, ofMemory);
        weights.crossWeights = read.weights;
        output = add(output, read.output);
      }
      output = add(output, this.#feedForward.body.forward(normed(this.#feedForward, output)));
      return { output, ...weights };
    });
  }

  /** A cache for `forward`, which the caller disposes of: no targets yet, and the memory's projections. */
  remember(memory: Tensor): DecoderLayerCache {
    const [batch, capacity] = memory.shape as readonly [number, number, number];
    const keySize = this.#innerSize;
    const remembered = new KeyValueCache(memory.runtime, { batch, capacity, keySize });
    try {
      this.#cross!.body.remember(remembered, memory);
      return { past: new KeyValueCache(memory.runtime, { batch, keySize }), memory: remembered };
    } catch (error) {
      remembered.dispose();
      throw error;
    }
  }

  dispose(): void {
    for (const sublayer of [this.#attention, this.#cross, this.#feedForward]) {
      sublayer?.norm.dispose();
      sublayer?.body.dispose();
    }
  }
}

interface Sublayer<Body> {
  readonly norm: RMSNorm;
  readonly body: Body;
}

function normed({ norm }: Sublayer<unknown>, x: Tensor): Tensor {
  return norm.forward(x);
}

/** narrow(activation(wide(x))), without biases. */
class PlainFeedForward {
  readonly #wide: Linear;
  readonly #narrow: Linear;
  readonly #config: T5Config;

  constructor(parameters: Parameters, config: T5Config) {
    const { modelSize, feedForwardSize } = config;
    const wide = { inputs: modelSize, outputs: feedForwardSize, bias: false };
    const narrow = { inputs: feedForwardSize, outputs: modelSize, bias: false };
    this.#config = config;
    this.#wide = new Linear(parameters.within('up_proj.'), wide);
    this.#narrow = new Linear(parameters.within('down_proj.'), narrow);
  }

  forward(x: Tensor): Tensor {
    return this.#narrow.forward(this.#wide.forward(x, this.#config.activation));
  }

  dispose(): void {
    this.#wide.dispose();
    this.#narrow.dispose();
  }
}
