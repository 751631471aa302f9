/**
 * Sequence to sequence: a bidirectional LSTM reads the source, an LSTM writes the target, attending to what was read
 * at every step (Luong 2015 with input feeding):
 *
 *   s_t = LSTM([e(y_{t-1}); h~_{t-1}], s_{t-1})     a_t = softmax(score(s_t, h_j))     c_t = sum_j a_tj h_j
 *   h~_t = tanh(W_c [c_t; s_t])                     p(y_t) = softmax(W_o h~_t + b_o)
 *
 * Parameters: `src_embedding`, `tgt_embedding`, `encoder.*` (LSTM), `bridge_h`, `bridge_c` (from the encoder's last
 * states to s_0), `cell.{weight,bias}_{ih,hh}`, `attn*`, `combine.weight`, `out`.
 */
import type { StepModel } from '../../decode/stepModel.ts';
import { Attention } from '../../layers/attention.ts';
import { Embedding } from '../../layers/embedding.ts';
import { Linear } from '../../layers/linear.ts';
import { LSTM } from '../../layers/lstm.ts';
import {
  createParameters,
  type LoadOptions,
  loadParameters,
  type Parameters,
} from '../../layers/parameters.ts';
import { crossEntropy } from '../../ops/crossEntropy.ts';
import { dropout } from '../../ops/dropout.ts';
import { add, tanh } from '../../ops/elementwise.ts';
import { embedding } from '../../ops/embedding.ts';
import { concatenate, stack } from '../../ops/join.ts';
import { addLinear, linear } from '../../ops/linear.ts';
import { lstmCell } from '../../ops/lstm.ts';
import { logSoftmax } from '../../ops/softmax.ts';
import type { Weight } from '../../ops/weight.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Random } from '../../tensor/random.ts';
import { expectShape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { WeightSource } from '../../tensor/weights.ts';
import type { Seq2SeqBatch } from './batch.ts';
import type { Seq2SeqConfig } from './config.ts';
import { type EncoderDecoder, Seq2SeqStepModel } from './decoding.ts';
import type { DecoderState, Encoded } from './state.ts';

export class Seq2Seq implements EncoderDecoder {
  readonly runtime: Runtime;
  readonly config: Seq2SeqConfig;
  readonly #parameters = new Map<string, Tensor>();
  readonly #sourceEmbedding: Embedding;
  readonly #targetEmbedding: Embedding;
  readonly #encoder: LSTM;
  readonly #bridgeHidden: Linear;
  readonly #bridgeCell: Linear;
  readonly #cellEmbedded: Weight;
  readonly #cellFed: Weight;
  readonly #cellRecurrent: Weight;
  readonly #cellBiases: readonly [Tensor, Tensor];
  readonly #attention: Attention;
  readonly #combine: Linear;
  readonly #out: Linear;

  constructor(source: Parameters, config: Seq2SeqConfig) {
    const parameters = source.into(this.#parameters);
    const { embeddingSize, encoderHidden, decoderHidden, paddingId } = config;
    const encoded = 2 * encoderHidden;
    this.runtime = parameters.runtime;
    this.config = config;
    this.#sourceEmbedding = new Embedding(parameters.within('src_embedding.'), {
      count: config.sourceVocabulary,
      size: embeddingSize,
      paddingId,
    });
    this.#targetEmbedding = new Embedding(parameters.within('tgt_embedding.'), {
      count: config.targetVocabulary,
      size: embeddingSize,
      paddingId,
    });
    this.#encoder = new LSTM(parameters.within('encoder.'), {
      inputSize: embeddingSize,
      hiddenSize: encoderHidden,
      layers: config.encoderLayers,
      bidirectional: true,
      dropout: config.dropout,
    });
    this.#bridgeHidden = new Linear(parameters.within('bridge_h.'), {
      inputs: encoded,
      outputs: decoderHidden,
    });
    this.#bridgeCell = new Linear(parameters.within('bridge_c.'), {
      inputs: encoded,
      outputs: decoderHidden,
    });
    const cell = parameters.within('cell.');
    const bound = { bound: 1 / Math.sqrt(decoderHidden) };
    const rows = 4 * decoderHidden;
    const sources = [embeddingSize, decoderHidden];
    const inputWeight = cell.weightColumns(
      'weight_ih',
      [rows, embeddingSize + decoderHidden],
      bound,
      sources,
    );
    [this.#cellEmbedded, this.#cellFed] = inputWeight as [Weight, Weight];
    this.#cellRecurrent = cell.weight('weight_hh', [rows, decoderHidden], bound);
    this.#cellBiases = [cell.get('bias_ih', [rows], bound), cell.get('bias_hh', [rows], bound)];
    this.#attention = new Attention(parameters, {
      score: config.score,
      querySize: decoderHidden,
      keySize: encoded,
      attentionSize: config.attentionSize,
    });
    this.#combine = new Linear(parameters.within('combine.'), {
      inputs: encoded + decoderHidden,
      outputs: decoderHidden,
      bias: false,
    });
    this.#out = new Linear(parameters.within('out.'), {
      inputs: decoderHidden,
      outputs: config.targetVocabulary,
    });
  }

  /** A model with fresh parameters. */
  static create(runtime: Runtime, config: Seq2SeqConfig, random: Random): Seq2Seq {
    return createParameters(runtime, random, (parameters) => new Seq2Seq(parameters, config));
  }

  /** @throws FormatError listing every missing, misshapen and unexpected tensor */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    config: Seq2SeqConfig,
    options: LoadOptions = {},
  ): Seq2Seq {
    const { prefix = '', arithmetic } = options;
    return loadParameters(
      runtime,
      weights,
      prefix,
      (parameters) => new Seq2Seq(parameters, config),
      arithmetic,
    );
  }

  /** All parameters by name: what an optimizer steps and a file stores; without weights loaded in int8. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  /**
   * Reads a batch of sources.
   * @param source i32 [batch, source length], padded with anything
   * @param lengths i32 [batch]
   * @throws ShapeError, DTypeError, ArgumentError
   */
  encode(source: Tensor, lengths: Tensor, random?: Random): Encoded {
    expectShape('Seq2Seq.encode', 'source', source.shape, [null, null]);
    return this.runtime.scope(() => {
      const embedded = this.#drop(this.#sourceEmbedding.forward(source), random);
      const { output, state } = this.#encoder.forward(embedded, { lengths, random });
      const [forward, reverse] = state.slice(-2) as [(typeof state)[0], (typeof state)[0]];
      const hidden = tanh(this.#bridgeHidden.forward(concatenate([forward.hidden, reverse.hidden])));
      const cell = tanh(this.#bridgeCell.forward(concatenate([forward.cell, reverse.cell])));
      const attentional = Tensor.zeros(this.runtime, hidden.shape);
      return { memory: this.#attention.remember(output, lengths), state: { hidden, cell, attentional } };
    });
  }

  /** The share of the gates that the previous tokens give: [..., 4 * decoderHidden]. */
  #project(embedded: Tensor): Tensor {
    const [inputBias, recurrentBias] = this.#cellBiases;
    return linear(embedded, this.#cellEmbedded, add(inputBias, recurrentBias));
  }

  /** One step after the embedding. @param projected [batch, 4 * decoderHidden] */
  #advance(projected: Tensor, { memory, state }: Encoded): { state: DecoderState; weights: Tensor } {
    const fed = addLinear(projected, state.attentional, this.#cellFed);
    const gates = addLinear(fed, state.hidden, this.#cellRecurrent);
    const { hidden, cell } = lstmCell(gates, state.cell);
    const [batch, size] = hidden.shape as readonly [number, number];
    const { context, weights } = this.#attention.read(hidden.reshape([batch, 1, size]), memory);
    const both = concatenate([context.reshape([batch, context.shape[2]!]), hidden]);
    return { state: { hidden, cell, attentional: tanh(this.#combine.forward(both)) }, weights };
  }

  #drop(x: Tensor, random: Random | undefined): Tensor {
    const { dropout: rate = 0 } = this.config;
    return random && rate > 0 ? dropout(x, rate, random.bits()) : x;
  }

  /**
   * One decoding step.
   * @param previous i32 [batch], the tokens just written (`<sos>` at first)
   * @returns log-probabilities [batch, target vocabulary] and attention weights [batch, 1, source length]
   */
  step(
    previous: Tensor,
    encoded: Encoded,
  ): { state: DecoderState; logProbabilities: Tensor; weights: Tensor } {
    return this.runtime.scope(() => {
      const projected = this.#project(embedding(this.#targetEmbedding.weight, previous));
      const { state, weights } = this.#advance(projected, encoded);
      return { state, logProbabilities: logSoftmax(this.#out.forward(state.attentional)), weights };
    });
  }

  /**
   * Logits of every target position with the true tokens as input (teacher forcing).
   * @returns logits [target length, batch, target vocabulary]; weights [target length, batch, 1, source length]
   */
  forward(batch: Seq2SeqBatch, random?: Random): { logits: Tensor; weights: Tensor } {
    return this.runtime.scope(() => {
      const encoded = this.encode(batch.source, batch.sourceLengths, random);
      const projected = this.#project(this.#drop(this.#targetEmbedding.forward(batch.targetInput), random));
      let { state } = encoded;
      const attentional: Tensor[] = [];
      const maps: Tensor[] = [];
      for (let t = 0; t < projected.shape[0]!; t++) {
        const step = this.#advance(projected.at(t), { memory: encoded.memory, state });
        state = step.state;
        attentional.push(state.attentional);
        maps.push(step.weights);
      }
      return { logits: this.#out.forward(this.#drop(stack(attentional), random)), weights: stack(maps) };
    });
  }

  /**
   * Mean cross-entropy of the target under teacher forcing; padding costs nothing.
   * @param options.random where dropout gets its seeds; no dropout without it
   * @param options.divisor what the summed loss is divided by; the number of real target tokens by default
   */
  loss(
    batch: Seq2SeqBatch,
    options: { random?: Random; labelSmoothing?: number; divisor?: number } = {},
  ): Tensor {
    const { random, labelSmoothing, divisor } = options;
    return this.runtime.scope(() => {
      const { logits } = this.forward(batch, random);
      const rows = logits.shape[0]! * logits.shape[1]!;
      return crossEntropy(
        logits.reshape([rows, this.config.targetVocabulary]),
        batch.targetOutput.reshape([rows]),
        { ignored: this.config.paddingId, labelSmoothing, divisor },
      );
    });
  }

  /** What the decoders in `decode/` drive: sources given as id lists. */
  stepModel(sources: readonly (readonly number[])[]): StepModel<Encoded> {
    return new Seq2SeqStepModel(this, sources);
  }

  dispose(): void {
    for (const layer of [
      this.#sourceEmbedding,
      this.#targetEmbedding,
      this.#encoder,
      this.#bridgeHidden,
      this.#bridgeCell,
      this.#attention,
      this.#combine,
      this.#out,
      this.#cellEmbedded,
      this.#cellFed,
      this.#cellRecurrent,
    ]) {
      layer.dispose();
    }
    for (const tensor of this.#parameters.values()) tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
