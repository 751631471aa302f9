/** What all heads of all layers look at, in one word with a blank. */
import type { MaskedLanguageModel } from '../../src/models/maskedLanguage/model.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { HeadFigures } from './figures.ts';
import { rounded } from './measure.ts';
import { rowOf } from './model.ts';
import { type Question, spelled } from './spelling.ts';

/** What stands for the start and the end of a word in pictures. */
const EDGES = ['‹', '›'] as const;

export function headFigures(model: MaskedLanguageModel, question: Question): HeadFigures {
  const spelling = spelled(question);
  const row = rowOf(spelling);
  const { runtime } = model;
  return runtime.scope(() => {
    const ids = Tensor.from(runtime, row, [1, row.length], 'i32');
    const { weights } = model.forward(ids, { returnWeights: 'per-head' });
    return {
      word: question.word,
      position: question.blanks[0]!,
      symbols: [EDGES[0], ...spelling, EDGES[1]],
      weights: weights!.map((layer) =>
        Array.from({ length: model.config.heads }, (_, head) =>
          Array.from(layer.at(0).at(head).toFloat32Array(), rounded),
        ),
      ),
    };
  });
}
