import { encodeBatch, encoderOf, type InputAttention, inBatches, type TaskOptions } from './encoderPass.ts';
import type { PretrainedModel } from './loadModel.ts';
import { encodeInputs, isTokens, type ModelInput, tokenizerFor } from './modelInput.ts';
import type { Offsets } from './offsets.ts';
import { best, softmaxOf } from './ranking.ts';
import type { Encoding, Tokenizer } from './tokenizer.ts';

/** A token, or several in a row, with their class. */
export interface LabelledSpan {
  readonly label: string;
  /** Its probability; of several tokens the mean. */
  readonly score: number;
  /** Places among the tokens, special ones counted: [from, to). */
  readonly positions: readonly [from: number, to: number];
  readonly ids: readonly number[];
  /** What the tokens read; undefined where ids were given. */
  readonly text?: string;
  /** Where they lie in the text, in UTF-16 units; undefined for pairs and ids, and where it cannot be told. */
  readonly offsets?: Offsets;
}

export interface LabelledText {
  /** In the order of the text, special tokens left out. */
  readonly spans: readonly LabelledSpan[];
  readonly attention?: InputAttention;
}

/**
 * The class of each token, by its name in config.json's `id2label`. Texts of more than `maxLength` tokens lose their end.
 * At most 32 texts are computed together by default.
 * @returns in the order of the inputs
 * @throws UnsupportedError for a model without this head; ArgumentError and others as `embed` does
 */
export async function tokenClassify(
  model: PretrainedModel,
  texts: readonly ModelInput[],
  options: TaskOptions = {},
): Promise<LabelledText[]> {
  const { batchSize = 32, returnWeights, signal, maxLength } = options;
  const encoder = encoderOf('tokenClassify', model, 'token');
  const { labels } = encoder.config;
  const inputs = await encodeInputs('tokenClassify', model, texts, { maxLength });
  const tokenizer = await tokenizerFor(model, texts);
  const labelled = inputs.map((input, i) => {
    const text = texts[i]!;
    const offsets = typeof text === 'string' ? tokenizer!.offsets(text, input as Encoding) : undefined;
    return { ...input, offsets, tokenizer: isTokens(text) ? undefined : tokenizer };
  });
  return inBatches('tokenClassify', labelled, { batchSize, signal }, (batch) =>
    encodeBatch(encoder, batch, returnWeights, ({ logits }, row): LabelledText => {
      const { ids, added, offsets, tokenizer: own } = batch[row]!;
      const rows = logits!.at(row);
      const spans = ids.flatMap((id, position): LabelledSpan[] => {
        if (added?.[position]) return [];
        const [{ index, score }] = best(softmaxOf(rows.at(position).toFloat32Array()), 1) as [
          { index: number; score: number },
        ];
        const text = own && { text: own.decode([id], { skipSpecial: false }) };
        const place = offsets?.[position] && { offsets: offsets[position] };
        return [
          { label: labels[index]!, score, positions: [position, position + 1], ids: [id], ...text, ...place },
        ];
      });
      return { spans };
    }),
  );
}

/**
 * Neighbours of one class as one span, as the aggregation 'simple' of transformers has it: `B-` begins a new one, `I-` and
 * labels without a prefix go on, `E-` is the last and `S-` the only one. The prefixes are left out of the labels, and spans
 * of the classes `ignored` are dropped.
 * @param tokenizer what makes a span's text of its tokens
 * @param ignored 'O' by default
 */
export function groupSpans(
  spans: readonly LabelledSpan[],
  tokenizer?: Tokenizer,
  ignored: readonly string[] = ['O'],
): LabelledSpan[] {
  const groups: LabelledSpan[][] = [];
  for (const span of spans) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    const goesOn =
      last && !/^[ES]-/.test(last.label) && !/^[BS]-/.test(span.label) && tagOf(last) === tagOf(span);
    if (goesOn) group!.push(span);
    else groups.push([span]);
  }
  return groups.map((group) => joined(group, tokenizer)).filter(({ label }) => !ignored.includes(label));
}

function tagOf({ label }: LabelledSpan): string {
  return label.replace(/^[BIES]-/, '');
}

function joined(group: readonly LabelledSpan[], tokenizer: Tokenizer | undefined): LabelledSpan {
  const [first] = group as readonly [LabelledSpan];
  const last = group.at(-1)!;
  const ids = group.flatMap((span) => span.ids);
  return {
    label: tagOf(first),
    score: group.reduce((sum, { score }) => sum + score, 0) / group.length,
    positions: [first.positions[0], last.positions[1]],
    ids,
    ...(tokenizer && { text: tokenizer.decode(ids) }),
    ...(first.offsets && last.offsets && { offsets: [first.offsets[0], last.offsets[1]] }),
  };
}
