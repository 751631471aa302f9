/**
 * "Show, attend and tell" (Xu et al. 2015): a convolutional network sees an image as a grid of annotation vectors a_i, and
 * an LSTM writes what it shows, at each word looking at the place or places that its state asks for. With the paper's
 * numbers:
 *
 *   h_0 = tanh(init_h · mean_i a_i), c_0 = tanh(init_c · mean_i a_i)        f_init, section 3.1.2
 *   e_ti = f_att(a_i, h_{t-1}), additive; alpha_t = softmax(e_t)            (4), (5)
 *   z_t = beta_t sum_i alpha_ti a_i, beta_t = sigmoid(beta · h_{t-1})       (13), section 4.2.1; soft
 *   z_t = beta_t a_i, i sampled from alpha_t                                (8), (9); hard
 *   h_t, c_t = LSTM([E y_{t-1}; z_t], h_{t-1}, c_{t-1})                     (1) to (3)
 *   p(y_t) = softmax(L_o (E y_{t-1} + L_h h_t + L_z z_t))                   (7)
 *
 * The paper's encoder is a trained VGG whose weights stay; this one is small and learns with the rest. Biases of f_init, beta
 * and L_o, which the paper does not show, are ours.
 */

import type { StepModel } from '../../decode/stepModel.ts';
import { Attention } from '../../layers/attention.ts';
import { LSTMCell } from '../../layers/cell.ts';
import type { Decoding } from '../../layers/decoder.ts';
import { Embedding } from '../../layers/embedding.ts';
import { Linear } from '../../layers/linear.ts';
import {
  createParameters,
  type LoadOptions,
  loadParameters,
  type Parameters,
} from '../../layers/parameters.ts';
import { sigmoid } from '../../ops/elementwise.ts';
import { embedding } from '../../ops/embedding.ts';
import { stack } from '../../ops/join.ts';
import { addLinear } from '../../ops/linear.ts';
import { weightedSum } from '../../ops/score.ts';
import { logSoftmax } from '../../ops/softmax.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Random } from '../../tensor/random.ts';
import { checkSizes, expectShape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { WeightSource } from '../../tensor/weights.ts';
import { DecodingModel } from '../decodingModel.ts';
import { checkTokens } from '../tokens.ts';
import type { CaptionBatch } from './batch.ts';
import type { CaptionerConfig } from './config.ts';
import { GridEncoder } from './encoder.ts';
import { type CaptionLoss, type CaptionLossOptions, captionLoss } from './loss.ts';
import type { CaptionForward, Seen } from './state.ts';

/**
 * Parameters: `encoder.i.weight`, `encoder.i.bias`; `init_h`, `init_c` (weight [decoderHidden, size], bias);
 * `embedding.weight` (E); `attn_q.weight`, `attn_k.weight`, `attn_v.weight`; `beta` (weight [1, decoderHidden], bias);
 * `cell.weight_ih` [4 decoderHidden, embeddingSize + size], `cell.weight_hh`, `cell.bias_ih`, `cell.bias_hh`;
 * `out_h.weight` (L_h), `out_z.weight` (L_z), `out` (L_o: weight [vocabulary, embeddingSize], bias).
 */
export class Captioner {
  readonly runtime: Runtime;
  readonly config: CaptionerConfig;
  readonly #parameters = new Map<string, Tensor>();
  readonly #encoder: GridEncoder;
  readonly #initHidden: Linear;
  readonly #initCell: Linear;
  readonly #embedding: Embedding;
  readonly #attention: Attention;
  readonly #gate: Linear;
  readonly #cell: LSTMCell;
  readonly #outHidden: Linear;
  readonly #outContext: Linear;
  readonly #out: Linear;

  /** @throws ArgumentError for sizes that do not fit */
  constructor(source: Parameters, config: CaptionerConfig) {
    const parameters = source.into(this.#parameters);
    const { vocabulary, embeddingSize, decoderHidden: hidden, paddingId } = config;
    const { channels, height, width } = config;
    checkSizes('Captioner', { channels, height, width, vocabulary, embeddingSize, decoderHidden: hidden });
    checkTokens('Captioner', vocabulary, config);
    const linear = (name: string, inputs: number, outputs: number, bias = true): Linear =>
      new Linear(parameters.within(`${name}.`), { inputs, outputs, bias });
    this.runtime = parameters.runtime;
    this.config = config;
    this.#encoder = new GridEncoder(parameters.within('encoder.'), config);
    const size = config.blocks.at(-1)!.channels;
    this.#initHidden = linear('init_h', size, hidden);
    this.#initCell = linear('init_c', size, hidden);
    const words = { count: vocabulary, size: embeddingSize, paddingId };
    this.#embedding = new Embedding(parameters.within('embedding.'), words);
    this.#attention = new Attention(parameters, {
      score: 'additive',
      querySize: hidden,
      keySize: size,
      attentionSize: config.attentionSize,
      choice: config.choice,
    });
    this.#gate = linear('beta', hidden, 1);
    const cell = { inputSizes: [embeddingSize, size], hiddenSize: hidden };
    this.#cell = new LSTMCell(parameters.within('cell.'), cell);
    this.#outHidden = linear('out_h', hidden, embeddingSize, false);
    this.#outContext = linear('out_z', size, embeddingSize, false);
    this.#out = linear('out', embeddingSize, vocabulary);
  }

  /** A model with fresh parameters. @throws ArgumentError for sizes that do not fit */
  static create(runtime: Runtime, config: CaptionerConfig, random: Random): Captioner {
    return createParameters(runtime, random, (parameters) => new Captioner(parameters, config));
  }

  /** @throws FormatError listing every missing, misshapen and unexpected tensor; ArgumentError as `create` */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: CaptionerConfig,
    options: LoadOptions = {},
  ): Captioner {
    const { prefix = '', arithmetic } = options;
    const build = (parameters: Parameters): Captioner => new Captioner(parameters, config);
    return loadParameters(runtime, weights, prefix, build, arithmetic);
  }

  /** All parameters by name: what an optimizer steps and a file stores; without weights loaded in int8. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  /** The grid that attention weights belong to, row after row. */
  get gridSize(): { readonly rows: number; readonly columns: number } {
    return this.#encoder.gridSize;
  }

  /**
   * Looks at images.
   * @param images [batch, channels, height, width]
   * @throws ShapeError, DTypeError
   */
  encode(images: Tensor): Seen {
    const { channels, height, width } = this.config;
    expectShape('Captioner.encode', 'images', images.shape, [null, channels, height, width]);
    return this.runtime.scope(() => {
      const annotations = this.#encoder.forward(images);
      const [batch, places, size] = annotations.shape as readonly [number, number, number];
      const shares = Tensor.from(this.runtime, new Float32Array(batch * places).fill(1 / places));
      const mean = weightedSum(shares.reshape([batch, 1, places]), annotations).reshape([batch, size]);
      const state = {
        hidden: this.#initHidden.forward(mean, 'tanh'),
        cell: this.#initCell.forward(mean, 'tanh'),
      };
      return { memory: this.#attention.remember(annotations), state, position: 0 };
    });
  }

  /** One step. @param share [batch, 4 * decoderHidden], what the word before has in the gates */
  #advance(share: Tensor, { memory, state, position }: Seen, random?: Random) {
    const [batch, hidden] = state.hidden.shape as readonly [number, number];
    const read = this.#attention.read(state.hidden.reshape([batch, 1, hidden]), memory, { random });
    // A gate of each item on all that it reads: a sum of one term.
    const gate = sigmoid(this.#gate.forward(state.hidden)).reshape([batch, 1, 1]);
    const context = weightedSum(gate, read.context).reshape([batch, read.context.shape[2]!]);
    const after = this.#cell.step(this.#cell.project(1, context, share), state);
    return { read, context, next: { memory, state: after, position: position + 1 } };
  }

  /** Deep output, eq. (7). All [..., size]. @returns logits [..., vocabulary] */
  #tell(embedded: Tensor, hidden: Tensor, context: Tensor): Tensor {
    const heard = addLinear(embedded, hidden, this.#outHidden.weight);
    return this.#out.forward(addLinear(heard, context, this.#outContext.weight));
  }

  /**
   * One decoding step; hard attention looks at the most probable place.
   * @param previous i32 [batch], the words just written (`<sos>` at first)
   * @returns log-probabilities [batch, vocabulary] and attention weights [batch, 1, rows * columns]
   */
  step(previous: Tensor, seen: Seen): { next: Seen; logProbabilities: Tensor; weights: Tensor } {
    return this.runtime.scope(() => {
      const embedded = embedding(this.#embedding.weight, previous);
      const { read, context, next } = this.#advance(this.#cell.project(0, embedded), seen);
      const logits = this.#tell(embedded, next.state.hidden, context);
      return { next, logProbabilities: logSoftmax(logits), weights: read.weights };
    });
  }

  /**
   * All steps with the true words as input (teacher forcing).
   * @param random what hard attention samples with; without it, it looks at the most probable place
   * @throws ShapeError, DTypeError, ArgumentError
   */
  forward(batch: Pick<CaptionBatch, 'images' | 'targetInput'>, random?: Random): CaptionForward {
    const { images, targetInput } = batch;
    expectShape('Captioner.forward', 'targetInput', targetInput.shape, [null, images.shape[0]!]);
    return this.runtime.scope(() => {
      let seen = this.encode(images);
      const embedded = this.#embedding.forward(targetInput);
      const shares = this.#cell.project(0, embedded);
      const steps = Array.from({ length: targetInput.shape[0]! }, (_, t) => {
        const step = this.#advance(shares.at(t), seen, random);
        seen = step.next;
        return step;
      });
      const hidden = stack(steps.map(({ next }) => next.state.hidden));
      const context = stack(steps.map((step) => step.context));
      const weights = stack(steps.map(({ read }) => read.weights));
      return {
        logits: this.#tell(embedded, hidden, context),
        weights: weights.reshape([weights.shape[0]!, weights.shape[1]!, weights.shape[3]!]),
        choices: steps.flatMap(({ read }) => read.hard ?? []),
      };
    });
  }

  /**
   * What a batch costs under teacher forcing, and what REINFORCE needs to teach hard attention where to look.
   * @throws ShapeError, DTypeError, ArgumentError
   */
  hardLoss(batch: CaptionBatch, options: CaptionLossOptions = {}): CaptionLoss {
    return this.runtime.scope(() =>
      captionLoss(this.forward(batch, options.random), batch.targetOutput, this.config.paddingId, options),
    );
  }

  /** `hardLoss`'s loss alone: all that soft attention learns from. */
  loss(batch: CaptionBatch, options: CaptionLossOptions = {}): Tensor {
    return this.runtime.scope(() => this.hardLoss(batch, options).loss);
  }

  /**
   * What the decoders in `decode/` drive. A hypothesis's attention is that over the grid, word by word.
   * @param images [batch, channels, height, width], read when decoding begins
   * @throws ShapeError
   */
  stepModel(images: Tensor): StepModel<Decoding> {
    const { channels, height, width, vocabulary, startId, endId } = this.config;
    expectShape('Captioner.stepModel', 'images', images.shape, [null, channels, height, width]);
    return new DecodingModel({
      runtime: this.runtime,
      items: images.shape[0]!,
      vocabulary,
      startId,
      endId,
      start: () => this.encode(images),
      // What `start` gave, and what came of it.
      step: (previous, seen) => this.step(previous, seen as Seen),
    });
  }

  dispose(): void {
    for (const layer of [
      this.#encoder,
      this.#initHidden,
      this.#initCell,
      this.#embedding,
      this.#attention,
      this.#gate,
      this.#cell,
      this.#outHidden,
      this.#outContext,
      this.#out,
    ]) {
      layer.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
