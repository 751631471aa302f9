// Whole models, of which each result passes through many ops: computed as those of fingerprints.js are.
import { sound, voiceWeights } from './voices.js';

const tokens = { paddingId: 0, startId: 1, endId: 2 };
const vocabularies = { sourceVocabulary: 19, targetVocabulary: 23 };
// Sines would be the engine's own.
const stack = { modelSize: 24, heads: 3, feedForwardSize: 40, maxLength: 16, positions: 'learned' };

/** Random ids, without those that mean something. */
const rowsOf = (random, lengths) =>
  lengths.map((length) => Array.from({ length }, () => 3 + random.integer(16)));

/** By name: what a runtime gives to be hashed. */
export function modelComputations(heed, runtime) {
  const made = (Model, config, compute) => () => {
    const random = new heed.Random(11);
    const model = Model.create(runtime, config, random);
    const results = compute(model, random);
    model.dispose();
    return results;
  };
  const pairs = (random) => {
    const [sources, targets] = [rowsOf(random, [7, 3]), rowsOf(random, [5, 6])];
    return sources.map((source, i) => ({ source, target: targets[i] }));
  };
  const sizes = {
    embeddingSize: 13,
    encoderHidden: 17,
    encoderLayers: 2,
    decoderHidden: 21,
    score: 'additive',
  };
  return {
    Seq2Seq: made(heed.Seq2Seq, { ...vocabularies, ...tokens, ...sizes }, (model, random) => {
      const { logits, weights } = model.forward(heed.pairBatch(runtime, pairs(random), tokens));
      return [logits, weights];
    }),
    TransformerSeq2Seq: made(
      heed.TransformerSeq2Seq,
      { ...vocabularies, ...tokens, ...stack, encoderLayers: 2, decoderLayers: 2 },
      (model, random) => model.forward(heed.transformerBatch(runtime, pairs(random), tokens)).logits,
    ),
    CausalLanguageModel: made(
      heed.CausalLanguageModel,
      { vocabulary: 19, ...stack, layers: 2, startId: 1, endId: 2 },
      (model, random) => model.forward(heed.causalBatch(runtime, rowsOf(random, [9, 4]), tokens).ids).logits,
    ),
    MaskedLanguageModel: made(
      heed.MaskedLanguageModel,
      { vocabulary: 19, ...stack, layers: 2, maskId: 3 },
      (model, random) => model.forward(heed.causalBatch(runtime, rowsOf(random, [9, 4]), tokens).ids).logits,
    ),
    Captioner: made(
      heed.Captioner,
      {
        ...{ channels: 1, height: 12, width: 16, blocks: [{ channels: 5 }, { channels: 9 }], vocabulary: 19 },
        ...{ embeddingSize: 13, decoderHidden: 21, ...tokens },
      },
      (model, random) => {
        const pixels = Float32Array.from({ length: 2 * 12 * 16 }, () => random.integer(256) / 256);
        const images = heed.Tensor.from(runtime, pixels, [2, 1, 12, 16]);
        const { logits, weights } = model.forward(
          heed.captionBatch(runtime, images, rowsOf(random, [4, 2]), tokens),
        );
        return [logits, weights];
      },
    ),
    VoiceDetector: () => {
      const detector = heed.VoiceDetector.load(runtime, voiceWeights());
      const { chunkSamples } = heed.VoiceDetector;
      const heard = sound(12 * chunkSamples);
      const told = Array.from({ length: 12 }, (_, i) =>
        detector.step(heard.subarray(i * chunkSamples, (i + 1) * chunkSamples)),
      );
      detector.dispose();
      return heed.Tensor.from(runtime, told);
    },
  };
}
