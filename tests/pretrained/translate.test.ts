/** Texts in other words: what Hugging Face's code writes, greedily and by beam search. */
import { describe, expect, it } from 'vitest';
import { ArgumentError, FormatError, UnsupportedError } from '../../src/errors.ts';
import { toInt32 } from '../../src/io/conversion.ts';
import type { PretrainedModel } from '../../src/pretrained/loadModel.ts';
import { translate } from '../../src/pretrained/translate.ts';
import { Checkpoint } from '../models/checkpoints.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { configWith, failure, hasFolders, loadFolder, sayIfSkipped } from './folders.ts';

sayIfSkipped('translate');

type EncoderDecoder = Extract<PretrainedModel, { kind: 'encoder-decoder' }>;

const folders = ['hf/t5', 'hf/t5-gated', 'hf/marian'];
const source = [5, 17, 42, 7];

/** The rows of a case, without what fills them up. */
function rowsOf({ runtime }: PretrainedModel, checkpoint: Checkpoint, name: string): number[][] {
  return runtime.scope(() => {
    const ids = checkpoint.input(runtime, `${name}.input_ids`)!;
    const lengths = checkpoint.lengths(runtime, name)?.toArray();
    return Array.from({ length: ids.shape[0]! }, (_, b) =>
      Array.from(ids.at(b).toArray()).slice(0, lengths?.[b]),
    );
  });
}

describe.skipIf(!hasFolders).each(variants)('translate, %s', (variant) => {
  const load = async (folder: string, files?: Record<string, unknown>): Promise<EncoderDecoder> =>
    (await loadFolder(await sharedRuntime(variant), folder, files)) as EncoderDecoder;

  describe.each(folders)('%s', (folder) => {
    /** As the reference has it: with start and end, filled up to `width`. */
    const whole = (
      { model: { config } }: EncoderDecoder,
      { ids, ended }: { ids: readonly number[]; ended: boolean },
      width: number,
    ): number[] => {
      const row = [config.startId, ...ids, ...(ended ? [config.endId] : [])];
      return [...row, ...new Array<number>(Math.max(0, width - row.length)).fill(config.paddingId)];
    };

    it.each([8, 1])('writes what the reference writes greedily, %i at a time', async (batchSize) => {
      using model = await load(folder);
      const checkpoint = new Checkpoint(folder);
      const full = await translate(model, rowsOf(model, checkpoint, 'full'), { maxTokens: 12, batchSize });
      full.forEach((found, k) => {
        expect(whole(model, found, 0)).toEqual(checkpoint.generated(`full.${k}`));
        expect(Object.keys(found)).toEqual(['ids', 'logProbability', 'ended', 'sourceIds']);
      });
      const sources = rowsOf(model, checkpoint, 'padded');
      expect(new Set(sources.map(({ length }) => length)).size).toBeGreaterThan(1);
      const padded = await translate(model, sources, { maxTokens: 12, batchSize });
      const expected = checkpoint.generated('padded');
      const width = expected.length / padded.length;
      expect(padded.flatMap((found) => whole(model, found, width))).toEqual(expected);
    });

    it('writes what the reference writes by beam search', async () => {
      using model = await load(folder);
      const checkpoint = new Checkpoint(folder);
      const found = await translate(model, rowsOf(model, checkpoint, 'full'), { maxTokens: 12, beams: 4 });
      found.forEach((best, k) => {
        const stored = checkpoint.expected.get(`out.beam4.full.${k}`)!;
        const [, width] = stored.shape as [number, number];
        expect(whole(model, best, width)).toEqual(Array.from(toInt32(stored)).slice(0, width));
      });
    });

    it('tells what each token looked at, and gives memory back', async () => {
      using model = await load(folder);
      const { memory } = model.runtime;
      // The table of positions is made once.
      await translate(model, [source], { maxTokens: 1 });
      const { usedBytes } = memory;
      for (const beams of [1, 3]) {
        const options = { maxTokens: 5, beams, returnWeights: true };
        for (const { attention, ids, ended, sourceIds } of await translate(
          model,
          [source, [9, 8]],
          options,
        )) {
          expect(attention).toHaveLength(ids.length + (ended ? 1 : 0));
          for (const row of attention!) {
            expect(row).toHaveLength(sourceIds.length);
            expect(Math.abs(row.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(row.length * 2 ** -22);
          }
        }
      }
      expect(memory.usedBytes).toBe(usedBytes);
    });
  });

  it('keeps to what generation_config.json says', async () => {
    using plain = await load('hf/t5');
    const [free] = await translate(plain, [source], { maxTokens: 6 });
    const [first, second] = free!.ids as [number, number];
    const written = async (fields: object, options: object = {}): Promise<readonly number[]> => {
      using model = await load('hf/t5', { 'generation_config.json': { eos_token_id: 1, ...fields } });
      const [found] = await translate(model, [source], { maxTokens: 6, ...options });
      return [...found!.ids, ...(found!.ended ? [1] : [])];
    };
    expect(await written({ bad_words_ids: [[first]] })).not.toContain(first);
    expect(await written({ bad_words_ids: [[first]] }, { beams: 3 })).not.toContain(first);
    expect(await written({ forced_bos_token_id: 33 })).toMatchObject({ 0: 33 });
    expect((await written({ forced_eos_token_id: 1 })).at(-1)).toBe(1);
    expect(await written({ eos_token_id: second })).toEqual([first, 1]);
    expect(await written({ decoder_start_token_id: 50 })).not.toEqual(free!.ids);
    expect(await written({ max_length: 4 }, { maxTokens: undefined })).toEqual(free!.ids.slice(0, 3));
    expect(await written({ max_new_tokens: 2 }, { maxTokens: undefined })).toEqual(free!.ids.slice(0, 2));
    // What config.json says of writing counts only without that file.
    const old = { 'config.json': configWith('hf/t5', { min_length: 3, max_length: 3 }) };
    using newer = await load('hf/t5', old);
    expect((await translate(newer, [source], { maxTokens: 6 }))[0]!.ids).toEqual(free!.ids);
    const beams = await translate(plain, [source], { maxTokens: 6, beams: 4 });
    expect(await written({ num_beams: 4 })).toEqual(beams[0]!.ids);
    expect(await written({ num_beams: 4 }, { useGenerationConfig: false })).toEqual(free!.ids);
  });

  it('scales to a sum of 1 what remains, where it is asked to', async () => {
    const total = async (renormalize_logits: boolean): Promise<number> => {
      const others = Array.from({ length: 96 }, (_, id) => [id]).filter(([id]) => id !== 42);
      using model = await load('hf/t5', {
        'generation_config.json': { eos_token_id: 96, bad_words_ids: others, renormalize_logits },
      });
      return (await translate(model, [source], { maxTokens: 1 }))[0]!.logProbability;
    };
    expect(await total(true)).toBeGreaterThan(await total(false));
  });

  it('may be aborted between batches', async () => {
    using model = await load('hf/t5');
    const controller = new AbortController();
    const running = translate(model, [source, source, source], {
      batchSize: 1,
      maxTokens: 3,
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(new Error('enough')), 0);
    const { usedBytes } = model.runtime.memory;
    expect(await failure(() => running).then(({ message }) => message)).toBe('enough');
    expect(model.runtime.memory.usedBytes).toBe(usedBytes);
  });

  it('refuses what is wrong', async () => {
    using model = await load('hf/marian');
    const { usedBytes } = model.runtime.memory;
    for (const [inputs, options, Kind, message] of [
      [[[]], {}, ArgumentError, 'translate: inputs[0] has no tokens'],
      [[source, [97]], {}, ArgumentError, 'translate: inputs[1][0] must lie in 0..96, got 97'],
      [[new Array(41).fill(3)], {}, ArgumentError, 'translate: inputs[0] has 41 tokens, at most 40 fit'],
      [[source], { beams: 0 }, ArgumentError, 'beamSearch: beam must be a positive integer, got 0'],
      [[source], { maxTokens: 0 }, ArgumentError, 'translate: maxTokens must be a positive integer, got 0'],
      [[source], { batchSize: 0 }, ArgumentError, 'translate: batchSize must be a positive integer, got 0'],
      [['text'], {}, UnsupportedError, 'has no tokenizer.json: give ids instead of text'],
      ['text', {}, ArgumentError, 'translate: expected a list of inputs, got string'],
      [
        [7],
        {},
        ArgumentError,
        'translate: inputs[0] must be a text, { text, pair }, { ids } or a list of ids, got 7',
      ],
    ] as const) {
      const error = await failure(() => translate(model, inputs as never, options));
      expect(error).toBeInstanceOf(Kind);
      expect(error.message).toContain(message);
    }
    expect(model.runtime.memory.usedBytes).toBe(usedBytes);
    using gpt2 = await loadFolder(await sharedRuntime(variant), 'hf/gpt2');
    expect((await failure(() => translate(gpt2, [source]))).message).toMatch(
      /needs an encoder-decoder, .* is a decoder/,
    );
    using several = await load('hf/t5', { 'generation_config.json': { eos_token_id: [1, 2] } });
    expect((await failure(() => translate(several, [source]))).message).toMatch(/eos_token_id is \[1,2\]/);
    using outside = await load('hf/t5', { 'generation_config.json': { forced_bos_token_id: 97 } });
    const error = await failure(() => translate(outside, [source]));
    expect(error).toBeInstanceOf(FormatError);
  });
});
