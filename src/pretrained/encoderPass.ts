/** Inputs of any lengths through an encoder, a bounded number at a time. */
import { ArgumentError, UnsupportedError } from '../errors.ts';
import type { ReturnedWeights } from '../layers/multiHeadAttention.ts';
import type { BertHead } from '../models/bert/config.ts';
import type { BertModel, BertResult } from '../models/bert/model.ts';
import { idRows } from '../models/idRows.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { nextTurn } from './eventLoop.ts';
import type { PretrainedModel } from './loadModel.ts';
import type { EncodedInput } from './modelInput.ts';

/** Most tokens of a batch of several, fillers included: more would not go faster, and there would be more to fill up. */
const BATCH_TOKENS = 256;

/** What all tasks take. */
export interface TaskOptions {
  /**
   * Most inputs that are computed together, filled up to the longest of them; of long ones fewer. What comes out does not
   * depend on it.
   */
  readonly batchSize?: number;
  /** Most tokens of an input; by default what the model takes, and of a text what tokenizer_config.json says. */
  readonly maxLength?: number;
  /** Whether to return each layer's attention, of each head or their mean; false by default. */
  readonly returnWeights?: ReturnedWeights;
  /** Ends the task before the next batch, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What one input's tokens looked at. */
export interface InputAttention {
  readonly ids: readonly number[];
  /** Undefined where ids were given. */
  readonly tokens?: readonly string[];
  /** 1 for 'mean'. */
  readonly heads: number;
  /** Of each layer [heads, tokens, tokens]: how much each token (row) read of each other. */
  readonly layers: readonly Float32Array[];
}

/** What a result has on request. */
interface Attended {
  readonly attention?: InputAttention;
}

/** The encoder of a model with one of these heads. @throws UnsupportedError naming what the model is instead */
export function encoderOf(where: string, model: PretrainedModel, ...heads: readonly BertHead[]): BertModel {
  if (model.kind !== 'encoder') {
    throw new UnsupportedError(`${where}: needs an encoder, ${model.folder.name} is a ${model.kind}`);
  }
  const { head } = model.model.config;
  if (heads.length === 0 || heads.includes(head)) return model.model;
  throw new UnsupportedError(
    `${where}: needs a model with the head ${heads.join(' or ')}, that of ${model.folder.name} is ${head}`,
  );
}

/**
 * Runs `run` on inputs of like lengths, the longest first, and puts what it returns back in order.
 * @throws ArgumentError for a batchSize that is no positive integer; the signal's reason
 */
export async function inBatches<Input extends EncodedInput, Result>(
  where: string,
  inputs: readonly Input[],
  { batchSize, signal }: { readonly batchSize: number; readonly signal?: AbortSignal },
  run: (batch: readonly Input[]) => readonly Result[],
): Promise<Result[]> {
  if (!(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new ArgumentError(`${where}: batchSize must be a positive integer, got ${batchSize}`);
  }
  const order = inputs.map((_, i) => i).sort((a, b) => inputs[b]!.ids.length - inputs[a]!.ids.length);
  const results = new Array<Result>(inputs.length);
  signal?.throwIfAborted();
  for (let from = 0; from < order.length; ) {
    if (from > 0) await nextTurn();
    signal?.throwIfAborted();
    const most = Math.floor(BATCH_TOKENS / inputs[order[from]!]!.ids.length);
    const batch = order.slice(from, from + Math.min(batchSize, Math.max(1, most)));
    from += batch.length;
    const found = run(batch.map((i) => inputs[i]!));
    batch.forEach((i, row) => {
      results[i] = found[row]!;
    });
  }
  return results;
}

/**
 * One pass over a batch.
 * @param read what is wanted of a row of the batch, by values: tensors are freed
 * @param scored which places of an input a head for masks scores; none by default
 */
export function encodeBatch<Result extends object>(
  encoder: BertModel,
  batch: readonly EncodedInput[],
  returnWeights: ReturnedWeights | undefined,
  read: (result: BertResult, row: number, input: EncodedInput) => Result,
  scored: (input: EncodedInput) => readonly number[] = () => [],
): (Result & Attended)[] {
  const { runtime, config } = encoder;
  return runtime.scope(() => {
    const rows = batch.map(({ ids }) => ids);
    const { ids, lengths } = idRows(runtime, rows, config.paddingId);
    const even = rows.every((row) => row.length === rows[0]!.length);
    const typed = config.tokenTypes > 1 && batch.some(({ tokenTypes }) => tokenTypes?.includes(1));
    const tokenTypes = typed
      ? idRows(
          runtime,
          batch.map(({ ids: own, tokenTypes: types }) => types ?? own.map(() => 0)),
          0,
        ).ids
      : undefined;
    const result = encoder.forward(ids, {
      lengths: even ? undefined : lengths,
      tokenTypes,
      returnWeights,
      scored: batch.map(scored),
    });
    return batch.map((input, row): Result & Attended => {
      const found = read(result, row, input);
      return result.weights ? { ...found, attention: attentionOf(result.weights, row, input) } : found;
    });
  });
}

function attentionOf(weights: readonly Tensor[], row: number, { ids, tokens }: EncodedInput): InputAttention {
  const [first] = weights as readonly [Tensor];
  const heads = first.shape.length === 4 ? first.shape[1]! : 1;
  return { ids, tokens, heads, layers: weights.map((layer) => squares(layer.at(row), heads, ids.length)) };
}

/** The first `length` rows and columns of each head. */
function squares(weights: Tensor, heads: number, length: number): Float32Array {
  const time = weights.shape.at(-1)!;
  const all = weights.toFloat32Array();
  const cut = new Float32Array(heads * length * length);
  for (let head = 0; head < heads; head++) {
    for (let query = 0; query < length; query++) {
      const from = (head * time + query) * time;
      cut.set(all.subarray(from, from + length), (head * length + query) * length);
    }
  }
  return cut;
}
