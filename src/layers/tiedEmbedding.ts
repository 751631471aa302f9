import { checkIds, embedding } from '../ops/embedding.ts';
import { FrozenWeight } from '../ops/frozenWeight.ts';
import { readInt8Row } from '../ops/int8Row.ts';
import { Int8Weight } from '../ops/int8Weight.ts';
import { linear } from '../ops/linear.ts';
import { disposeWeight, type Weight } from '../ops/weight.ts';
import { checkSizes } from '../tensor/shape.ts';
import { expectDType, Tensor } from '../tensor/tensor.ts';
import type { EmbeddingConfig } from './embedding.ts';
import type { Parameters } from './parameters.ts';

/**
 * One vector for each token, which is read where the token comes in and scored against where one is to come out (Press and
 * Wolf 2017): `weight` [count, size], held once, as the products want it.
 */
export class TiedEmbedding {
  readonly #weight: Weight;
  readonly #paddingId: number | undefined;

  /** @throws ArgumentError for sizes that are not positive integers */
  constructor(parameters: Parameters, { count, size, paddingId }: EmbeddingConfig) {
    checkSizes('tiedEmbedding', { count, size });
    this.#paddingId = paddingId;
    this.#weight = parameters.weight('weight', [count, size], { bound: Math.sqrt(3 / size) });
  }

  /** @param ids [...] i32 @returns [..., size] @throws DTypeError; ArgumentError for an unknown id */
  forward(ids: Tensor): Tensor {
    const weight = this.#weight;
    if (!(weight instanceof FrozenWeight || weight instanceof Int8Weight)) {
      return embedding(weight.weight, ids, this.#paddingId);
    }
    const { runtime } = ids;
    expectDType('tiedEmbedding', 'ids', ids, 'i32', runtime);
    checkIds('tiedEmbedding', ids, weight.outputs);
    const rows = new Float32Array(ids.size * weight.inputs);
    ids.toArray().forEach((id, i) => {
      const row = rows.subarray(i * weight.inputs, (i + 1) * weight.inputs);
      if (weight instanceof Int8Weight) readInt8Row(weight, id, row);
      else weight.readRow(id, row);
    });
    return Tensor.from(runtime, rows, [...ids.shape, weight.inputs]);
  }

  /** @param x [..., size] @param bias [count] @returns scores [..., count] @throws ShapeError, DTypeError */
  score(x: Tensor, bias?: Tensor): Tensor {
    return linear(x, this.#weight, bias);
  }

  dispose(): void {
    disposeWeight(this.#weight);
  }
}
