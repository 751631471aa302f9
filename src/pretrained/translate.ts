import { beamSearch } from '../decode/beam.ts';
import { greedyDecode } from '../decode/greedy.ts';
import type { Hypothesis } from '../decode/stepModel.ts';
import { ArgumentError, FormatError, UnsupportedError } from '../errors.ts';
import type { T5Model } from '../models/t5/model.ts';
import { checkId } from '../models/tokens.ts';
import type { TransformerSeq2Seq } from '../models/transformer/model.ts';
import { inBatches } from './encoderPass.ts';
import { type GenerationConfig, generationConfig } from './generationConfig.ts';
import type { PretrainedModel } from './loadModel.ts';
import { encodeInputs, isTokens, type ModelInput, tokenizerFor, vocabularyOf } from './modelInput.ts';
import { RuledStepModel, type WritingRules } from './ruledStepModel.ts';

export interface TranslateOptions {
  /** Hypotheses that are followed side by side; 1 is greedy. What generation_config.json says by default, else 1. */
  readonly beams?: number;
  /** Most tokens written, the end token counted; what generation_config.json says by default, else 256. */
  readonly maxTokens?: number;
  /** Exponent of the length that a hypothesis' log-probability is divided by; what the folder says by default, else 1. */
  readonly lengthPenalty?: number;
  /** Texts that are read and written together, filled up to the longest of them; 8 by default. */
  readonly batchSize?: number;
  /** Most tokens that are read; by default what the model takes, and of a text what tokenizer_config.json says. */
  readonly maxLength?: number;
  /** Whether what generation_config.json says of length, beams and penalties counts; true by default. */
  readonly useGenerationConfig?: boolean;
  /** Whether to return what each token looked at; false by default. */
  readonly returnWeights?: boolean;
  /** Ends the task before the next batch, with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface Translation {
  /** Undefined where ids were given. */
  readonly text?: string;
  /** Tokens written, without start and end. */
  readonly ids: readonly number[];
  /** Sum over the tokens, the end token counted. */
  readonly logProbability: number;
  /** Whether the end token was written, rather than as much as was allowed. */
  readonly ended: boolean;
  /** The tokens read, as `attention` counts them. */
  readonly sourceIds: readonly number[];
  /**
   * Of each token written, the end token's last where it ended: the last layer's attention to the tokens read,
   * [source length], its mean over the heads; on request.
   */
  readonly attention?: readonly Float32Array[];
}

/**
 * Writes texts in other words, by a T5 or a Marian: another language, or a summary. T5 wants to be told what to do in front
 * of the text (`translate English to German: `). Texts of more than `maxLength` tokens lose their end. A batch is written
 * as a whole, before anything else gets a turn.
 * @returns the best hypothesis of each, in the order of the inputs
 * @throws UnsupportedError for another model, or what generation_config.json asks for and heed does not do; ArgumentError
 *   for inputs that are empty, too long or unknown, and options outside their ranges; OutOfMemoryError; what loading a
 *   tokenizer throws. Nothing is left behind
 */
export async function translate(
  model: PretrainedModel,
  texts: readonly ModelInput[],
  options: TranslateOptions = {},
): Promise<Translation[]> {
  const { batchSize = 8, signal, returnWeights = false } = options;
  if (model.kind !== 'encoder-decoder') {
    throw new UnsupportedError(
      `translate: needs an encoder-decoder, ${model.folder.name} is a ${model.kind}`,
    );
  }
  const config = await generationConfig(model, options.useGenerationConfig ?? true);
  const beam = options.beams ?? config.beams;
  const alpha = options.lengthPenalty ?? config.lengthPenalty;
  const maxLength = mostWritten(model.model, options, config);
  const rules = rulesOf(model, config);
  const { maxLength: longest } = options;
  const inputs = await encodeInputs('translate', model, texts, { maxLength: longest });
  const tokenizer = await tokenizerFor(model, texts);
  const sources = inputs.map((input, i) => ({ ...input, given: isTokens(texts[i]!) }));
  return inBatches('translate', sources, { batchSize, signal }, (batch) => {
    const source = model.model.stepModel(batch.map(({ ids }) => ids));
    const ruled = new RuledStepModel(source, rules, maxLength);
    const found =
      beam === 1
        ? greedyDecode(ruled, maxLength)
        : beamSearch(ruled, { beam, maxLength, lengthPenalty: { kind: 'power', alpha } }).map(
            ([best]) => best!,
          );
    return found.map((hypothesis, row): Translation => {
      const { ids: sourceIds, given } = batch[row]!;
      const text = given ? undefined : tokenizer!.decode(hypothesis.ids);
      return { ...(text !== undefined && { text }), ...translationOf(hypothesis, sourceIds, returnWeights) };
    });
  });
}

function translationOf(
  { ids, logProbability, ended, attention }: Hypothesis,
  sourceIds: readonly number[],
  returnWeights: boolean,
): Omit<Translation, 'text'> {
  const cut = (row: Float32Array): Float32Array => row.slice(0, sourceIds.length);
  return { ids, logProbability, ended, sourceIds, ...(returnWeights && { attention: attention.map(cut) }) };
}

/** Most tokens written: those of a Marian must have a position each. */
function mostWritten(
  { config: sizes }: T5Model | TransformerSeq2Seq,
  { maxTokens }: TranslateOptions,
  config: GenerationConfig,
): number {
  // transformers counts the start among max_length.
  const stored = config.maxTokens ?? (config.maxLength && Math.max(1, config.maxLength - 1));
  const most = Math.min(maxTokens ?? stored ?? 256, 'maxLength' in sizes ? sizes.maxLength : 1e9);
  if (Number.isInteger(most) && most > 0) return most;
  throw new ArgumentError(`translate: maxTokens must be a positive integer, got ${maxTokens}`);
}

function rulesOf(model: PretrainedModel, config: GenerationConfig): WritingRules {
  const { suppressed, forcedFirstId, forcedLastId, renormalize } = config;
  const { model: own } = model as Extract<PretrainedModel, { kind: 'encoder-decoder' }>;
  const [endId = own.config.endId, ...others] = config.endIds;
  if (others.length > 0) {
    throw new UnsupportedError(
      `generation_config.json: eos_token_id is [${config.endIds}], supported is one of an encoder-decoder`,
    );
  }
  const startId = config.startId ?? own.config.startId;
  try {
    for (const id of [startId, endId, ...suppressed, forcedFirstId ?? 0, forcedLastId ?? 0]) {
      checkId('generation_config.json: token ids', id, vocabularyOf(model));
    }
  } catch (error) {
    throw new FormatError((error as Error).message);
  }
  return { startId, endId, suppressed, forcedFirstId, forcedLastId, renormalize };
}
