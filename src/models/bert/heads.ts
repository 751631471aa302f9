/** What stands on top of a BERT encoder. */

import { Linear } from '../../layers/linear.ts';
import { LayerNorm } from '../../layers/norm.ts';
import type { Parameters } from '../../layers/parameters.ts';
import type { TiedEmbedding } from '../../layers/tiedEmbedding.ts';
import type { Activation } from '../../ops/activation.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { BertConfig } from './config.ts';

/** Scores of all tokens for each place: a layer of its own, then the vectors that tokens come in with. */
export class MaskHead {
  readonly #dense: Linear;
  readonly #norm: LayerNorm;
  readonly #bias: Tensor;
  readonly #words: TiedEmbedding;
  readonly #activation: Activation;

  constructor(parameters: Parameters, config: BertConfig, words: TiedEmbedding) {
    const { modelSize, epsilon, vocabulary, family, activation } = config;
    this.#dense = new Linear(parameters.within('dense.'), { inputs: modelSize, outputs: modelSize });
    this.#norm = new LayerNorm(parameters.within('norm.'), { size: modelSize, epsilon });
    this.#bias = parameters.get('bias', [vocabulary], { value: 0 });
    this.#words = words;
    // RoBERTa's head has GELU whatever its layers have.
    this.#activation = family === 'roberta' ? 'gelu' : activation;
  }

  /** @param hidden [..., modelSize] @returns logits [..., vocabulary] */
  forward(hidden: Tensor): Tensor {
    return this.#words.score(this.#norm.forward(this.#dense.forward(hidden, this.#activation)), this.#bias);
  }

  dispose(): void {
    for (const part of [this.#dense, this.#norm, this.#bias]) part.dispose();
  }
}

/** Scores of the classes. */
export class ClassificationHead {
  readonly #dense: Linear | undefined;
  readonly #classifier: Linear;
  readonly #activation: Activation;

  /** @param dense the activation of a layer before the classifier, where the family has one */
  constructor(parameters: Parameters, { modelSize, labels }: BertConfig, dense?: Activation) {
    this.#dense = dense && new Linear(parameters.within('dense.'), { inputs: modelSize, outputs: modelSize });
    this.#activation = dense ?? 'none';
    const sizes = { inputs: modelSize, outputs: labels.length };
    this.#classifier = new Linear(parameters.within('classifier.'), sizes);
  }

  /** @param hidden [..., modelSize] @returns logits [..., classes] */
  forward(hidden: Tensor): Tensor {
    return this.#classifier.forward(this.#dense?.forward(hidden, this.#activation) ?? hidden);
  }

  dispose(): void {
    this.#dense?.dispose();
    this.#classifier.dispose();
  }
}
