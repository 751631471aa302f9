/** ONNX's operators. */
import type { Runners } from '../runner.ts';
import { attentionRunners } from './attention.ts';
import { elementwiseRunners } from './elementwise.ts';
import { lossRunners } from './losses.ts';
import { matmulRunners } from './matmul.ts';
import { normRunners } from './norms.ts';
import { momentumRunners, optimizerRunners } from './optimizers.ts';
import { recurrentRunners } from './recurrent.ts';
import { rotaryRunners } from './rotary.ts';

export const onnxRunners: Runners = {
  ...attentionRunners,
  ...elementwiseRunners,
  ...lossRunners,
  ...matmulRunners,
  ...normRunners,
  ...optimizerRunners,
  ...momentumRunners,
  ...rotaryRunners,
  ...recurrentRunners,
};
