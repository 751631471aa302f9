/** A token of stories260K, a trained Llama of 260,032 parameters: early in the context, and late. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TransformerEncoderCache } from '../src/layers/encoderCache.ts';
import type { CausalModel } from '../src/models/causal/model.ts';
import { loadModel } from '../src/pretrained/loadModel.ts';
import { createRuntime, type RuntimeOptions } from '../src/runtime/load.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import { Tensor } from '../src/tensor/tensor.ts';
import type { Case } from './suite.ts';

const folder = fileURLToPath(new URL('../../shared/data/models/stories260K', import.meta.url));
/** Numbers that a step multiplies with: all but the table of words, of which one row is read, and then all as the head. */
const WEIGHTS = 260_032;
/** Keys and values of a position: 5 layers, 4 heads of 8 each. */
const CACHED = 2 * 5 * 32;
/** Tokens that the cache holds before the one that is timed. */
const contexts = [16, 496];

export async function storiesCases(options: RuntimeOptions): Promise<{ cases: Case[]; runtime: Runtime }> {
  const runtime = await createRuntime(options);
  if (!existsSync(folder)) {
    console.log('SKIPPED: ../shared/data is absent: no story is told');
    return { cases: [], runtime };
  }
  const { ids } = (
    JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8')) as { greedy: { ids: number[] } }
  ).greedy;
  const cases: Case[] = [];
  for (const quantize of [undefined, 'int8'] as const) {
    const loaded = await loadModel(runtime, folder, { quantize });
    const model = loaded.model as CausalModel;
    for (const context of contexts) {
      const cache = model.createCache(1, 512);
      const step = (id: number): number => stepOf(model, cache, id);
      while (cache.length < context) step(ids[cache.length % ids.length]!);
      cases.push({
        name: `stories260K, a token after ${context}${quantize ? ', 8 bits' : ''}`,
        verify() {
          if (quantize === undefined) verify(model, ids);
        },
        run() {
          step(ids[0]!);
          cache.truncate(context);
        },
        work: {
          bytes: {
            read: (quantize ? 1 : 4) * WEIGHTS + 4 * CACHED * (context + 1),
            written: 4 * (CACHED + 512),
          },
        },
        rate: (seconds) => `${(1 / seconds).toFixed(0)} tokens/s`,
      });
    }
  }
  return { cases, runtime };
}

/** @returns the likeliest next token */
function stepOf(model: CausalModel, cache: TransformerEncoderCache, id: number): number {
  const { runtime } = model;
  return runtime.scope(() => {
    const ids = Tensor.from(runtime, [id], [1, 1], 'i32');
    const logits = model.forward(ids, { cache }).logits.toFloat32Array();
    let best = 0;
    for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
    return best;
  });
}

/** @throws unless the model tells the published story */
function verify(model: CausalModel, story: readonly number[]): void {
  using cache = model.createCache();
  for (let i = 0; i + 1 < story.length; i++) {
    const next = stepOf(model, cache, story[i]!);
    if (next !== story[i + 1])
      throw new Error(`stories260K: token ${i + 1} is ${next}, expected ${story[i + 1]}`);
  }
}
