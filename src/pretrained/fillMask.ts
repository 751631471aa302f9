import { ArgumentError } from '../errors.ts';
import type { BertResult } from '../models/bert/model.ts';
import { encodeBatch, encoderOf, type InputAttention, inBatches, type TaskOptions } from './encoderPass.ts';
import type { PretrainedModel } from './loadModel.ts';
import { type EncodedInput, encodeInputs, type ModelInput, tokenizerFor } from './modelInput.ts';
import { best, checkTopK, softmaxOf } from './ranking.ts';

export interface FillMaskOptions extends TaskOptions {
  /** Candidates for each mask; 5 by default. */
  readonly topK?: number;
  /** The mask among ids; the tokenizer's by default. */
  readonly maskId?: number;
}

/** A token that may stand in the place of a mask. */
export interface MaskCandidate {
  readonly id: number;
  /** Its probability. */
  readonly score: number;
  /** What it reads; undefined where ids were given. */
  readonly text?: string;
}

export interface FilledMask {
  /** Of the mask among the tokens. */
  readonly position: number;
  /** Best first. */
  readonly candidates: readonly MaskCandidate[];
}

export interface FilledText {
  /** The tokens read, masks and special ones included. */
  readonly ids: readonly number[];
  /** In the order of the text. */
  readonly masks: readonly FilledMask[];
  readonly attention?: InputAttention;
}

/**
 * What may stand in the places of masks: `[MASK]`, `<mask>`, or what the tokenizer has. Texts of more than `maxLength`
 * tokens lose their end. At most 32 are computed together by default.
 * @returns in the order of the inputs
 * @throws UnsupportedError for a model without this head; ArgumentError for an input without a mask, and as `embed` does
 */
export async function fillMask(
  model: PretrainedModel,
  texts: readonly ModelInput[],
  options: FillMaskOptions = {},
): Promise<FilledText[]> {
  const { topK = 5, batchSize = 32, returnWeights, signal, maxLength } = options;
  const encoder = encoderOf('fillMask', model, 'mask');
  checkTopK('fillMask', topK);
  const inputs = await encodeInputs('fillMask', model, texts, { maxLength });
  const tokenizer = await tokenizerFor(model, texts);
  const maskId = options.maskId ?? tokenizer?.special.maskId;
  if (maskId === undefined) {
    throw new ArgumentError(
      `fillMask: ${tokenizer ? 'the tokenizer has no mask: give' : 'ids need'} the option maskId`,
    );
  }
  inputs.forEach(({ ids }, i) => {
    if (!ids.includes(maskId)) {
      const token = tokenizer?.tokenOf(maskId);
      throw new ArgumentError(`fillMask: inputs[${i}] must hold a mask, ${token ?? `the id ${maskId}`}`);
    }
  });
  const places = ({ ids }: EncodedInput): number[] =>
    ids.flatMap((id, position) => (id === maskId ? [position] : []));
  return inBatches('fillMask', inputs, { batchSize, signal }, (batch) => {
    let next = 0;
    const read = ({ logits }: BertResult, _: number, input: EncodedInput): FilledText => {
      const masks = places(input).map((position) => ({
        position,
        candidates: best(softmaxOf(logits!.at(next++).toFloat32Array()), topK).map(
          ({ index: id, score }) => ({
            id,
            score,
            ...(tokenizer && { text: tokenizer.decode([id]) }),
          }),
        ),
      }));
      return { ids: input.ids, masks };
    };
    return encodeBatch(encoder, batch, returnWeights, read, places);
  });
}
