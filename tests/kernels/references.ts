/**
 * What the specs import from JavaScript: the references of tests/reference over pointers into the module under test.
 * `out` and `magnitude` pointers take doubles; other pointers are floats or 32-bit integers; 0 is an absent input.
 * A magnitude is what the kernel's error may be proportional to.
 */
import { testSeed } from '../support/random.ts';
import { activationReferences } from './references/activation.ts';
import { attentionReferences } from './references/attention.ts';
import { convReferences } from './references/conv.ts';
import { elementwiseReferences } from './references/elementwise.ts';
import { embeddingReferences } from './references/embedding.ts';
import { entropyReferences } from './references/entropy.ts';
import { fusedAttentionReferences } from './references/fusedAttention.ts';
import { gaussianWindowReferences } from './references/gaussianWindow.ts';
import { gruReferences } from './references/gru.ts';
import { int8References } from './references/int8.ts';
import { lstmReferences } from './references/lstm.ts';
import { matmulReferences } from './references/matmul.ts';
import { normReferences } from './references/norm.ts';
import { reduceReferences } from './references/reduce.ts';
import { rnnReferences } from './references/rnn.ts';
import { rotaryReferences } from './references/rotary.ts';
import { softmaxReferences } from './references/softmax.ts';
import { trainingReferences } from './references/training.ts';
import { viewsOf } from './references/views.ts';

export function referenceImports(memory: () => ArrayBuffer) {
  const views = viewsOf(memory);
  return {
    seed: () => testSeed(),
    print: (pointer: number) => {
      const length = new Uint32Array(memory(), pointer - 4, 1)[0]! / 2;
      process.stderr.write(`${String.fromCharCode(...new Uint16Array(memory(), pointer, length))}\n`);
    },
    ...elementwiseReferences(views),
    ...activationReferences(views),
    ...matmulReferences(views),
    ...softmaxReferences(views),
    ...normReferences(views),
    ...embeddingReferences(views),
    ...attentionReferences(views),
    ...fusedAttentionReferences(views),
    ...reduceReferences(views),
    ...trainingReferences(views),
    ...lstmReferences(views),
    ...int8References(views),
    ...gruReferences(views),
    ...rnnReferences(views),
    ...gaussianWindowReferences(views),
    ...entropyReferences(views),
    ...rotaryReferences(views),
    ...convReferences(views),
  };
}
