import { ArgumentError } from '../errors.ts';
import { encodeBatch, encoderOf, type InputAttention, inBatches, type TaskOptions } from './encoderPass.ts';
import type { PretrainedModel } from './loadModel.ts';
import { encodeInputs, type ModelInput, tokenizerFor } from './modelInput.ts';
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
 * tokens lose their end. Logits of all tokens are computed, so that few texts are computed together: 4 by default.
 * @returns in the order of the inputs
 * @throws UnsupportedError for a model without this head; ArgumentError for an input without a mask, and as `embed` does
 */
export async function fillMask(
  model: PretrainedModel,
  texts: readonly ModelInput[],
  options: FillMaskOptions = {},
): Promise<FilledText[]> {
  const { topK = 5, batchSize = 4, returnWeights, signal, maxLength } = options;
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
  return inBatches('fillMask', inputs, { batchSize, signal }, (batch) =>
    encodeBatch(encoder, batch, returnWeights, ({ logits }, row, { ids }): FilledText => {
      const places = ids.flatMap((id, position) => (id === maskId ? [position] : []));
      const masks = places.map((position) => ({
        position,
        candidates: best(softmaxOf(logits!.at(row).at(position).toFloat32Array()), topK).map(
          ({ index: id, score }) => ({ id, score, ...(tokenizer && { text: tokenizer.decode([id]) }) }),
        ),
      }));
      return { ids, masks };
    }),
  );
}
