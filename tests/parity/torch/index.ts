/** PyTorch's modules and functions. */
import { NotRun } from '../options.ts';
import type { Runner, Runners } from '../runner.ts';
import { activationRunners } from './activations.ts';
import { attentionRunners } from './attention.ts';
import { cellRunners } from './cells.ts';
import { convRunners } from './conv.ts';
import { decoderRunners } from './decoders.ts';
import { linearRunners } from './linear.ts';
import { lossRunners } from './losses.ts';
import { multiHeadAttentionRunners } from './multiHeadAttention.ts';
import { normRunners } from './norms.ts';
import { optimizerRunners } from './optimizers.ts';
import { positionRunners } from './positions.ts';
import { recurrentRunners } from './recurrent.ts';
import { scaledDotProductRunners } from './scaledDotProduct.ts';
import { seq2seqRunners } from './seq2seq.ts';
import { softmaxRunners } from './softmax.ts';
import { transformerRunners } from './transformer.ts';

const absent = (what: string): Runner => {
  return () => {
    throw new NotRun(`heed has no ${what}`);
  };
};

/** What heed does not have. */
const absences: Runners = {
  'nn.ELU': absent('ELU'),
  'nn.LeakyReLU': absent('leaky ReLU'),
  'nn.Softplus': absent('softplus'),
  QuickGELU: absent('quick GELU'),
  'nn.BCEWithLogitsLoss': absent('binary cross-entropy'),
  'torch.optim.RMSprop': absent('RMSprop'),
  'torch.optim.Adagrad': absent('Adagrad'),
};

export const torchRunners: Runners = {
  ...linearRunners,
  ...activationRunners,
  ...normRunners,
  ...softmaxRunners,
  ...lossRunners,
  ...recurrentRunners,
  ...cellRunners,
  ...attentionRunners,
  ...multiHeadAttentionRunners,
  ...scaledDotProductRunners,
  ...transformerRunners,
  ...positionRunners,
  ...convRunners,
  ...decoderRunners,
  ...seq2seqRunners,
  ...optimizerRunners,
  ...absences,
};
