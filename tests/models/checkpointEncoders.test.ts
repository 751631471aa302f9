/** BERT, DistilBERT and RoBERTa checkpoints against Hugging Face's code. */
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/errors.ts';
import { loadBert } from '../../src/models/bert/load.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { Checkpoint, hasCheckpoints } from './checkpoints.ts';

if (!hasCheckpoints)
  console.log('SKIPPED: ../shared/data is absent: no encoder is compared with its reference');

const folders = [
  ['hf/bert-model', 'bert'],
  ['hf/bert-mlm', 'bert'],
  ['hf/distilbert-mlm', 'distilbert'],
  ['hf/roberta-mlm', 'roberta'],
] as const;

describe.skipIf(!hasCheckpoints).each(variants)('encoders, %s', (variant) => {
  describe.each(folders)('%s', (folder, family) => {
    const checkpoint = hasCheckpoints ? new Checkpoint(folder) : undefined!;
    const load = async (quantize?: 'int8') => {
      const runtime = await sharedRuntime(variant);
      return loadBert(runtime, family, checkpoint.config, checkpoint.stream, { quantize });
    };

    it.each(['full', 'padded'])('gives what the reference gives: %s', async (name) => {
      using model = await load();
      const { runtime } = model;
      runtime.scope(() => {
        const lengths = checkpoint.lengths(runtime, name);
        const real = lengths?.toArray();
        const found = model.forward(checkpoint.input(runtime, `${name}.input_ids`)!, {
          lengths,
          tokenTypes: checkpoint.input(runtime, `${name}.token_type_ids`),
          returnWeights: 'per-head',
          returnHidden: true,
        });
        const within = (expected: string, tensor: typeof found.output, axis = 1): void => {
          expect(checkpoint.difference(`${name}.${expected}`, tensor, real, axis), expected).toBeLessThan(
            checkpoint.tolerance,
          );
        };
        within('last_hidden_state', found.output);
        for (const [i, weights] of found.weights!.entries()) within(`attentions.${i}`, weights, 2);
        const hidden = name === 'full' ? found.hidden! : [];
        for (const [i, each] of hidden.entries()) within(`hidden_states.${i}`, each);
        if (found.logits) within('logits', found.logits);
        if (found.pooled) within('pooler_output', found.pooled, 0);
        expect(found.hidden).toHaveLength(model.config.layers + 1);
        expect([found.logits !== undefined, found.pooled !== undefined]).toEqual([
          folder !== 'hf/bert-model',
          folder === 'hf/bert-model',
        ]);
      });
    });

    it('gives memory back', async () => {
      const runtime = await sharedRuntime(variant);
      const { usedBytes } = runtime.memory;
      for (const quantize of [undefined, 'int8'] as const) {
        const model = await load(quantize);
        runtime.scope(() => {
          model.forward(checkpoint.input(runtime, 'full.input_ids')!);
        });
        model.dispose();
        expect(runtime.memory.usedBytes).toBe(usedBytes);
      }
    });
  });

  it('scores the places that are asked for', async () => {
    const checkpoint = new Checkpoint('hf/bert-mlm');
    const runtime = await sharedRuntime(variant);
    using model = await loadBert(runtime, 'bert', checkpoint.config, checkpoint.stream);
    runtime.scope(() => {
      const ids = checkpoint.input(runtime, 'full.input_ids')!;
      const all = model.forward(ids).logits!;
      const { logits } = model.forward(ids, { scored: [[3], [8, 0]] });
      expect(logits!.shape).toEqual([3, 97]);
      const places = [all.at(0).at(3), all.at(1).at(8), all.at(1).at(0)];
      for (const [i, place] of places.entries()) {
        const expected = place.toFloat32Array();
        logits!
          .at(i)
          .toFloat32Array()
          .forEach((value, id) => {
            expect(Math.abs(value - expected[id]!)).toBeLessThan(checkpoint.tolerance);
          });
      }
      expect(model.forward(ids, { scored: [[], []] }).logits!.shape).toEqual([0, 97]);
      expect(() => model.forward(ids, { scored: [[9], []] })).toThrow(
        'bert: scored places must lie in 0..8, got [9]',
      );
      expect(() => model.forward(ids, { scored: [[1]] })).toThrow(ShapeError);
    });
  });

  it('gives padded places no say', async () => {
    const checkpoint = new Checkpoint('hf/bert-model');
    const runtime = await sharedRuntime(variant);
    using model = await loadBert(runtime, 'bert', checkpoint.config, checkpoint.stream);
    runtime.scope(() => {
      const lengths = checkpoint.lengths(runtime, 'padded')!;
      const real = lengths.toArray();
      const ids = checkpoint.input(runtime, 'padded.input_ids')!;
      const [batch, time] = ids.shape as [number, number];
      expect(Math.min(...real)).toBeLessThan(time);
      /** Outputs of real places, with this in all others. */
      const run = (padding: number): number[][] => {
        for (let b = 0; b < batch; b++) {
          ids.at(b).set(Array.from(ids.at(b).toArray(), (id, t) => (t < real[b]! ? id : padding)));
        }
        const { output } = model.forward(ids, { lengths });
        const size = output.shape[2]!;
        return Array.from({ length: batch }, (_, b) =>
          Array.from(
            output
              .at(b)
              .toFloat32Array()
              .subarray(0, real[b]! * size),
          ),
        );
      };
      expect(run(7)).toEqual(run(0));
    });
  });
});
