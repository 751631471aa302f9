// A model's folder over HTTP in a page: the same vectors as in Node, kept by the Cache API, and stopped when asked to.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRuntime, writeSafetensors } from '../../dist/index.js';
import { embed, loadModel } from '../../dist/pretrained.js';

const SIZE = 64;
const LAYERS = 2;
const WORDS = ['heed', 'the', 'attention', '##s', 'a', 'dog', 'sleep', '##ing', '.', ','];
const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const VOCABULARY = 2000;
const TEXTS = ['Heed the sleeping dog.', 'Attentions, a dog', 'sleep'];

const config = {
  ...{ model_type: 'bert', architectures: ['BertModel'], vocab_size: VOCABULARY, hidden_size: SIZE },
  ...{ num_hidden_layers: LAYERS, num_attention_heads: 4, intermediate_size: 2 * SIZE, hidden_act: 'gelu' },
  ...{ max_position_embeddings: 64, type_vocab_size: 2, layer_norm_eps: 1e-12, pad_token_id: 0 },
};

const tokenizer = {
  ...{ version: '1.0', truncation: null, padding: null },
  added_tokens: SPECIAL.map((content, id) => ({
    ...{ id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
  })),
  normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    ...{ type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##' },
    ...{ max_input_chars_per_word: 100 },
    vocab: Object.fromEntries([...SPECIAL, ...WORDS].map((token, id) => [token, id])),
  },
};

/** Weights that are the same wherever this runs. */
function weights() {
  const layer = (i) => {
    const at = `encoder.layer.${i}.`;
    const linear = (name, outputs, inputs) => [
      [`${at}${name}.weight`, [outputs, inputs]],
      [`${at}${name}.bias`, [outputs]],
    ];
    return [
      ...linear('attention.self.query', SIZE, SIZE),
      ...linear('attention.self.key', SIZE, SIZE),
      ...linear('attention.self.value', SIZE, SIZE),
      ...linear('attention.output.dense', SIZE, SIZE),
      ...norm(`${at}attention.output.LayerNorm`),
      ...linear('intermediate.dense', 2 * SIZE, SIZE),
      ...linear('output.dense', SIZE, 2 * SIZE),
      ...norm(`${at}output.LayerNorm`),
    ];
  };
  const norm = (name) => ['weight', 'bias'].map((kind) => [`${name}.${kind}`, [SIZE]]);
  const shapes = [
    ['embeddings.word_embeddings.weight', [VOCABULARY, SIZE]],
    ['embeddings.position_embeddings.weight', [64, SIZE]],
    ['embeddings.token_type_embeddings.weight', [2, SIZE]],
    ...norm('embeddings.LayerNorm'),
    ...Array.from({ length: LAYERS }, (_, i) => layer(i)).flat(),
  ];
  let bits = 1;
  const number = () => {
    bits = (Math.imul(bits, 1664525) + 1013904223) >>> 0;
    return bits / 2 ** 31 - 1;
  };
  return new Map(
    shapes.map(([name, shape]) => {
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => number() / 4);
      return [name, { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) }];
    }),
  );
}

const json = (value) => Buffer.from(JSON.stringify(value));
const files = {
  'config.json': json(config),
  'tokenizer.json': json(tokenizer),
  'tokenizer_config.json': json({
    unk_token: '[UNK]',
    pad_token: '[PAD]',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
  }),
  'model.safetensors': Buffer.from(writeSafetensors(weights())),
};

/** Bytes of the weights that were sent. */
let sent = 0;

/** Answers for a file of the model, whole or a range of it; false for other paths. */
export function serveModel(request, response) {
  const path = new URL(request.url, 'http://localhost').pathname;
  if (path === '/tokenizers.mjs') {
    response.setHeader('content-type', 'text/javascript');
    response.end(readFileSync('node_modules/@huggingface/tokenizers/dist/tokenizers.mjs'));
    return true;
  }
  if (!path.startsWith('/models/tiny/')) return false;
  const file = files[path.slice('/models/tiny/'.length)];
  if (!file) {
    response.writeHead(404).end();
    return true;
  }
  const tag = `"${createHash('sha256').update(file).digest('hex').slice(0, 16)}"`;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const from = range ? Number(range[1]) : 0;
  const to = Math.min(file.length, range?.[2] ? Number(range[2]) + 1 : file.length);
  const headers = { etag: tag, 'content-length': to - from };
  if (range) headers['content-range'] = `bytes ${from}-${to - 1}/${file.length}`;
  if (path.endsWith('.safetensors')) sent += to - from;
  response.writeHead(range ? 206 : 200, headers).end(file.subarray(from, to));
  return true;
}

/** Where a page finds the tokenizers that a bundler would put in. */
export const IMPORT_MAP =
  '<script type="importmap">{"imports":{"@huggingface/tokenizers":"/tokenizers.mjs"}}</script>';

export async function checkPretrained(browser, origin, expect) {
  const runtime = await createRuntime({ variant: 'simd' });
  const model = await loadModel(runtime, files);
  const expected = (await embed(model, TEXTS)).map((vector) => [...vector]);
  runtime.dispose();

  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${origin}/pretrained.html`);
  const load = () =>
    page.evaluate(async (texts) => {
      const { createRuntime } = await import('/dist/index.js');
      const { embed, loadModel } = await import('/dist/pretrained.js');
      const runtime = await createRuntime({ variant: 'simd' });
      const told = [];
      const model = await loadModel(runtime, `${location.origin}/models/tiny`, {
        onProgress: (done, total) => told.push(done / total),
      });
      const vectors = (await embed(model, texts)).map((vector) => [...vector]);
      runtime.dispose();
      return { vectors, told };
    }, TEXTS);
  const first = await load();
  const once = sent;
  const again = await load();
  expect('embeds texts as Node does, to the bit', String(first.vectors) === String(expected), first.vectors);
  expect('tells how far it is', first.told[0] === 0 && first.told.at(-1) === 1, first.told);
  expect('fetches weights once', once >= files['model.safetensors'].length, once);
  expect('then has them from the cache', sent - once <= 1, sent - once);
  expect('and they are the same', String(again.vectors) === String(expected), again.vectors);
  const stopped = await page.evaluate(async () => {
    const { createRuntime } = await import('/dist/index.js');
    const { loadModel } = await import('/dist/pretrained.js');
    const runtime = await createRuntime();
    const { usedBytes } = runtime.memory;
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error('enough'));
    const reason = await loadModel(runtime, `${location.origin}/models/tiny`, {
      onProgress,
      signal: stop.signal,
    }).catch(({ message }) => message);
    const missing = await loadModel(runtime, `${location.origin}/models/other`).catch(({ name }) => name);
    return { reason, missing, left: runtime.memory.usedBytes - usedBytes };
  });
  expect('stops when asked to', stopped.reason === 'enough', stopped.reason);
  expect('says what is missing', stopped.missing === 'FormatError', stopped.missing);
  expect('leaves nothing behind', stopped.left === 0, stopped.left);
  expect('no error where a model is loaded', errors.length === 0, errors.join('; '));
  await page.close();
}
