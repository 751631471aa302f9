/**
 * The encoders of BERT's family (Devlin 2019; RoBERTa, Liu 2019; DistilBERT, Sanh 2019):
 *
 *   x = LN(words(ids) + positions + types)     h = encoder(x)     head(h)
 */
import { ArgumentError, UnsupportedError } from '../../errors.ts';
import { Embedding } from '../../layers/embedding.ts';
import { Linear } from '../../layers/linear.ts';
import type { ReturnedWeights } from '../../layers/multiHeadAttention.ts';
import { LayerNorm } from '../../layers/norm.ts';
import type { Parameters } from '../../layers/parameters.ts';
import { LearnedPositions } from '../../layers/positions.ts';
import { TiedEmbedding } from '../../layers/tiedEmbedding.ts';
import { TransformerEncoder } from '../../layers/transformerEncoder.ts';
import { add } from '../../ops/elementwise.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { expectShape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { BertConfig } from './config.ts';
import { ClassificationHead, MaskHead } from './heads.ts';

export interface BertOptions {
  /** i32 [batch]: the first lengths[b] tokens of a row are real; all by default. */
  readonly lengths?: Tensor;
  /** i32 [batch, time]: 0 for tokens of the first text, 1 for the second; 0 by default. */
  readonly tokenTypes?: Tensor;
  /** Whether to return each layer's attention, of each head or their mean; false by default. */
  readonly returnWeights?: ReturnedWeights;
  /** Whether to return what goes into each layer, and what comes out of the last. */
  readonly returnHidden?: boolean;
  /** Of each row, the places that a head for masks scores, as few as none; all by default. */
  readonly scored?: readonly (readonly number[])[];
}

export interface BertResult {
  /** [batch, time, modelSize]; what stands where a row has no token means nothing. */
  readonly output: Tensor;
  /** tanh of a linear map of the first token's vector, [batch, modelSize], where the checkpoint has it. */
  readonly pooled?: Tensor;
  /**
   * [batch, time, vocabulary], [batch, classes] or [batch, time, classes], by the head; with `scored`, of a head for masks
   * [places, vocabulary], row by row.
   */
  readonly logits?: Tensor;
  /** Of each layer, [batch, time, time] for 'mean', [batch, heads, time, time] for 'per-head'. */
  readonly weights?: readonly Tensor[];
  /** [batch, time, modelSize], one more than there are layers. */
  readonly hidden?: readonly Tensor[];
}

export class BertModel {
  readonly runtime: Runtime;
  readonly config: BertConfig;
  readonly #words: Embedding | TiedEmbedding;
  readonly #positions: LearnedPositions;
  readonly #types: Embedding | undefined;
  readonly #norm: LayerNorm;
  readonly #encoder: TransformerEncoder;
  readonly #pooler: Linear | undefined;
  readonly #head: MaskHead | ClassificationHead | undefined;

  /** @throws ArgumentError for sizes that do not fit */
  constructor(parameters: Parameters, config: BertConfig) {
    const { vocabulary, modelSize, maxLength, firstPosition, tokenTypes, epsilon, head } = config;
    this.runtime = parameters.runtime;
    this.config = config;
    const embeddings = parameters.within('embeddings.');
    const words = { count: vocabulary, size: modelSize };
    const tied = head === 'mask' ? new TiedEmbedding(embeddings.within('words.'), words) : undefined;
    this.#words = tied ?? new Embedding(embeddings.within('words.'), words);
    this.#positions = new LearnedPositions(embeddings.within('positions.'), {
      maxLength: firstPosition + maxLength,
      size: modelSize,
    });
    const types = { count: tokenTypes, size: modelSize };
    this.#types = tokenTypes > 0 ? new Embedding(embeddings.within('types.'), types) : undefined;
    this.#norm = new LayerNorm(embeddings.within('norm.'), { size: modelSize, epsilon });
    this.#encoder = new TransformerEncoder(parameters.within('encoder.'), { ...config, finalNorm: false });
    const pooler = { inputs: modelSize, outputs: modelSize };
    this.#pooler = config.pooler ? new Linear(parameters.within('pooler.'), pooler) : undefined;
    this.#head = tied
      ? new MaskHead(parameters.within('mask.'), config, tied)
      : classifierOf(parameters, config);
  }

  /**
   * @param ids i32 [batch, time], rows filled up at their ends
   * @throws ShapeError, DTypeError; ArgumentError for unknown ids, lengths outside 0..time, places outside the rows, more
   *   than maxLength tokens; UnsupportedError for token types where the model has none
   */
  forward(ids: Tensor, options: BertOptions = {}): BertResult {
    const { lengths, tokenTypes, returnWeights, returnHidden, scored } = options;
    return this.runtime.scope(() => {
      const x = this.#embed(ids, tokenTypes);
      const encoded = this.#encoder.forward(x, { lengths, returnWeights, returnHidden });
      const { output } = encoded;
      const pooled = this.#pooler?.forward(firstTokens(output), 'tanh');
      return { ...encoded, ...(pooled && { pooled }), ...this.#logits(output, pooled, scored) };
    });
  }

  #embed(ids: Tensor, tokenTypes: Tensor | undefined): Tensor {
    const { maxLength, firstPosition, family } = this.config;
    expectShape(family, 'ids', ids.shape, [null, null]);
    const time = ids.shape[1]!;
    if (time > maxLength)
      throw new ArgumentError(`${family}: ids have ${time} tokens, at most ${maxLength} fit`);
    if (tokenTypes && !this.#types) throw new UnsupportedError(`${family}: has no token types`);
    if (tokenTypes) expectShape(family, 'tokenTypes', tokenTypes.shape, ids.shape);
    const words = this.#words.forward(ids);
    const types = tokenTypes ?? Tensor.zeros(this.runtime, ids.shape, 'i32');
    const typed = this.#types ? add(words, this.#types.forward(types)) : words;
    return this.#norm.forward(this.#positions.forward(typed, firstPosition));
  }

  #logits(output: Tensor, pooled: Tensor | undefined, scored: BertOptions['scored']): { logits?: Tensor } {
    if (!this.#head) return {};
    if (this.config.head === 'mask' && scored)
      return { logits: this.#head.forward(placesOf(output, scored)) };
    if (this.config.head !== 'sequence') return { logits: this.#head.forward(output) };
    return { logits: this.#head.forward(pooled ?? firstTokens(output)) };
  }

  dispose(): void {
    const parts = [
      this.#words,
      this.#positions,
      this.#types,
      this.#norm,
      this.#encoder,
      this.#pooler,
      this.#head,
    ];
    for (const part of parts) part?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** BERT's classifier reads what was pooled; RoBERTa's and DistilBERT's have a layer of their own instead. */
function classifierOf(parameters: Parameters, config: BertConfig): ClassificationHead | undefined {
  const { head, family } = config;
  if (head !== 'sequence' && head !== 'token') return undefined;
  const own = { bert: undefined, roberta: 'tanh', distilbert: 'relu' } as const;
  return new ClassificationHead(
    parameters.within(`${head}.`),
    config,
    head === 'sequence' ? own[family] : undefined,
  );
}

/** The vectors of these places, row by row: [batch, time, size] -> [places, size]. */
function placesOf(output: Tensor, places: readonly (readonly number[])[]): Tensor {
  const [batch, time, size] = output.shape as readonly [number, number, number];
  expectShape('bert', 'scored', [places.length], [batch]);
  const rows = places.flatMap((own, b) => own.map((place) => b * time + place));
  if (!places.flat().every((place) => Number.isInteger(place) && place >= 0 && place < time)) {
    throw new ArgumentError(`bert: scored places must lie in 0..${time - 1}, got [${places.flat()}]`);
  }
  const { runtime } = output;
  const vectors = Tensor.empty(runtime, [rows.length, size]);
  const ids = Tensor.from(runtime, rows, [rows.length], 'i32');
  runtime.kernels.f32_gather(vectors.pointer, output.pointer, ids.pointer, rows.length, size);
  return vectors;
}

/** [batch, time, size] -> [batch, size] */
function firstTokens(output: Tensor): Tensor {
  const [batch, , size] = output.shape as readonly [number, number, number];
  const first = Tensor.empty(output.runtime, [batch, size]);
  for (let b = 0; b < batch; b++) first.at(b).set(output.at(b).at(0).toFloat32Array());
  return first;
}
