// Folders of models as they are published, small ones with made-up weights, as maps of bytes: what `loadModel` takes.
import { weightsOf } from './values.js';

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const WORDS = ['heed', 'the', 'attention', '##s', 'a', 'dog', 'sleep', '##ing', '.', ','];
const VOCABULARY = 40;
const SIZE = 16;

const json = (value) => new TextEncoder().encode(JSON.stringify(value));

/** A BERT's tokenizer of a few words. */
const tokenizer = {
  'tokenizer.json': json({
    ...{ version: '1.0', truncation: null, padding: null },
    added_tokens: SPECIAL.map((content, id) => ({
      ...{ id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
    })),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      ...{
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
      },
      vocab: Object.fromEntries([...SPECIAL, ...WORDS].map((token, id) => [token, id])),
    },
  }),
  'tokenizer_config.json': json({
    ...{
      unk_token: '[UNK]',
      pad_token: '[PAD]',
      cls_token: '[CLS]',
      sep_token: '[SEP]',
      mask_token: '[MASK]',
    },
  }),
};

/** The files, where all tensors have made-up values: norms too, which need not be ones. */
function folder({ writeSafetensors }, config, shapes) {
  const stored = [...weightsOf(shapes, 7)].map(([name, { shape, values }]) => [
    name,
    { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) },
  ]);
  return {
    'config.json': json(config),
    'model.safetensors': writeSafetensors(stored, { metadata: { format: 'pt' } }),
    ...tokenizer,
  };
}

const affine = (name, size) => ['weight', 'bias'].map((kind) => [`${name}.${kind}`, [size]]);
const linear = (name, outputs, inputs) => [
  [`${name}.weight`, [outputs, inputs]],
  [`${name}.bias`, [outputs]],
];

/** @param architecture one of `BertModel`, `BertForMaskedLM`, `BertForSequenceClassification`, `BertForTokenClassification` */
export function bertFolder(heed, architecture) {
  const labels = { 0: 'O', 1: 'B-DOG', 2: 'I-DOG' };
  const config = {
    ...{ model_type: 'bert', architectures: [architecture], vocab_size: VOCABULARY, hidden_size: SIZE },
    ...{ num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 2 * SIZE, hidden_act: 'gelu' },
    ...{ max_position_embeddings: 32, type_vocab_size: 2, layer_norm_eps: 1e-12, pad_token_id: 0 },
    ...{
      id2label: labels,
      label2id: Object.fromEntries(Object.entries(labels).map(([id, label]) => [label, Number(id)])),
    },
  };
  const layer = (i) => {
    const at = `bert.encoder.layer.${i}.`;
    return [
      ...['query', 'key', 'value'].flatMap((name) => linear(`${at}attention.self.${name}`, SIZE, SIZE)),
      ...linear(`${at}attention.output.dense`, SIZE, SIZE),
      ...affine(`${at}attention.output.LayerNorm`, SIZE),
      ...linear(`${at}intermediate.dense`, 2 * SIZE, SIZE),
      ...linear(`${at}output.dense`, SIZE, 2 * SIZE),
      ...affine(`${at}output.LayerNorm`, SIZE),
    ];
  };
  const heads = {
    BertModel: [],
    BertForMaskedLM: [
      ...linear('cls.predictions.transform.dense', SIZE, SIZE),
      ...affine('cls.predictions.transform.LayerNorm', SIZE),
      ['cls.predictions.bias', [VOCABULARY]],
    ],
    BertForSequenceClassification: [
      ...linear('bert.pooler.dense', SIZE, SIZE),
      ...linear('classifier', 3, SIZE),
    ],
    BertForTokenClassification: linear('classifier', 3, SIZE),
  };
  return folder(heed, config, [
    ['bert.embeddings.word_embeddings.weight', [VOCABULARY, SIZE]],
    ['bert.embeddings.position_embeddings.weight', [32, SIZE]],
    ['bert.embeddings.token_type_embeddings.weight', [2, SIZE]],
    ...affine('bert.embeddings.LayerNorm', SIZE),
    ...layer(0),
    ...layer(1),
    ...heads[architecture],
  ]);
}

/** Two heads of queries share one of keys and values. */
export function llamaFolder(heed) {
  const config = {
    ...{
      model_type: 'llama',
      architectures: ['LlamaForCausalLM'],
      vocab_size: VOCABULARY,
      hidden_size: SIZE,
    },
    ...{ num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 24 },
    ...{ hidden_act: 'silu', max_position_embeddings: 64, rms_norm_eps: 1e-5, rope_theta: 10_000 },
    ...{ tie_word_embeddings: false, bos_token_id: 2, eos_token_id: 3 },
  };
  const layer = (i) => {
    const at = `model.layers.${i}.`;
    return [
      [`${at}self_attn.q_proj.weight`, [SIZE, SIZE]],
      [`${at}self_attn.k_proj.weight`, [SIZE / 2, SIZE]],
      [`${at}self_attn.v_proj.weight`, [SIZE / 2, SIZE]],
      [`${at}self_attn.o_proj.weight`, [SIZE, SIZE]],
      [`${at}mlp.gate_proj.weight`, [24, SIZE]],
      [`${at}mlp.up_proj.weight`, [24, SIZE]],
      [`${at}mlp.down_proj.weight`, [SIZE, 24]],
      [`${at}input_layernorm.weight`, [SIZE]],
      [`${at}post_attention_layernorm.weight`, [SIZE]],
    ];
  };
  const whole = [
    ['model.embed_tokens.weight', [VOCABULARY, SIZE]],
    ...layer(0),
    ...layer(1),
    ['model.norm.weight', [SIZE]],
    ['lm_head.weight', [VOCABULARY, SIZE]],
  ];
  return folder(heed, config, whole);
}

export function t5Folder(heed) {
  const config = {
    ...{
      model_type: 't5',
      architectures: ['T5ForConditionalGeneration'],
      vocab_size: VOCABULARY,
      d_model: SIZE,
    },
    ...{ d_kv: 8, d_ff: 24, num_layers: 1, num_decoder_layers: 1, num_heads: 2, is_encoder_decoder: true },
    ...{ feed_forward_proj: 'relu', dense_act_fn: 'relu', is_gated_act: false, layer_norm_epsilon: 1e-6 },
    ...{ relative_attention_num_buckets: 8, relative_attention_max_distance: 12, tie_word_embeddings: true },
    ...{ decoder_start_token_id: 0, eos_token_id: 3, pad_token_id: 0 },
  };
  const attention = (at) => ['q', 'k', 'v', 'o'].map((name) => [`${at}.${name}.weight`, [SIZE, SIZE]]);
  const side = (name, sublayers) => {
    const at = `${name}.block.0.layer.`;
    const last = sublayers.length;
    return [
      ...sublayers.flatMap((each, i) => [
        ...attention(`${at}${i}.${each}`),
        [`${at}${i}.layer_norm.weight`, [SIZE]],
      ]),
      [`${at}0.SelfAttention.relative_attention_bias.weight`, [8, 2]],
      [`${at}${last}.DenseReluDense.wi.weight`, [24, SIZE]],
      [`${at}${last}.DenseReluDense.wo.weight`, [SIZE, 24]],
      [`${at}${last}.layer_norm.weight`, [SIZE]],
      [`${name}.final_layer_norm.weight`, [SIZE]],
    ];
  };
  return folder(heed, config, [
    ['shared.weight', [VOCABULARY, SIZE]],
    ...side('encoder', ['SelfAttention']),
    ...side('decoder', ['SelfAttention', 'EncDecAttention']),
  ]);
}
