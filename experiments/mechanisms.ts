/** The pronunciation experiments' models: one arrangement, whose attention is exchanged. */
import type { LetterReader } from '../models/pronounce/measure.ts';
import { pairBatch, type SequencePair } from '../src/models/seq2seq/batch.ts';
import type { Seq2SeqConfig } from '../src/models/seq2seq/config.ts';
import { Seq2Seq } from '../src/models/seq2seq/model.ts';
import { transformerBatch } from '../src/models/transformer/batch.ts';
import type { TransformerSeq2SeqConfig } from '../src/models/transformer/config.ts';
import { TransformerSeq2Seq } from '../src/models/transformer/model.ts';
import {
  endId,
  letterVocabularySize,
  padId,
  phonemeVocabularySize,
  startId,
} from '../src/pronounce/alphabet.ts';
import type { Tensor } from '../src/tensor/tensor.ts';
import { hardAttentionLoss } from '../src/train/hardAttention.ts';
import { MovingBaseline } from '../src/train/reinforce.ts';
import type { TrainingRuntime } from '../src/train/trainingRuntime.ts';

/** Sizes of the recurrent models. */
export type RecurrentSizes = Pick<
  Seq2SeqConfig,
  'embeddingSize' | 'encoderHidden' | 'encoderLayers' | 'decoderHidden' | 'dropout' | 'cell'
>;

/** Sizes of the Transformer. */
export type TransformerSizes = Pick<
  TransformerSeq2SeqConfig,
  'modelSize' | 'heads' | 'feedForwardSize' | 'encoderLayers' | 'decoderLayers' | 'dropout'
>;

/** A model with its loss, whatever its architecture. */
export interface Learner extends LetterReader {
  parameters(): ReadonlyMap<string, Tensor>;
  loss(pairs: readonly SequencePair[]): Tensor;
  /** Who goes on with what this one has learnt, and after which share of the steps. */
  readonly successor?: { readonly after: number; begin(): Learner };
}

/** Longest word in letters and longest pronunciation that the models take. */
const LONGEST = 48;
/** Positions left and right that local attention sees. */
const HALF_WIDTH = 3;
/** Weight of the entropy bonus of hard attention (Xu 2015, eq. 12). */
const ENTROPY_WEIGHT = 0.01;
/**
 * Share of the steps that hard attention begins with softly: REINFORCE alone, from a decoder that cannot tell good choices
 * from bad ones, gets nowhere in so short a training.
 */
const SOFT_SHARE = 0.25;

const ids = { paddingId: padId, startId, endId };
const shared = {
  ...ids,
  sourceVocabulary: letterVocabularySize,
  targetVocabulary: phonemeVocabularySize,
};

/** What each recurrent mechanism changes of the arrangement: an LSTM decoder with Luong's attention. */
export const recurrentMechanisms = {
  none: { decoder: 'fixed-context' },
  bahdanau: { decoder: 'bahdanau' },
  dot: { score: 'dot' },
  general: { score: 'general' },
  concat: { score: 'concat' },
  cosine: { score: 'cosine' },
  location: { score: 'location', maxKeys: LONGEST },
  'local-m': { score: 'general', reach: { kind: 'local-m', halfWidth: HALF_WIDTH } },
  'local-p': { score: 'general', reach: { kind: 'local-p', halfWidth: HALF_WIDTH } },
  hard: { score: 'general', choice: 'hard' },
} as const satisfies Record<string, Partial<Seq2SeqConfig>>;

export type RecurrentMechanism = keyof typeof recurrentMechanisms;

/** @param labelSmoothing of the soft models' losses; REINFORCE wants the plain log-likelihood */
export function recurrentLearner(
  runtime: TrainingRuntime,
  mechanism: RecurrentMechanism,
  sizes: RecurrentSizes,
  labelSmoothing: number,
): Learner {
  const config: Seq2SeqConfig = { ...shared, ...sizes, ...recurrentMechanisms[mechanism] };
  const { random } = runtime;
  const model = Seq2Seq.create(runtime, { ...config, choice: 'soft' }, random);
  const soft = learnerOf(model, (pairs) =>
    model.loss(pairBatch(runtime, pairs, ids), { random, labelSmoothing }),
  );
  if (config.choice !== 'hard') return soft;
  return { ...soft, successor: { after: SOFT_SHARE, begin: () => hardLearner(runtime, config, soft) } };
}

/** Begins with the parameters of another model of its sizes. */
function hardLearner(runtime: TrainingRuntime, config: Seq2SeqConfig, before: Learner): Learner {
  const { random } = runtime;
  const model = Seq2Seq.create(runtime, config, random);
  for (const [name, parameter] of model.parameters()) {
    parameter.set(before.parameters().get(name)!.toFloat32Array());
  }
  let baseline: MovingBaseline | undefined;
  return learnerOf(model, (pairs) => {
    const cost = model.hardLoss(pairBatch(runtime, pairs, ids), { random });
    const rewards = Array.from(cost.logLikelihoods);
    baseline ??= new MovingBaseline(0.9, rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length);
    return hardAttentionLoss(cost, { baseline, entropyWeight: ENTROPY_WEIGHT });
  });
}

function learnerOf(model: Seq2Seq, loss: Learner['loss']): Learner {
  return { parameters: () => model.parameters(), stepModel: (sources) => model.stepModel(sources), loss };
}

export function transformerLearner(
  runtime: TrainingRuntime,
  sizes: TransformerSizes,
  labelSmoothing: number,
): Learner {
  const config = { ...shared, ...sizes, normFirst: true, maxLength: LONGEST } as const;
  const model = TransformerSeq2Seq.create(runtime, config, runtime.random);
  const { random } = runtime;
  return {
    parameters: () => model.parameters(),
    stepModel: (sources) => model.stepModel(sources),
    loss: (pairs) => model.loss(transformerBatch(runtime, pairs, ids), { random, labelSmoothing }),
  };
}
