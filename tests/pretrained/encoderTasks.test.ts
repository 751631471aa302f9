/** What encoders are asked: vectors, masks, classes of texts and of tokens. References are Hugging Face's own outputs. */
import { describe, expect, it } from 'vitest';
import { ArgumentError, UnsupportedError } from '../../src/errors.ts';
import { toFloat32 } from '../../src/io/conversion.ts';
import { classify } from '../../src/pretrained/classify.ts';
import { embed } from '../../src/pretrained/embed.ts';
import { fillMask } from '../../src/pretrained/fillMask.ts';
import type { PretrainedModel } from '../../src/pretrained/loadModel.ts';
import { groupSpans, type LabelledSpan, tokenClassify } from '../../src/pretrained/tokenClassify.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { Checkpoint } from '../models/checkpoints.ts';
import { seededRandom } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { classifierFiles, failure, hasFolders, loadFolder, sayIfSkipped } from './folders.ts';
import { wordPieces } from './tokenizers.ts';

sayIfSkipped('embed, fillMask, classify and tokenClassify');

const SIZE = 32;
const labels = ['O', 'B-PER', 'I-PER'];
const pieces = ['the', 'cat', 'sat', '##s', 'on', 'mat', '.', 'anna', 'lee', 'paris'];
const tokenizer = wordPieces(pieces);
const random = seededRandom(5);
const classifier = Float32Array.from({ length: 3 * SIZE }, () => 2 * random.uniform() - 1);

/** What the reference has for a case, as rows of `width`. */
function rowsOf(checkpoint: Checkpoint, name: string, width: number): Float32Array[] {
  const values = toFloat32(checkpoint.expected.get(`out.${name}`)!);
  return Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width));
}

/** The rows of a case, without what fills them up. */
function inputsOf({ runtime }: PretrainedModel, checkpoint: Checkpoint, name: string) {
  return runtime.scope(() => {
    const ids = checkpoint.input(runtime, `${name}.input_ids`)!;
    const types = checkpoint.input(runtime, `${name}.token_type_ids`);
    const lengths = checkpoint.lengths(runtime, name)?.toArray();
    const row = (tensor: Tensor, b: number): number[] =>
      Array.from(tensor.at(b).toArray()).slice(0, lengths?.[b]);
    return Array.from({ length: ids.shape[0]! }, (_, b) => ({
      ids: row(ids, b),
      ...(types && { tokenTypes: row(types, b) }),
    }));
  });
}

const softmax = (logits: readonly number[]): number[] => {
  const weights = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  return weights.map((weight) => weight / weights.reduce((a, b) => a + b, 0));
};
const mean = (rows: readonly Float32Array[]): number[] =>
  Array.from({ length: SIZE }, (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
const unit = (vector: readonly number[]): number[] => {
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
};
const linear = (x: ArrayLike<number>): number[] =>
  labels.map((_, c) =>
    Array.from(x).reduce((sum, value, i) => sum + value * classifier[c * SIZE + i]!, c / 8),
  );

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(tolerance);
  }
}

/** The reference's outputs of each real token of the padded case. */
function tokensOf(model: PretrainedModel, folder: string, name: string, width: number) {
  const checkpoint = new Checkpoint(folder);
  const inputs = inputsOf(model, checkpoint, 'padded');
  const all = rowsOf(checkpoint, `padded.${name}`, width);
  const time = all.length / inputs.length;
  return {
    inputs,
    tokens: inputs.map(({ ids }, b) => all.slice(b * time, b * time + ids.length)),
    tolerance: checkpoint.tolerance,
  };
}

describe.skipIf(!hasFolders).each(variants)('encoders, %s', (variant) => {
  const load = async (folder: string, files?: Record<string, unknown>): Promise<PretrainedModel> =>
    loadFolder(await sharedRuntime(variant), folder, files);
  const messageOf = async (action: () => unknown): Promise<string> => (await failure(action)).message;

  describe('embed', () => {
    it.each([1, 2, 32])('pools as sentence-transformers does, %i at a time', async (batchSize) => {
      using model = await load('hf/bert-model');
      const { inputs, tokens, tolerance } = tokensOf(model, 'hf/bert-model', 'last_hidden_state', SIZE);
      expect(new Set(inputs.map(({ ids }) => ids.length)).size).toBeGreaterThan(1);
      const plain = await embed(model, inputs, { batchSize, normalize: false });
      for (const [b, vector] of plain.entries()) close(vector, mean(tokens[b]!), tolerance);
      const first = await embed(model, inputs, { batchSize, normalize: false, pooling: 'cls' });
      for (const [b, vector] of first.entries()) close(vector, tokens[b]![0]!, tolerance);
      const normalized = await embed(model, inputs, { batchSize });
      for (const [b, vector] of normalized.entries()) close(vector, unit(Array.from(plain[b]!)), 1e-6);
    });

    it('pools as the folder says', async () => {
      const modules = (type: string) => [
        { idx: 0, path: '', type: 'sentence_transformers.models.Transformer' },
        { idx: 1, path: '1_Pooling', type: `sentence_transformers.models.${type}` },
        { idx: 2, path: '2_Normalize', type: 'sentence_transformers.models.Normalize' },
      ];
      const pooled = async (files: Record<string, unknown>, options: object = {}) => {
        using model = await load('hf/bert-model', files);
        return await embed(model, [[5, 6, 7]], options);
      };
      const cls = {
        pooling_mode_cls_token: true,
        pooling_mode_mean_tokens: false,
        word_embedding_dimension: SIZE,
      };
      const files = { 'modules.json': modules('Pooling'), '1_Pooling/config.json': cls };
      expect(await pooled(files)).toEqual(await pooled({}, { pooling: 'cls' }));
      expect(await pooled(files)).not.toEqual(await pooled({}));
      expect(await pooled({ '1_Pooling/config.json': cls })).toEqual(await pooled(files));
      expect(await pooled(files, { pooling: 'mean' })).toEqual(await pooled({}));
      const max = { ...files, '1_Pooling/config.json': { pooling_mode_max_tokens: true } };
      expect(await messageOf(() => pooled(max))).toMatch(
        /1_Pooling\/config.json has pooling_mode_max_tokens/,
      );
      const dense = { ...files, 'modules.json': modules('Dense') };
      expect(await messageOf(() => pooled(dense))).toMatch(
        /modules.json has sentence_transformers.models.Dense/,
      );
    });

    it('reads texts, cut where the folder says', async () => {
      using model = await load('hf/bert-model', {
        ...tokenizer,
        'sentence_bert_config.json': { max_seq_length: 5 },
      });
      const [short, long, pair] = await embed(model, [
        'The cat',
        'the cat sat on the mat .',
        { text: 'the', pair: 'cat' },
      ]);
      const expected = await embed(model, [
        [2, 5, 6, 3],
        [2, 5, 6, 7, 3],
        { ids: [2, 5, 3, 6, 3], tokenTypes: [0, 0, 0, 1, 1] },
      ]);
      expect([short, long, pair]).toEqual(expected);
      const [whole] = await embed(model, ['the cat sat on the mat .'], { maxLength: 32 });
      expect([whole]).toEqual(await embed(model, [[2, 5, 6, 7, 9, 5, 10, 11, 3]]));
      expect(await embed(model, [])).toEqual([]);
      // An empty text is what stands around it.
      expect(await embed(model, [''])).toEqual(await embed(model, [[2, 3]]));
    });

    it.each(['mean', 'per-head'] as const)('returns attentions: %s', async (returnWeights) => {
      using model = await load('hf/bert-model', tokenizer);
      const heads = returnWeights === 'mean' ? 1 : 4;
      const found = await embed(model, ['the cat sat', 'mat'], { returnWeights });
      expect(found.map(({ attention }) => attention!.tokens!.length)).toEqual([5, 3]);
      for (const { attention } of found) {
        const { ids, layers } = attention!;
        expect(attention!.heads).toBe(heads);
        expect(layers).toHaveLength(2);
        for (const layer of layers) {
          expect(layer).toHaveLength(heads * ids.length ** 2);
          for (let row = 0; row < layer.length; row += ids.length) {
            const sum = layer.subarray(row, row + ids.length).reduce((a, b) => a + b, 0);
            expect(Math.abs(sum - 1)).toBeLessThan(ids.length * 2 ** -22);
          }
        }
      }
    });

    it('gives memory back, also when aborted', async () => {
      using model = await load('hf/bert-model');
      const { memory } = model.runtime;
      const { usedBytes } = memory;
      const texts = Array.from({ length: 5 }, (_, i) => [5, 6, 7 + i]);
      await embed(model, texts, { returnWeights: 'mean' });
      expect(memory.usedBytes).toBe(usedBytes);
      const controller = new AbortController();
      // So many that no machine is done before the timer.
      const many = Array.from({ length: 1000 }, () => texts).flat();
      const running = embed(model, many, { batchSize: 1, signal: controller.signal });
      setTimeout(() => controller.abort(new Error('enough')), 0);
      expect(await messageOf(() => running)).toBe('enough');
      expect(memory.usedBytes).toBe(usedBytes);
    });

    it('refuses what is wrong', async () => {
      using model = await load('hf/bert-model');
      for (const [inputs, options, message] of [
        [[[]], {}, 'embed: inputs[0] has no tokens'],
        [[[1], [97]], {}, 'embed: inputs[1][0] must lie in 0..96, got 97'],
        [[new Array(33).fill(1)], {}, 'embed: inputs[0] has 33 tokens, at most 32 fit'],
        [[[1, 2, 3]], { maxLength: 2 }, 'embed: inputs[0] has 3 tokens, at most 2 fit'],
        [
          [{ ids: [1, 2], tokenTypes: [0] }],
          {},
          'embed: inputs[0] has 2 ids and 1 token types, expected as many',
        ],
        [
          [{ text: 'a' }],
          {},
          'embed: inputs[0] must be a text, { text, pair }, { ids } or a list of ids, got {"text":"a"}',
        ],
        ['text', {}, 'embed: expected a list of inputs, got string'],
        [[[1]], { pooling: 'max' }, 'embed: pooling must be mean or cls, got max'],
        [[[1]], { batchSize: 1.5 }, 'embed: batchSize must be a positive integer, got 1.5'],
        [[[1]], { maxLength: 0 }, 'embed: maxLength must be a positive integer, got 0'],
      ] as const) {
        expect(await failure(() => embed(model, inputs as never, options as never))).toEqual(
          new ArgumentError(message),
        );
      }
      using decoder = await load('hf/gpt2');
      const error = await failure(() => embed(decoder, [[1]]));
      expect(error).toBeInstanceOf(UnsupportedError);
      expect(error.message).toMatch(/embed: needs an encoder, .* is a decoder/);
    });
  });

  describe('fillMask', () => {
    it.each(['hf/bert-mlm', 'hf/distilbert-mlm', 'hf/roberta-mlm'])(
      '%s: the likeliest tokens by the reference',
      async (folder) => {
        using model = await load(folder);
        const { inputs, tokens, tolerance } = tokensOf(model, folder, 'logits', 97);
        // Each input's own tokens stand in for a mask: what the model says of that place is known.
        for (const [b, input] of inputs.entries()) {
          const maskId = input.ids[1]!;
          const [found] = await fillMask(model, [input], { maskId, topK: 97 });
          const places = input.ids.flatMap((id, at) => (id === maskId ? [at] : []));
          expect(found!.masks.map(({ position }) => position)).toEqual(places);
          for (const { position, candidates } of found!.masks) {
            const expected = softmax(Array.from(tokens[b]![position]!));
            // exp turns an absolute error of a logit into a relative one.
            for (const { id, score } of candidates) {
              expect(Math.abs(score - expected[id]!)).toBeLessThan(3 * tolerance * expected[id]!);
            }
            const scores = candidates.map(({ score }) => score);
            expect(scores).toEqual([...scores].sort((x, y) => y - x));
            expect(Math.abs(scores.reduce((x, y) => x + y, 0) - 1)).toBeLessThan(1e-12);
          }
        }
      },
    );

    it('reads and writes text, and refuses texts without a mask', async () => {
      using model = await load('hf/bert-mlm', tokenizer);
      const [found, two] = await fillMask(model, ['the [MASK] sat.', '[MASK] cat [MASK]'], { topK: 2 });
      expect(found!.ids).toEqual([2, 5, 4, 7, 11, 3]);
      expect(found!.masks).toMatchObject([{ position: 2 }]);
      expect(found!.masks[0]!.candidates).toHaveLength(2);
      expect(typeof found!.masks[0]!.candidates[0]!.text).toBe('string');
      expect(two!.masks.map(({ position }) => position)).toEqual([1, 3]);
      const byIds = await fillMask(model, [[2, 5, 4, 7, 11, 3]], {
        topK: 2,
        maskId: 4,
        returnWeights: 'mean',
      });
      expect(byIds[0]!.masks[0]!.candidates.map(({ id }) => id)).toEqual(
        found!.masks[0]!.candidates.map(({ id }) => id),
      );
      expect(byIds[0]!.attention!.layers[0]).toHaveLength(36);
      expect(await messageOf(() => fillMask(model, ['the [MASK]', 'cat']))).toBe(
        'fillMask: inputs[1] must hold a mask, [MASK]',
      );
      expect(await messageOf(() => fillMask(model, [[5, 4]]))).toBe('fillMask: ids need the option maskId');
      expect(await messageOf(() => fillMask(model, ['[MASK]'], { topK: 0 }))).toBe(
        'fillMask: topK must be a positive integer, got 0',
      );
      using other = await load('hf/bert-model');
      expect(await messageOf(() => fillMask(other, [[5, 4]], { maskId: 4 }))).toMatch(
        /fillMask: needs a model with the head mask, that of .* is none/,
      );
    });
  });

  describe('classify', () => {
    const files = (fields: object = {}) => ({
      ...classifierFiles('BertForSequenceClassification', classifier, labels, { ...fields }),
      ...tokenizer,
    });
    /** The reference's pooled vectors, and what the classifier makes of them. */
    const reference = (model: PretrainedModel) => {
      const checkpoint = new Checkpoint('hf/bert-model');
      return {
        inputs: inputsOf(model, checkpoint, 'padded'),
        logits: rowsOf(checkpoint, 'padded.pooler_output', SIZE).map(linear),
        // 32 products of a weight of at most 1.
        tolerance: SIZE * checkpoint.tolerance,
      };
    };

    it('scores each class by its name', async () => {
      using model = await load('hf/bert-model', files());
      const { inputs, logits, tolerance } = reference(model);
      const found = await classify(model, inputs);
      found.forEach(({ classes }, b) => {
        expect(classes).toHaveLength(3);
        const expected = softmax(logits[b]!);
        for (const { label, score } of classes) {
          expect(Math.abs(score - expected[labels.indexOf(label)]!)).toBeLessThan(tolerance);
        }
        expect(classes[0]!.score).toBe(Math.max(...classes.map(({ score }) => score)));
      });
      const raw = await classify(model, inputs, { scores: 'none', batchSize: 1 });
      raw.forEach(({ classes }, b) => {
        for (const { label, score } of classes) {
          expect(Math.abs(score - logits[b]![labels.indexOf(label)]!)).toBeLessThan(tolerance);
        }
      });
      const [best] = await classify(model, ['the cat'], { topK: 1, returnWeights: 'mean' });
      expect(best!.classes).toHaveLength(1);
      expect(best!.attention!.tokens).toEqual(['[CLS]', 'the', 'cat', '[SEP]']);
    });

    it('scores classes on their own where several may be right', async () => {
      using model = await load('hf/bert-model', files({ problem_type: 'multi_label_classification' }));
      const { inputs, logits, tolerance } = reference(model);
      const found = await classify(model, inputs);
      found.forEach(({ classes }, b) => {
        for (const { label, score } of classes) {
          const logit = logits[b]![labels.indexOf(label)]!;
          expect(Math.abs(score - 1 / (1 + Math.exp(-logit)))).toBeLessThan(tolerance);
        }
      });
      using one = await load(
        'hf/bert-model',
        classifierFiles('BertForSequenceClassification', classifier.slice(0, SIZE), ['relevance']),
      );
      const [{ classes }] = (await classify(one, inputs)) as unknown as [{ classes: { score: number }[] }];
      expect(classes[0]!.score).toBeLessThan(1);
      expect(classes[0]!.score).toBeGreaterThan(0);
    });

    it('refuses other models', async () => {
      using model = await load('hf/bert-mlm');
      expect(await messageOf(() => classify(model, [[1]]))).toMatch(
        /needs a model with the head sequence, .* is mask/,
      );
      expect(await messageOf(() => tokenClassify(model, [[1]]))).toMatch(/needs a model with the head token/);
    });
  });

  describe('tokenClassify', () => {
    it('labels each token, and tells where it lies', async () => {
      const files = { ...classifierFiles('BertForTokenClassification', classifier, labels), ...tokenizer };
      using model = await load('hf/bert-model', files);
      const { inputs, tokens, tolerance } = tokensOf(model, 'hf/bert-model', 'last_hidden_state', SIZE);
      const found = await tokenClassify(model, inputs);
      found.forEach(({ spans }, b) => {
        expect(spans.flatMap(({ ids }) => ids)).toEqual(inputs[b]!.ids);
        spans.forEach(({ label, score, positions: [at] }) => {
          const expected = softmax(linear(tokens[b]![at]!));
          expect(Math.abs(score - Math.max(...expected))).toBeLessThan(SIZE * tolerance);
          expect(label).toBe(labels[expected.indexOf(Math.max(...expected))]);
        });
      });
      const text = 'Anna Lee  sat on cats.';
      const [own] = (await tokenClassify(model, [text])) as unknown as [{ spans: LabelledSpan[] }];
      expect(own.spans.map(({ offsets }) => text.slice(...offsets!))).toEqual([
        'Anna',
        'Lee',
        'sat',
        'on',
        'cat',
        's',
        '.',
      ]);
      expect(own.spans.map(({ text: token }) => token)).toEqual([
        'anna',
        'lee',
        'sat',
        'on',
        'cat',
        '##s',
        '.',
      ]);
      const [pair] = await tokenClassify(model, [{ text: 'anna', pair: 'lee' }]);
      expect(pair!.spans.map(({ positions, offsets }) => [positions[0], offsets])).toEqual([
        [1, undefined],
        [3, undefined],
      ]);
    });

    it('groups neighbours as transformers does', async () => {
      const span = (label: string, at: number, score: number): LabelledSpan => ({
        ...{ label, score, positions: [at, at + 1], ids: [at], offsets: [2 * at, 2 * at + 1] },
      });
      const spans = [
        ...[span('B-PER', 0, 0.5), span('I-PER', 1, 0.7), span('O', 2, 0.9), span('I-PER', 3, 0.4)],
        ...[span('B-PER', 4, 0.8), span('B-LOC', 5, 0.6), span('I-PER', 6, 0.6), span('LOC', 7, 1)],
      ];
      const groups = groupSpans(spans);
      expect(groups.map(({ label, positions }) => [label, ...positions])).toEqual([
        ...[
          ['PER', 0, 2],
          ['PER', 3, 4],
          ['PER', 4, 5],
        ],
        ...[
          ['LOC', 5, 6],
          ['PER', 6, 7],
          ['LOC', 7, 8],
        ],
      ]);
      expect(groups[0]).toMatchObject({ ids: [0, 1], offsets: [0, 3] });
      expect(groups[0]!.score).toBeCloseTo(0.6, 12);
      const bounded = ['B-X', 'I-X', 'E-X', 'I-X', 'S-X', 'I-X'].map((label, at) => span(label, at, 1));
      expect(groupSpans(bounded).map(({ ids }) => ids)).toEqual([[0, 1, 2], [3], [4], [5]]);
      expect(groupSpans(spans, undefined, []).map(({ label }) => label)).toContain('O');
    });
  });
});
