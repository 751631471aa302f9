import { additiveOf, uniformIn } from './additive.ts';
import type { CreateScore } from './score.ts';

/**
 * v · tanh(W [q; k] + b) (Luong 2015, eq. 8 "concat"): the additive score with one matrix, whose columns are taken apart
 * instead of the vectors put together. Parameters `attn.weight` [size, querySize + keySize], `attn_v.weight` [1, size] and,
 * with a bias, `attn.bias` [size]; size is attentionSize.
 */
export const concat: CreateScore = (parameters, config) => {
  const { querySize, keySize, attentionSize: size = querySize } = config;
  const inputs = querySize + keySize;
  const [queryWeight, keyWeight] = parameters.weightColumns(
    'attn.weight',
    [size, inputs],
    uniformIn(inputs),
    [querySize, keySize],
  );
  const bias = config.bias ? parameters.get('attn.bias', [size], uniformIn(inputs)) : undefined;
  return additiveOf(parameters, size, queryWeight!, keyWeight!, bias);
};
