import { linear } from '../../ops/linear.ts';
import { additiveScore } from '../../ops/score.ts';
import { disposeWeight, type Weight } from '../../ops/weight.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Parameters } from '../parameters.ts';
import type { CreateScore, Score } from './score.ts';

/**
 * v · tanh(W_q q + W_k k + b) (Bahdanau 2015, appendix A.1.2). Parameters `attn_q.weight` [size, querySize], `attn_k.weight`
 * [size, keySize], `attn_v.weight` [1, size] and, with a bias, `attn_q.bias` [size]; size is attentionSize.
 */
export const additive: CreateScore = (parameters, config) => {
  const { querySize, keySize, attentionSize: size = querySize } = config;
  const queryWeight = parameters.weight('attn_q.weight', [size, querySize], uniformIn(querySize));
  const keyWeight = parameters.weight('attn_k.weight', [size, keySize], uniformIn(keySize));
  const bias = config.bias ? parameters.get('attn_q.bias', [size], uniformIn(querySize)) : undefined;
  return additiveOf(parameters, size, queryWeight, keyWeight, bias);
};

/** The additive score of these weights, and of the vector `attn_v.weight`, which is asked for. */
export function additiveOf(
  parameters: Parameters,
  size: number,
  queryWeight: Weight,
  keyWeight: Weight,
  bias: Tensor | undefined,
): Score {
  const vector = parameters.get('attn_v.weight', [1, size], uniformIn(size));
  return {
    prepareKeys: (keys) => linear(keys, keyWeight),
    score: (query, keys) => additiveScore(linear(query, queryWeight, bias), keys, vector.reshape([size])),
    dispose() {
      disposeWeight(queryWeight);
      disposeWeight(keyWeight);
      bias?.dispose();
      vector.dispose();
    },
  };
}

/** PyTorch's initialisation of a layer of so many inputs. */
export function uniformIn(inputs: number): { bound: number } {
  return { bound: 1 / Math.sqrt(inputs) };
}
