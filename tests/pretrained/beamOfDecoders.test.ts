/** Beam search over decoders without an encoder, against Hugging Face's. */
import { describe, expect, it } from 'vitest';
import { beamSearch } from '../../src/decode/beam.ts';
import type { Hypothesis, StepModel } from '../../src/decode/stepModel.ts';
import { toInt32 } from '../../src/io/conversion.ts';
import type { TransformerEncoderCache } from '../../src/layers/encoderCache.ts';
import type { CausalModel } from '../../src/models/causal/model.ts';
import { logSoftmax } from '../../src/ops/softmax.ts';
import type { PretrainedModel } from '../../src/pretrained/loadModel.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { Checkpoint } from '../models/checkpoints.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { hasFolders, loadFolder, sayIfSkipped } from './folders.ts';

sayIfSkipped('beam search of decoders');

/** A decoder that goes on from a prompt; its attention is not asked for. */
function continuation(model: CausalModel, prompt: readonly number[]): StepModel<TransformerEncoderCache> {
  const { runtime } = model;
  const read = (ids: readonly number[], rows: number, cache: TransformerEncoderCache): Float32Array =>
    runtime.scope(() => {
      const input = Tensor.from(runtime, ids, [rows, ids.length / rows], 'i32');
      return logSoftmax(model.forward(input, { cache, lastOnly: true }).logits).toFloat32Array();
    });
  return {
    items: 1,
    vocabulary: model.config.vocabulary,
    startId: prompt.at(-1)!,
    endId: 2,
    start: () => {
      const cache = model.createCache();
      read(prompt.slice(0, -1), 1, cache);
      return cache;
    },
    step: (state, previous) => ({
      state,
      logProbabilities: read([...previous], previous.length, state),
      attention: new Float32Array(0),
    }),
    select: (state, rows) => {
      state.select(rows);
      return state;
    },
    release: (state, kept) => {
      if (state !== kept) state.dispose();
    },
  };
}

/** Sum of the log-probabilities of what follows a prompt. */
function logProbability(model: CausalModel, ids: readonly number[], prompt: number): number {
  const { runtime } = model;
  return runtime.scope(() => {
    const logits = model.forward(Tensor.from(runtime, ids, [1, ids.length], 'i32')).logits;
    const rows = logSoftmax(logits).at(0);
    return ids.slice(prompt).reduce((sum, id, i) => sum + rows.at(prompt + i - 1).toFloat32Array()[id]!, 0);
  });
}

describe.skipIf(!hasFolders).each(variants)('beam search of decoders, %s', (variant) => {
  it.each(['hf/gpt2', 'hf/llama-gqa', 'hf/llama-tied'])(
    'finds what the reference finds: %s',
    async (folder) => {
      const runtime = await sharedRuntime(variant);
      using loaded = (await loadFolder(runtime, folder)) as Extract<PretrainedModel, { kind: 'decoder' }>;
      const { model } = loaded;
      const checkpoint = new Checkpoint(folder);
      const prompts = checkpoint.input(runtime, 'full.input_ids')!;
      let same = 0;
      for (let k = 0; k < prompts.shape[0]!; k++) {
        const prompt = Array.from(prompts.at(k).toArray());
        const stored = checkpoint.expected.get(`out.beam4.full.${k}`)!;
        const best = Array.from(toInt32(stored)).slice(0, stored.shape[1]!);
        const end = best.indexOf(2, prompt.length);
        const expected = end < 0 ? best : best.slice(0, end + 1);
        const [[found]] = beamSearch(continuation(model, prompt), {
          beam: 4,
          maxLength: 12,
          lengthPenalty: { kind: 'power', alpha: 1 },
        }) as unknown as [[Hypothesis]];
        const row = [...prompt, ...found.ids, ...(found.ended ? [2] : [])];
        if (String(row) === String(expected)) {
          same++;
          continue;
        }
        // That version of transformers divided by the length with the prompt and without the end; by that, its own is better.
        const theirs = logProbability(model, expected, prompt.length);
        const [own, other] = [row, expected].map((ids) => ids.length - (ids.at(-1) === 2 ? 1 : 0)) as [
          number,
          number,
        ];
        expect(theirs / other).toBeGreaterThan(found.logProbability / own);
        expect(theirs / (expected.length - prompt.length)).toBeLessThan(
          found.logProbability / (row.length - prompt.length),
        );
      }
      expect(same).toBe(folder === 'hf/llama-tied' ? 0 : 2);
      prompts.dispose();
    },
  );
});
