/** The cases by the kind of process they need. */
import type { Case } from '../case.ts';
import type { Group } from '../groupProcess.ts';
import { lstmCases } from './lstm.ts';
import { boundsCheckedMatmulCases, matmulCases, matrixVectorCases, threadedMatmulCases } from './matmul.ts';
import { softmaxCases } from './softmax.ts';

export const groups: Readonly<Record<Group, () => Case[]>> = {
  'one-thread': () => [...matmulCases(), ...matrixVectorCases(), ...softmaxCases(), ...lstmCases()],
  'two-threads': () => threadedMatmulCases(),
  'no-trap-handler': () => boundsCheckedMatmulCases(),
};
