/** heed/train: gradients, optimizers, schedules and measures. */
export { type GradientResult, gradients } from './autograd/tape.ts';
export type { TrainingKernels } from './runtime/abi.ts';
export { bucketedBatches } from './train/batches.ts';
export { type Bleu, type BleuOptions, corpusBleu } from './train/bleu.ts';
export { type ErrorRates, editDistance, errorRates, type Prediction } from './train/errorRate.ts';
export {
  type HardAttentionCost,
  type HardAttentionOptions,
  hardAttentionLoss,
} from './train/hardAttention.ts';
export { type TrainingOptions, type TrainingStep, train } from './train/loop.ts';
export { type MaskingOptions, maskTokens } from './train/masking.ts';
export { Adam, type AdamOptions, clipGlobalNorm, globalNorm, Optimizer } from './train/optimizer.ts';
export { MovingBaseline, type ReinforceOptions, reinforce } from './train/reinforce.ts';
export {
  inverseSquareRoot,
  type SamplingDecay,
  type Schedule,
  scheduledSampling,
  warmupCosine,
} from './train/schedule.ts';
export { SGD, type SGDOptions } from './train/sgd.ts';
export { TrainingRuntime, trainingRuntime } from './train/trainingRuntime.ts';
