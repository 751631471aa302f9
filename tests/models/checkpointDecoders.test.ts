/** GPT-2 and Llama checkpoints against Hugging Face's code and their makers' own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toFloat32, toInt32 } from '../../src/io/conversion.ts';
import { loadGPT2, loadLlama } from '../../src/models/causal/load.ts';
import type { CausalModel } from '../../src/models/causal/model.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { DATA_FOLDER } from '../parity/cases.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { Checkpoint, hasCheckpoints } from './checkpoints.ts';

if (!hasCheckpoints)
  console.log('SKIPPED: ../shared/data is absent: no decoder is compared with its reference');

const loaders = {
  'hf/gpt2': loadGPT2,
  'hf/llama-gqa': loadLlama,
  'hf/llama-tied': loadLlama,
  'models/stories260K': loadLlama,
  'models/gpt-nano-sort': loadGPT2,
} as const;
type Folder = keyof typeof loaders;

/** The likeliest tokens, one after the other, after the prompt. */
function greedy(model: CausalModel, prompt: readonly number[], length: number): number[] {
  const { runtime } = model;
  using cache = model.createCache();
  const ids = [...prompt];
  let next: readonly number[] = prompt;
  while (ids.length < length) {
    const logits = runtime.scope(() => {
      const input = Tensor.from(runtime, next, [1, next.length], 'i32');
      return model.forward(input, { cache, lastOnly: true }).logits.toFloat32Array();
    });
    next = [logits.indexOf(Math.max(...logits))];
    ids.push(next[0]!);
  }
  return ids;
}

describe.skipIf(!hasCheckpoints).each(variants)('decoders, %s', (variant) => {
  const load = async (folder: Folder, quantize?: 'int8'): Promise<[CausalModel, Checkpoint]> => {
    const checkpoint = new Checkpoint(folder);
    const runtime = await sharedRuntime(variant);
    return [await loaders[folder](runtime, checkpoint.config, checkpoint.stream, { quantize }), checkpoint];
  };

  describe.each(['hf/gpt2', 'hf/llama-gqa', 'hf/llama-tied'] as const)('%s', (folder) => {
    it.each(['full', 'right'])('gives what the reference gives: %s', async (name) => {
      const [loaded, checkpoint] = await load(folder);
      using model = loaded;
      const { runtime } = model;
      runtime.scope(() => {
        const lengths = checkpoint.lengths(runtime, name);
        const real = lengths?.toArray();
        const found = model.forward(checkpoint.input(runtime, `${name}.input_ids`)!, {
          lengths,
          returnWeights: 'per-head',
          returnHidden: true,
        });
        const within = (expected: string, tensor: Tensor, axis = 1): void => {
          const difference = checkpoint.difference(`${name}.${expected}`, tensor, real, axis);
          expect(difference, expected).toBeLessThan(checkpoint.tolerance);
        };
        within('logits', found.logits);
        for (const [i, weights] of found.weights!.entries()) within(`attentions.${i}`, weights, 2);
        const hidden = name === 'full' ? found.hidden! : [];
        for (const [i, each] of hidden.entries()) within(`hidden_states.${i}`, each);
        expect(found.hidden).toHaveLength(3);
      });
    });

    it('writes what the reference writes', async () => {
      const [loaded, checkpoint] = await load(folder);
      using model = loaded;
      const prompts = checkpoint.input(model.runtime, 'full.input_ids')!;
      for (let row = 0; row < prompts.shape[0]!; row++) {
        const expected = checkpoint.generated(`full.${row}`);
        const prompt = Array.from(prompts.at(row).toArray());
        expect(greedy(model, prompt, expected.length)).toEqual(expected);
      }
      prompts.dispose();
    });

    it('steps as it passes: whole, in pieces and token by token, rows of different lengths too', async () => {
      const [loaded, checkpoint] = await load(folder);
      using model = loaded;
      const { runtime } = model;
      runtime.scope(() => {
        const ids = checkpoint.input(runtime, 'full.input_ids')!;
        const [batch, time] = ids.shape as [number, number];
        const whole = model.forward(ids).logits;
        const column = (from: number, to: number): Tensor =>
          Tensor.from(
            runtime,
            Array.from({ length: batch }, (_, b) => Array.from(ids.at(b).toArray().slice(from, to))).flat(),
            [batch, to - from],
            'i32',
          );
        const last = (row: number, at: number): Float32Array => whole.at(row).at(at).toFloat32Array();
        const close = (actual: Float32Array, expected: Float32Array): void => {
          actual.forEach((value, i) => {
            expect(Math.abs(value - expected[i]!)).toBeLessThan(checkpoint.tolerance);
          });
        };
        using cache = model.createCache(batch, 2);
        model.forward(column(0, 3), { cache });
        const piece = model.forward(column(3, time), { cache, lastOnly: true }).logits;
        expect(piece.shape).toEqual([batch, 1, whole.shape[2]]);
        for (let b = 0; b < batch; b++) close(piece.at(b).toFloat32Array(), last(b, time - 1));
        // One row goes back by two tokens, the other by one: each then reads its own next.
        const kept = [time - 2, time - 1];
        cache.truncate(kept);
        const own = kept.map((at, b) => ids.at(b).toArray()[at]!);
        const uneven = model.forward(Tensor.from(runtime, own, [batch, 1], 'i32'), { cache }).logits;
        for (const [b, at] of kept.entries()) close(uneven.at(b).toFloat32Array(), last(b, at));
        expect(() => model.forward(column(0, 2), { cache })).toThrow('take one token at a time, got 2');
        expect(cache.lengths).toEqual(kept.map((at) => at + 1));
      });
    });
  });

  it('tells the story that is told of it, in 464 characters', async () => {
    const [model, { weights, expected }] = await load('models/stories260K');
    const told = JSON.parse(readFileSync(join(DATA_FOLDER, 'models/stories260K/expected.json'), 'utf8')) as {
      greedy: { ids: number[] };
      greedy_logits: { positions: number[] };
    };
    expect(weights.get('lm_head.weight')).toBeUndefined();
    const { ids } = told.greedy;
    expect(greedy(model, [1], ids.length)).toEqual(ids);
    const { runtime } = model;
    runtime.scope(() => {
      const { logits } = model.forward(Tensor.from(runtime, ids.slice(0, 200), [1, 200], 'i32'));
      const reference = toFloat32(expected.get('greedy_logits')!);
      const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      told.greedy_logits.positions.forEach((position, i) => {
        logits
          .at(0)
          .at(position)
          .toFloat32Array()
          .forEach((value, id) => {
            expect(Math.abs(value - reference[512 * i + id]!)).toBeLessThan(1e-5 * largest);
          });
      });
    });
    model.dispose();
  });

  it('sorts all 729 rows of six letters', async () => {
    const [model] = await load('models/gpt-nano-sort');
    const { runtime } = model;
    const rows = Array.from({ length: 729 }, (_, i) =>
      Array.from({ length: 6 }, (_, at) => Math.floor(i / 3 ** at) % 3),
    );
    using cache = model.createCache(rows.length);
    let next = rows;
    const written: number[][] = rows.map(() => []);
    for (let step = 0; step < 6; step++) {
      const logits = runtime.scope(() => {
        const input = Tensor.from(runtime, next.flat(), [rows.length, next[0]!.length], 'i32');
        return model.forward(input, { cache, lastOnly: true }).logits.toFloat32Array();
      });
      next = rows.map((_, b) => {
        const own = logits.subarray(3 * b, 3 * b + 3);
        return [own.indexOf(Math.max(...own))];
      });
      for (const [b, [id]] of next.entries()) written[b]!.push(id!);
    }
    expect(written).toEqual(rows.map((row) => [...row].sort()));
    model.dispose();
  });

  it('computes what its makers computed, block by block', async () => {
    const [model, { expected }] = await load('models/gpt-nano-sort');
    const { runtime } = model;
    runtime.scope(() => {
      const ids = Tensor.from(runtime, toInt32(expected.get('idx')!), [3, 11], 'i32');
      const { hidden, weights, logits } = model.forward(ids, {
        returnHidden: true,
        returnWeights: 'per-head',
      });
      /** Of the first row alone, but for the logits. */
      const within = (tensor: Tensor, name: string): void => {
        const reference = toFloat32(expected.get(name)!);
        const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const values = tensor.toFloat32Array();
        reference.forEach((value, i) => {
          expect(Math.abs(values[i]! - value), name).toBeLessThan(2e-6 * largest);
        });
      };
      within(hidden![0]!, 'x');
      within(weights![0]!, 'attSm');
      within(hidden![1]!, 'block0');
      within(hidden![2]!, 'block1');
      within(hidden![3]!, 'ln_f');
      within(logits, 'lm_head');
    });
    model.dispose();
  });

  it.each(Object.keys(loaders) as Folder[])('gives memory back: %s', async (folder) => {
    const { memory } = await sharedRuntime(variant);
    const { usedBytes } = memory;
    for (const quantize of [undefined, 'int8'] as const) {
      const [model] = await load(folder, quantize);
      greedy(model, [1, 2], 6);
      model.dispose();
      expect(memory.usedBytes).toBe(usedBytes);
    }
  });
});
