import { record } from '../autograd/tape.ts';
import { expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { expectFloats } from './operands.ts';

/**
 * score_qk = scale * query_q · key_k (Luong 2015 "dot"; Vaswani 2017 eq. 1 with scale = 1 / sqrt(size)).
 * @param query [batch, queries, size]
 * @param key [batch, keys, size]
 * @returns [batch, queries, keys]
 * @throws ShapeError
 */
export function dotScore(query: Tensor, key: Tensor, scale = 1): Tensor {
  const [batch, queries, keys, size] = extents('dotScore', query, key);
  const scores = Tensor.empty(query.runtime, [batch, queries, keys]);
  query.runtime.kernels.f32_score_dot(
    scores.pointer,
    query.pointer,
    key.pointer,
    batch,
    queries,
    keys,
    size,
    scale,
  );
  record([scores], [query, key], (tape) => {
    const { kernels } = tape;
    const gradScores = tape.gradient(scores);
    if (tape.needs(query)) {
      const scaled = Tensor.empty(query.runtime, scores.shape);
      kernels.f32_scale(scaled.pointer, gradScores.pointer, scores.size, scale);
      const gradQuery = tape.gradient(query).pointer;
      kernels.f32_weighted_sum(gradQuery, scaled.pointer, key.pointer, batch, queries, keys, size, 1);
      scaled.dispose();
    }
    if (tape.needs(key)) {
      const gradKey = tape.gradient(key).pointer;
      kernels.f32_weighted_sum_transposed(
        gradKey,
        gradScores.pointer,
        query.pointer,
        batch,
        queries,
        keys,
        size,
        scale,
      );
    }
  });
  return scores;
}

/**
 * score_qk = vector · tanh(query_q + key_k) (Bahdanau 2015, appendix A.1.2), both sides already projected.
 * @param query [batch, queries, size]
 * @param key [batch, keys, size]
 * @param vector [size]
 * @returns [batch, queries, keys]
 * @throws ShapeError
 */
export function additiveScore(query: Tensor, key: Tensor, vector: Tensor): Tensor {
  const [batch, queries, keys, size] = extents('additiveScore', query, key);
  expectFloats('additiveScore', { query, vector });
  expectShape('additiveScore', 'vector', vector.shape, [size]);
  const scores = Tensor.empty(query.runtime, [batch, queries, keys]);
  query.runtime.kernels.f32_score_additive(
    scores.pointer,
    query.pointer,
    key.pointer,
    vector.pointer,
    batch,
    queries,
    keys,
    size,
  );
  record([scores], [query, key, vector], (tape) => {
    // Into blocks of their own: the kernel holds sums in registers, and the operands may be views of one block.
    const operands = [query, key, vector];
    const gradients = operands.map((operand) => Tensor.zeros(operand.runtime, operand.shape));
    const [gradQuery, gradKey, gradVector] = gradients as [Tensor, Tensor, Tensor];
    tape.kernels.f32_score_additive_backward(
      gradQuery.pointer,
      gradKey.pointer,
      gradVector.pointer,
      tape.gradient(scores).pointer,
      query.pointer,
      key.pointer,
      vector.pointer,
      batch,
      queries,
      keys,
      size,
    );
    operands.forEach((operand, i) => {
      const gradient = gradients[i]!;
      if (tape.needs(operand)) {
        tape.kernels.f32_add_scaled(tape.gradient(operand).pointer, gradient.pointer, gradient.size, 1);
      }
      gradient.dispose();
    });
  });
  return scores;
}

/**
 * out_q = sum_k weights_qk value_k: the context vectors.
 * @param weights [batch, queries, keys]
 * @param value [batch, keys, size]
 * @returns [batch, queries, size]
 * @throws ShapeError
 */
export function weightedSum(weights: Tensor, value: Tensor): Tensor {
  expectFloats('weightedSum', { weights, value });
  expectShape('weightedSum', 'weights', weights.shape, [null, null, null]);
  const [batch, queries, keys] = weights.shape as readonly [number, number, number];
  expectShape('weightedSum', 'value', value.shape, [batch, keys, null]);
  const size = value.shape[2]!;
  const out = Tensor.empty(weights.runtime, [batch, queries, size]);
  weights.runtime.kernels.f32_weighted_sum(
    out.pointer,
    weights.pointer,
    value.pointer,
    batch,
    queries,
    keys,
    size,
    0,
  );
  record([out], [weights, value], (tape) => {
    const { kernels } = tape;
    const gradOut = tape.gradient(out).pointer;
    if (tape.needs(weights)) {
      const gradWeights = Tensor.empty(weights.runtime, weights.shape);
      kernels.f32_score_dot(gradWeights.pointer, gradOut, value.pointer, batch, queries, keys, size, 1);
      kernels.f32_add_scaled(tape.gradient(weights).pointer, gradWeights.pointer, weights.size, 1);
      gradWeights.dispose();
    }
    if (tape.needs(value)) {
      const gradValue = tape.gradient(value).pointer;
      kernels.f32_weighted_sum_transposed(gradValue, weights.pointer, gradOut, batch, queries, keys, size, 1);
    }
  });
  return out;
}

function extents(where: string, query: Tensor, key: Tensor): [number, number, number, number] {
  expectFloats(where, { query, key });
  expectShape(where, 'query', query.shape, [null, null, null]);
  const [batch, queries, size] = query.shape as readonly [number, number, number];
  expectShape(where, 'key', key.shape, [batch, null, size]);
  return [batch, queries, key.shape[1]!, size];
}
