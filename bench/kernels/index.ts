/** Suites of kernels at the sizes that models use, each case checked against the double-precision reference. */
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Case } from '../suite.ts';
import { attentionCases } from './attention.ts';
import { elementwiseCases } from './elementwise.ts';
import { int8Cases } from './int8.ts';
import { matmulCases } from './matmul.ts';
import { normCases } from './norm.ts';
import { recurrentCases } from './recurrent.ts';
import { reduceCases } from './reduce.ts';
import { rotaryCases } from './rotary.ts';
import { scoreCases } from './score.ts';
import { softmaxCases } from './softmax.ts';

export const kernelSuites: Readonly<Record<string, (runtime: Runtime) => Case[]>> = {
  matmul: matmulCases,
  softmax: softmaxCases,
  elementwise: elementwiseCases,
  norm: normCases,
  recurrent: recurrentCases,
  attention: attentionCases,
  int8: int8Cases,
  rotary: rotaryCases,
  score: scoreCases,
  reduce: reduceCases,
};
