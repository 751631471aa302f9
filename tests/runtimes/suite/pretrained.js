// Models as they are published, from bytes: embeddings, classes, masks, generation, translation. Ids need no tokenizer.
import { expectEqual, expectNear, expectRejects, expectThrows, expectTrue, skip } from './expectations.js';
import { bertFolder, llamaFolder, t5Folder } from './folders.js';

export const needs = ['heed', 'pretrained'];

/** Loads a folder on a runtime of its own, and looks that nothing is left of it afterwards. */
async function withModel(context, folder, options, body) {
  const runtime = await context.createRuntime();
  try {
    const { usedBytes } = runtime.memory;
    const model = await context.pretrained.loadModel(runtime, folder, options);
    await body(model, runtime);
    model.dispose();
    expectEqual('bytes left behind', runtime.memory.usedBytes - usedBytes, 0);
  } finally {
    runtime.dispose();
  }
}

/** The tokenizer, where the package is to be had. */
export async function tokenizerOf(model, { host }) {
  try {
    return await model.tokenizer();
  } catch (error) {
    if (error.name !== 'UnsupportedError' || host.texts) throw error;
    return skip(error.message);
  }
}

/** As near as float32 is after two layers of 16 numbers. */
const arithmetic = { roundings: 1000, approximations: 16 };

export const free = {
  'embeds ids, alone as beside others': (context) => {
    const {
      heed,
      pretrained: { BertModel, embed },
    } = context;
    return withModel(context, bertFolder(heed, 'BertForMaskedLM'), {}, async ({ model, ...rest }) => {
      expectTrue('is a BertModel', model instanceof BertModel && rest.kind === 'encoder');
      const loaded = { model, ...rest };
      const texts = [
        [2, 6, 7, 3],
        [2, 9, 3],
        [2, 5, 6, 7, 8, 9, 10, 3],
      ];
      const vectors = await embed(loaded, texts);
      expectEqual(
        'sizes',
        vectors.map(({ length }) => length),
        [16, 16, 16],
      );
      for (const [i, ids] of texts.entries()) {
        const length = Math.hypot(...vectors[i]);
        expectNear('length', [length], [1], { roundings: 32 });
        expectNear('alone', (await embed(loaded, [ids]))[0], vectors[i], arithmetic);
      }
      const [{ attention }] = await embed(loaded, [texts[0]], { returnWeights: 'mean' });
      expectTrue('attention', attention !== undefined);
      await expectRejects('unknown id', 'ArgumentError', /40/, embed(loaded, [[40]]));
      await expectRejects('too long', 'ArgumentError', /32/, embed(loaded, [Array(33).fill(5)]));
      const stop = embed(loaded, texts, { signal: AbortSignal.abort(new Error('enough')) });
      await expectRejects('stopped', 'Error', /enough/, stop);
    });
  },

  'fills masks': (context) => {
    const {
      heed,
      pretrained: { fillMask, embed },
    } = context;
    return withModel(context, bertFolder(heed, 'BertForMaskedLM'), {}, async (model) => {
      const [{ masks }] = await fillMask(model, [[2, 6, 4, 4, 3]], { topK: 40, maskId: 4 });
      expectEqual(
        'positions',
        masks.map(({ position }) => position),
        [2, 3],
      );
      const total = masks[0].candidates.reduce((sum, { score }) => sum + score, 0);
      expectNear('all candidates', [total], [1], { roundings: 64 });
      await expectRejects('no mask', 'ArgumentError', /mask/, fillMask(model, [[2, 6, 3]], { maskId: 4 }));
      expectTrue('also embeds', (await embed(model, [[2, 3]])).length === 1);
    });
  },

  'classifies texts and tokens': async (context) => {
    const {
      heed,
      pretrained: { classify, groupSpans, tokenClassify },
    } = context;
    await withModel(context, bertFolder(heed, 'BertForSequenceClassification'), {}, async (model) => {
      const [{ classes }] = await classify(model, [[2, 6, 3]]);
      expectEqual('labels', classes.map(({ label }) => label).sort(), ['B-DOG', 'I-DOG', 'O']);
      expectNear('scores', [classes.reduce((sum, { score }) => sum + score, 0)], [1], { roundings: 8 });
      await expectRejects('another task', 'UnsupportedError', /./, tokenClassify(model, [[2, 3]]));
    });
    await withModel(context, bertFolder(heed, 'BertForTokenClassification'), {}, async (model) => {
      const [{ spans }] = await tokenClassify(model, [[6, 7, 8]]);
      expectEqual(
        'a class for each',
        spans.map(({ ids }) => ids[0]),
        [6, 7, 8],
      );
      const span = (label, at) => ({ label, score: 0.5, positions: [at, at + 1], ids: [at] });
      const groups = groupSpans([span('B-DOG', 0), span('I-DOG', 1), span('O', 2), span('B-DOG', 3)]);
      expectEqual(
        'groups',
        groups.map(({ label, positions }) => [label, positions]),
        [
          ['DOG', [0, 2]],
          ['DOG', [3, 4]],
        ],
      );
    });
  },

  'writes on, the same each time, in pieces': (context) => {
    const {
      heed,
      pretrained: { CausalModel, generate },
    } = context;
    return withModel(context, llamaFolder(heed), {}, async (model, runtime) => {
      expectTrue('is a CausalModel', model.model instanceof CausalModel);
      const prompt = [2, 6, 7];
      const options = { maxTokens: 12, endIds: [] };
      const greedy = await generate(model, prompt, { ...options, greedy: true }).result();
      // Behind the first: it made the table of the positions.
      const { usedBytes } = runtime.memory;
      expectEqual('as many as asked for', [greedy.ids.length, greedy.finishReason], [12, 'length']);
      // With a cache, token by token, what the whole gives at once.
      const ids = heed.Tensor.from(runtime, [...prompt, ...greedy.ids], [1, 15], 'i32');
      const logits = runtime.scope(() => model.model.forward(ids).logits.toArray());
      ids.dispose();
      const best = greedy.ids.map((_, i) => {
        const row = [...logits.slice((2 + i) * 40, (3 + i) * 40)];
        return row.indexOf(Math.max(...row));
      });
      expectEqual('the most probable', greedy.ids, best);
      const drawn = () =>
        generate(model, prompt, { ...options, seed: 3, temperature: 2, topP: 0.95 }).result();
      expectEqual('a seed', (await drawn()).ids, (await drawn()).ids);
      const left = [];
      for await (const { id } of generate(model, prompt, options)) {
        left.push(id);
        if (left.length === 3) break;
      }
      expectEqual('left', left.length, 3);
      const stop = new AbortController();
      const stopped = generate(model, prompt, { ...options, maxTokens: 40, signal: stop.signal });
      await stopped.next();
      stop.abort(new Error('enough'));
      await expectRejects('stopped', 'Error', /enough/, stopped.result());
      expectEqual('no cache is left', runtime.memory.usedBytes, usedBytes);
      expectThrows('options', 'ArgumentError', /topK/, () => generate(model, prompt, { topK: 0 }));
    });
  },

  'writes on in 8 bits': (context) => {
    const {
      heed,
      pretrained: { generate, loadModel },
    } = context;
    const told = [];
    const options = { quantize: 'int8', onProgress: (done, total) => void told.push(done / total) };
    return withModel(context, llamaFolder(heed), options, async (model, runtime) => {
      const { ids } = await generate(model, [2, 6], { maxTokens: 4, greedy: true, endIds: [] }).result();
      expectEqual('tokens', ids.length, 4);
      expectEqual('progress', [told[0], told.at(-1)], [0, 1]);
      const { usedBytes } = runtime.memory;
      const stop = new AbortController();
      const onProgress = () => stop.abort(new Error('enough'));
      const stopped = loadModel(runtime, llamaFolder(heed), { signal: stop.signal, onProgress });
      await expectRejects('stopped', 'Error', /enough/, stopped);
      const none = loadModel(runtime, {});
      await expectRejects('no files', 'FormatError', /config\.json/, none);
      const config = new TextEncoder().encode('{"model_type":"other"}');
      const other = loadModel(runtime, { ...llamaFolder(heed), 'config.json': config });
      await expectRejects('another family', 'UnsupportedError', /other/, other);
      expectEqual('nothing half-loaded', runtime.memory.usedBytes, usedBytes);
    });
  },

  translates: (context) => {
    const {
      heed,
      pretrained: { T5Model, translate },
    } = context;
    return withModel(context, t5Folder(heed), {}, async (model) => {
      expectTrue('is a T5Model', model.model instanceof T5Model);
      const texts = [
        [6, 7, 8, 3],
        [9, 3],
      ];
      const options = { maxTokens: 6, returnWeights: true };
      const together = await translate(model, texts, { ...options, beams: 2 });
      for (const [i, { ids, attention, logProbability }] of together.entries()) {
        expectTrue('written', ids.length <= 6 && logProbability < 0);
        expectEqual('attention', attention[0].length, texts[i].length);
        const [alone] = await translate(model, [texts[i]], { ...options, beams: 2 });
        expectEqual('alone', alone.ids, ids);
      }
      const { generate } = context.pretrained;
      expectThrows('no decoder', 'UnsupportedError', /translate/, () => generate(model, [1]));
    });
  },

  'opens folders of bytes': async ({ heed, pretrained: { modelTypes, openModelFolder } }) => {
    expectTrue(
      'families',
      ['bert', 'llama', 't5', 'gpt2', 'marian'].every((name) => modelTypes.includes(name)),
    );
    const folder = await openModelFolder(bertFolder(heed, 'BertModel'));
    expectEqual('json', (await folder.json('config.json')).model_type, 'bert');
    expectEqual('missing', await folder.json('other.json'), undefined);
    const checkpoint = await folder.checkpoint();
    expectEqual('a tensor', checkpoint.info('bert.embeddings.LayerNorm.bias').shape, [16]);
    const outside = folder.bytes('../secret');
    await expectRejects('outside', 'ArgumentError', /inside the folder/, outside);
  },

  'reads texts': (context) => {
    const {
      heed,
      pretrained: { embed, generate, loadTokenizer },
    } = context;
    return withModel(context, bertFolder(heed, 'BertForMaskedLM'), {}, async (model) => {
      const tokenizer = await tokenizerOf(model, context);
      const { ids, tokens } = tokenizer.encode('Heed the attentions!');
      expectEqual('ids', ids, [2, 5, 6, 7, 8, 1, 3]);
      expectEqual('tokens', tokens[4], '##s');
      expectEqual('decoded', tokenizer.decode(ids), 'heed the attentions');
      expectEqual('again', (await loadTokenizer(model.folder)).encode('a dog').ids, [2, 9, 10, 3]);
      const [vector] = await embed(model, ['a dog']);
      const [same] = await embed(model, [[2, 9, 10, 3]]);
      expectEqual('as its ids', vector, same);
      await withModel(context, llamaFolder(heed), {}, async (llama) => {
        const { text } = await generate(llama, 'the dog', {
          maxTokens: 4,
          greedy: true,
          endIds: [],
        }).result();
        expectTrue('text', typeof text === 'string');
      });
    });
  },
};
