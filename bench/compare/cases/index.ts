/** The cases by the kind of process they need. */
import type { Case } from '../case.ts';
import type { Group } from '../groupProcess.ts';
import { attentionCases } from './attention.ts';
import { embeddingCases } from './embedding.ts';
import { encoderCases, threadedEncoderCases } from './encoder.ts';
import { lstmInt8Cases, matrixVectorInt8Cases } from './int8.ts';
import { lstmCases } from './lstm.ts';
import { boundsCheckedMatmulCases, matmulCases, matrixVectorCases, threadedMatmulCases } from './matmul.ts';
import { softmaxCases } from './softmax.ts';

export const groups: Readonly<Record<Group, () => Case[]>> = {
  'one-thread': () => [
    ...matmulCases(),
    ...matrixVectorCases(),
    ...matrixVectorInt8Cases(),
    ...softmaxCases(),
    ...lstmCases(),
    ...lstmInt8Cases(),
    ...attentionCases(),
    ...encoderCases(),
    ...embeddingCases(),
  ],
  'two-threads': () => [...threadedMatmulCases(), ...threadedEncoderCases()],
  'no-trap-handler': () => boundsCheckedMatmulCases(),
};
