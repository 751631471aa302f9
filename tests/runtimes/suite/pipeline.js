// Tasks called as transformers.js calls them.
import { expectEqual, expectNear, expectRejects, expectTrue } from './expectations.js';
import { bertFolder, llamaFolder, t5Folder } from './folders.js';
import { tokenizerOf } from './pretrained.js';

export const needs = ['heed', 'pretrained', 'pipeline'];

/** A task on a model of its own: pipelines read texts, which takes a package that may not be there. */
async function withPipeline(context, task, folder, body) {
  const runtime = await context.createRuntime();
  try {
    const model = await context.pretrained.loadModel(runtime, folder);
    await tokenizerOf(model, context);
    model.dispose();
    const { usedBytes } = runtime.memory;
    const pipe = await context.pipeline.pipeline(task, folder, { runtime });
    await body(pipe);
    await pipe.dispose();
    expectEqual('bytes left behind', runtime.memory.usedBytes - usedBytes, 0);
  } finally {
    runtime.dispose();
  }
}

export const free = {
  'refuses what it does not do': async ({ heed, createRuntime, pipeline: { pipeline, pipelineTasks } }) => {
    expectTrue('tasks', pipelineTasks.includes('feature-extraction') && pipelineTasks.length === 10);
    await expectRejects('task', 'ArgumentError', /object-detection/, pipeline('object-detection', {}));
    const runtime = await createRuntime();
    const options = { runtime, device: 'webgpu' };
    const folder = bertFolder(heed, 'BertModel');
    await expectRejects(
      'device',
      'UnsupportedError',
      /device/,
      pipeline('feature-extraction', folder, options),
    );
    const unknown = pipeline('feature-extraction', folder, { runtime, other: 1 });
    await expectRejects('option', 'ArgumentError', /other/, unknown);
    runtime.dispose();
  },

  'feature-extraction': (context) =>
    withPipeline(
      context,
      'feature-extraction',
      bertFolder(context.heed, 'BertForMaskedLM'),
      async (extract) => {
        const result = await extract(['a dog', 'the attentions'], { pooling: 'mean', normalize: true });
        expectTrue('is a ResultTensor', result instanceof context.pipeline.ResultTensor);
        expectEqual('dims', [result.dims, result.size, result.tolist().length], [[2, 16], 32, 2]);
        expectNear('length', [Math.hypot(...result.tolist()[0])], [1], { roundings: 32 });
      },
    ),

  'fill-mask and classification': async (context) => {
    const { heed } = context;
    await withPipeline(context, 'fill-mask', bertFolder(heed, 'BertForMaskedLM'), async (fill) => {
      const filled = await fill('the [MASK].', { top_k: 3 });
      expectEqual(
        'candidates',
        filled.map(({ token_str }) => typeof token_str),
        Array(3).fill('string'),
      );
    });
    await withPipeline(
      context,
      'text-classification',
      bertFolder(heed, 'BertForSequenceClassification'),
      async (tell) => {
        expectEqual('all', (await tell('a dog', { top_k: null })).length, 3);
      },
    );
    await withPipeline(context, 'ner', bertFolder(heed, 'BertForTokenClassification'), async (find) => {
      const found = await find('heed the dog', { ignore_labels: [] });
      expectEqual(
        'words',
        found.map(({ word }) => word),
        ['heed', 'the', 'dog'],
      );
    });
  },

  'text-generation, streamed': (context) =>
    withPipeline(context, 'text-generation', llamaFolder(context.heed), async (generate) => {
      const { TextStreamer } = context.pipeline;
      const pieces = [];
      const streamer = new TextStreamer(generate.tokenizer, {
        skip_prompt: true,
        callback_function: (text) => void pieces.push(text),
      });
      const options = { max_new_tokens: 5, return_full_text: false, streamer };
      const [{ generated_text }] = await generate('the dog', options);
      expectEqual('streamed', pieces.join('').trim(), generated_text.trim());
    }),

  translation: (context) =>
    withPipeline(context, 'translation', t5Folder(context.heed), async (translate) => {
      const [{ translation_text }] = await translate('the dog', { max_new_tokens: 4 });
      expectEqual('text', typeof translation_text, 'string');
    }),
};
