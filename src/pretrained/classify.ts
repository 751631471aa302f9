import { encodeBatch, encoderOf, type InputAttention, inBatches, type TaskOptions } from './encoderPass.ts';
import type { PretrainedModel } from './loadModel.ts';
import { encodeInputs, type ModelInput } from './modelInput.ts';
import { best, checkTopK, softmaxOf } from './ranking.ts';

/** How logits become scores: probabilities that sum to 1, of each class on its own, or as they are. */
export type ScoreKind = 'softmax' | 'sigmoid' | 'none';

export interface ClassifyOptions extends TaskOptions {
  /** Classes of each text; all by default. */
  readonly topK?: number;
  /** By default what config.json's `problem_type` asks for; 'sigmoid' where there is one class, else 'softmax'. */
  readonly scores?: ScoreKind;
}

export interface ClassScore {
  readonly label: string;
  readonly score: number;
}

export interface ClassifiedText {
  /** Best first. */
  readonly classes: readonly ClassScore[];
  readonly attention?: InputAttention;
}

/**
 * The classes of texts, or of pairs of texts, by their names in config.json's `id2label`. Texts of more than `maxLength`
 * tokens lose their end. At most 32 are computed together by default.
 * @returns in the order of the inputs
 * @throws UnsupportedError for a model without this head; ArgumentError and others as `embed` does
 */
export async function classify(
  model: PretrainedModel,
  texts: readonly ModelInput[],
  options: ClassifyOptions = {},
): Promise<ClassifiedText[]> {
  const { topK = Number.POSITIVE_INFINITY, batchSize = 32, returnWeights, signal, maxLength } = options;
  const encoder = encoderOf('classify', model, 'sequence');
  const { labels } = encoder.config;
  const kind = options.scores ?? scoresOf(model.config.problem_type, labels.length);
  checkTopK('classify', topK);
  const inputs = await encodeInputs('classify', model, texts, { maxLength });
  return inBatches('classify', inputs, { batchSize, signal }, (batch) =>
    encodeBatch(encoder, batch, returnWeights, ({ logits }, row): ClassifiedText => {
      const scores = scored(logits!.at(row).toFloat32Array(), kind);
      return { classes: best(scores, topK).map(({ index, score }) => ({ label: labels[index]!, score })) };
    }),
  );
}

function scoresOf(problem: unknown, classes: number): ScoreKind {
  if (problem === 'regression') return 'none';
  return problem === 'multi_label_classification' || classes === 1 ? 'sigmoid' : 'softmax';
}

function scored(logits: Float32Array, kind: ScoreKind): Float64Array {
  if (kind === 'softmax') return softmaxOf(logits);
  return Float64Array.from(logits, (logit) => (kind === 'none' ? logit : 1 / (1 + Math.exp(-logit))));
}
