// Whole models with made-up weights: what they write, step by step and at once, and what they learn from.
import { expectEqual, expectNear, expectThrows, expectTrue } from './expectations.js';
import { Values } from './values.js';

export const needs = ['heed', 'models'];

const tokens = { paddingId: 0, startId: 1, endId: 2 };
const vocabularies = { sourceVocabulary: 9, targetVocabulary: 11 };
const recurrent = {
  embeddingSize: 5,
  encoderHidden: 6,
  encoderLayers: 1,
  decoderHidden: 7,
  score: 'general',
};
const sizes = { modelSize: 8, heads: 2, feedForwardSize: 12, maxLength: 12 };
const pairs = [
  { source: [3, 4, 5], target: [6, 7] },
  { source: [8, 3], target: [9, 6, 10] },
];

/** What is written is as probable as it says, and a wider beam finds nothing worse. */
function checkDecoding(model, sources, models, heed) {
  const { beamSearch, greedyDecode, sampleDecode } = models;
  const greedy = greedyDecode(model(sources), 8);
  const [narrow, wide] = [1, 4].map((beam) => beamSearch(model(sources), { beam, maxLength: 8 }));
  const random = () => new heed.Random(9);
  const options = { maxLength: 8, count: 3, temperature: 0.7, topK: 5, topP: 0.9 };
  const drawn = sampleDecode(model(sources), { ...options, random: random() });
  const again = sampleDecode(model(sources), { ...options, random: random() });
  sources.forEach((_, i) => {
    expectEqual('a beam of one is greedy', narrow[i][0].ids, greedy[i].ids);
    expectTrue('hypotheses', wide[i].length === 4 && drawn[i].length === 3);
    expectTrue('at least as probable', wide[i][0].logProbability >= greedy[i].logProbability - 1e-5);
    expectEqual(
      'drawn again',
      again[i].map(({ ids }) => ids),
      drawn[i].map(({ ids }) => ids),
    );
    // The same word alone is written as beside others.
    const alone = beamSearch(model([sources[i]]), { beam: 4, maxLength: 8 })[0];
    expectEqual('alone', alone[0].ids, wide[i][0].ids);
    for (const { ids, attention, logProbability } of wide[i]) {
      expectTrue('log-probability', logProbability <= 0 && Number.isFinite(logProbability));
      expectTrue('a row of attention for each token', attention.length >= ids.length);
    }
  });
}

export const scoped = {
  Seq2Seq: ({ runtime, own, heed, models }) => {
    const { DecodingModel, pairBatch, Seq2Seq } = models;
    const model = own(
      Seq2Seq.create(runtime, { ...vocabularies, ...recurrent, ...tokens }, new heed.Random(1)),
    );
    expectTrue('is decoded', model.stepModel([[3]]) instanceof DecodingModel);
    runtime.scope(() =>
      checkDecoding((sources) => model.stepModel(sources), [[3, 4, 5, 6], [7]], models, heed),
    );
    const batch = pairBatch(runtime, pairs, tokens);
    const { logits, weights } = model.forward(batch);
    expectEqual('logits', logits.shape, [4, 2, 11]);
    expectEqual('weights', weights.shape, [4, 2, 1, 3]);
    const loss = model.loss(batch).item();
    const known = [...batch.targetOutput.toArray()].map((id, row) => [id, row]).filter(([id]) => id !== 0);
    const rows = heed.logSoftmax(logits).toArray();
    const mean = known.reduce((sum, [id, row]) => sum - rows[row * 11 + id], 0) / known.length;
    expectNear('loss', [loss], [mean], { roundings: 32, approximations: 2 });
    // As stored and loaded.
    const stored = [...model.parameters()].map(([name, each]) => [
      name,
      heed.fromFloat32(each.toFloat32Array(), each.shape, 'F32'),
    ]);
    const file = heed.readSafetensors(heed.writeSafetensors(stored));
    const copy = own(Seq2Seq.load(runtime, file, model.config));
    expectEqual('a copy', copy.forward(batch).logits.toArray(), logits.toArray());
  },

  'every kind of decoder and cell': ({ runtime, own, heed, models: { Seq2Seq, greedyDecode } }) => {
    for (const decoder of ['luong', 'bahdanau', 'bahdanau-2014', 'fixed-context']) {
      for (const cell of ['lstm', 'gru', 'rnn']) {
        const config = { ...vocabularies, ...recurrent, ...tokens, decoder, cell, score: 'additive' };
        // This one has a cell of its own.
        if (decoder === 'bahdanau-2014' && cell !== 'gru') continue;
        const model = own(Seq2Seq.create(runtime, config, new heed.Random(2)));
        const [{ ids }] = runtime.scope(() => greedyDecode(model.stepModel([[3, 4]]), 5));
        expectTrue(`${decoder}, ${cell}`, ids.length <= 5);
      }
    }
    const config = { ...vocabularies, ...recurrent, ...tokens, decoder: 'other' };
    expectThrows('unknown', 'ArgumentError', /decoder/, () =>
      Seq2Seq.create(runtime, config, new heed.Random(1)),
    );
  },

  TransformerSeq2Seq: ({ runtime, own, heed, models }) => {
    const { transformerBatch, TransformerSeq2Seq } = models;
    const config = { ...vocabularies, ...sizes, ...tokens, encoderLayers: 2, decoderLayers: 2 };
    const model = own(TransformerSeq2Seq.create(runtime, config, new heed.Random(3)));
    runtime.scope(() =>
      checkDecoding(
        (sources) => model.stepModel(sources),
        [
          [3, 4, 5],
          [6, 7, 8, 3],
        ],
        models,
        heed,
      ),
    );
    const batch = transformerBatch(runtime, pairs, tokens);
    const { logits, crossWeights, encoderWeights } = model.forward(batch, { returnWeights: 'per-head' });
    expectEqual('logits', logits.shape, [2, 4, 11]);
    expectEqual(
      'weights',
      [crossWeights[1].shape, encoderWeights[0].shape],
      [
        [2, 2, 4, 3],
        [2, 2, 3, 3],
      ],
    );
    // Step by step with a cache: the same tokens give the same log-probabilities.
    const cache = own(model.start(batch.source, batch.sourceLengths));
    const expected = heed.logSoftmax(logits).toArray();
    const ids = batch.targetInput.toArray();
    for (let t = 0; t < 3; t++) {
      const previous = heed.Tensor.from(runtime, [ids[t], ids[4 + t]], [2], 'i32');
      const told = model.step(previous, cache).logProbabilities.toArray();
      const rows = [0, 1].flatMap((row) => [...expected.slice((row * 4 + t) * 11, (row * 4 + t + 1) * 11)]);
      expectNear(`step ${t}`, told, rows, { roundings: 600, approximations: 16 });
    }
    expectTrue('loss', model.loss(batch).item() > 0);
  },

  CausalLanguageModel: ({ runtime, own, heed, models }) => {
    const { causalBatch, CausalLanguageModel, LanguageModel } = models;
    const config = { vocabulary: 11, ...sizes, layers: 2, startId: 1, endId: 2 };
    const model = own(CausalLanguageModel.create(runtime, config, new heed.Random(4)));
    expectTrue('is a LanguageModel', model instanceof LanguageModel);
    runtime.scope(() => checkDecoding((prompts) => model.stepModel(prompts), [[3, 4], []], models, heed));
    const batch = causalBatch(runtime, [[3, 4, 5], [6]], config);
    const { logits } = model.forward(batch.ids);
    expectEqual('logits', logits.shape, [2, 5, 11]);
    // What comes later changes nothing before it.
    const changed = batch.ids.toArray();
    changed[4] = 9;
    const other = model.forward(heed.Tensor.from(runtime, changed, [2, 5], 'i32')).logits;
    expectEqual('no look ahead', other.toArray().slice(0, 44), logits.toArray().slice(0, 44));
    expectTrue('loss', Number.isFinite(model.loss(batch).item()));
  },

  MaskedLanguageModel: ({ runtime, own, heed, models: { MaskedLanguageModel, padRows } }) => {
    const config = { vocabulary: 11, ...sizes, layers: 2, maskId: 3 };
    const model = own(MaskedLanguageModel.create(runtime, config, new heed.Random(5)));
    const rows = [[4, 3, 5, 3], [3]];
    const filled = model.fillMask(rows, { topK: 11, returnWeights: true });
    expectEqual(
      'masks',
      filled.map((masks) => masks.map(({ position }) => position)),
      [[1, 3], [0]],
    );
    const total = filled[0][0].candidates.reduce((sum, { probability }) => sum + probability, 0);
    expectNear('all candidates', [total], [1], { roundings: 16, approximations: 1 });
    expectEqual('alone', model.fillMask([rows[1]])[0][0].candidates[0].id, filled[1][0].candidates[0].id);
    const { ids, lengths } = padRows(rows, 3);
    expectEqual(
      'padded',
      [[...ids], [...lengths]],
      [
        [4, 3, 5, 3, 3, 3, 3, 3],
        [4, 1],
      ],
    );
    const targets = heed.Tensor.from(runtime, [-100, 7, -100, -100], [1, 4], 'i32');
    const input = heed.Tensor.from(runtime, rows[0], [1, 4], 'i32');
    expectTrue('loss', model.loss({ input, targets }).item() > 0);
    expectThrows('no mask', 'ArgumentError', /mask/, () => model.fillMask([[4, 5]]));
  },

  Captioner: ({ runtime, own, heed, models }) => {
    const { captionBatch, Captioner } = models;
    const blocks = [{ channels: 4 }, { channels: 6 }];
    const config = {
      channels: 1,
      height: 8,
      width: 12,
      blocks,
      vocabulary: 11,
      embeddingSize: 5,
      decoderHidden: 7,
      ...tokens,
    };
    const model = own(Captioner.create(runtime, config, new heed.Random(6)));
    expectEqual('grid', model.gridSize, { rows: 2, columns: 3 });
    const images = heed.Tensor.from(runtime, new Values(71).floats(2 * 96), [2, 1, 8, 12]);
    const [words] = models.beamSearch(model.stepModel(images), { beam: 2, maxLength: 6 })[0];
    for (const row of words.attention) {
      expectNear('a look', [row.reduce((a, b) => a + b, 0)], [1], { roundings: 16, approximations: 1 });
    }
    const batch = captionBatch(runtime, images, [[3, 4], [5]], tokens);
    const { logits, weights } = model.forward(batch);
    expectEqual(
      'shapes',
      [logits.shape, weights.shape],
      [
        [3, 2, 11],
        [3, 2, 6],
      ],
    );
  },

  sampleToken: ({ models: { sampleToken } }) => {
    const logits = Float32Array.from([0, Math.log(3), -Infinity]);
    expectEqual(
      'by probability',
      [0.2, 0.3, 0.99].map((uniform) => sampleToken(logits, uniform)),
      [0, 1, 1],
    );
    expectEqual('the best alone', sampleToken(logits, 0.99, { topK: 1 }), 1);
    expectThrows('temperature', 'ArgumentError', /temperature/, () =>
      sampleToken(logits, 0.5, { temperature: 0 }),
    );
  },
};
