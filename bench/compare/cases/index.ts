/** The cases by the kind of process they need. */
import type { Case } from '../case.ts';
import type { Group } from '../groupProcess.ts';
import { attentionCases } from './attention.ts';
import { encoderCases, threadedEncoderCases } from './encoder.ts';
import { lstmCases } from './lstm.ts';
import { boundsCheckedMatmulCases, matmulCases, matrixVectorCases, threadedMatmulCases } from './matmul.ts';
import { softmaxCases } from './softmax.ts';

export const groups: Readonly<Record<Group, () => Case[]>> = {
  'one-thread': () => [
    ...matmulCases(),
    ...matrixVectorCases(),
    ...softmaxCases(),
    ...lstmCases(),
    ...attentionCases(),
    ...encoderCases(),
  ],
  'two-threads': () => [...threadedMatmulCases(), ...threadedEncoderCases()],
  'no-trap-handler': () => boundsCheckedMatmulCases(),
};
