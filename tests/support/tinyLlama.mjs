// A made-up Llama with a tokenizer of printable ASCII, the same wherever it is made: for tests and for pages.

const PRINTABLE = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
const TOKENS = ['<|endoftext|>', 'Ġ', ...PRINTABLE];

const special = (content, id) => ({
  ...{ id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
});

const tokenizer = {
  ...{ version: '1.0', truncation: null, padding: null, added_tokens: [special(TOKENS[0], 0)] },
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: {
    ...{ type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: '' },
    ...{ end_of_word_suffix: '', fuse_unk: false, byte_fallback: false, merges: [] },
    vocab: Object.fromEntries(TOKENS.map((token, id) => [token, id])),
  },
};

/** The shapes of its weights by name. */
function shapesOf(size, layers) {
  const layer = (i) => {
    const at = `model.layers.${i}.`;
    return [
      [`${at}input_layernorm.weight`, [size]],
      [`${at}self_attn.q_proj.weight`, [size, size]],
      [`${at}self_attn.k_proj.weight`, [size / 2, size]],
      [`${at}self_attn.v_proj.weight`, [size / 2, size]],
      [`${at}self_attn.o_proj.weight`, [size, size]],
      [`${at}post_attention_layernorm.weight`, [size]],
      [`${at}mlp.gate_proj.weight`, [2 * size, size]],
      [`${at}mlp.up_proj.weight`, [2 * size, size]],
      [`${at}mlp.down_proj.weight`, [size, 2 * size]],
    ];
  };
  return [
    ['model.embed_tokens.weight', [TOKENS.length, size]],
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    ['model.norm.weight', [size]],
    ['lm_head.weight', [TOKENS.length, size]],
  ];
}

/** The files of its folder. It never ends by itself, but at `maxTokens`. */
export function tinyLlama(writeSafetensors, { size = 64, layers = 2 } = {}) {
  let bits = 1;
  const number = () => {
    bits = (Math.imul(bits, 1664525) + 1013904223) >>> 0;
    return bits / 2 ** 31 - 1;
  };
  const tensors = new Map(
    shapesOf(size, layers).map(([name, shape]) => {
      const length = shape.reduce((a, b) => a * b, 1);
      const scale = 2 / Math.sqrt(size);
      const values = Float32Array.from({ length }, () => (shape.length === 1 ? 1 : scale * number()));
      return [name, { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) }];
    }),
  );
  const config = {
    ...{ model_type: 'llama', architectures: ['LlamaForCausalLM'], vocab_size: TOKENS.length },
    ...{ hidden_size: size, intermediate_size: 2 * size, num_hidden_layers: layers, hidden_act: 'silu' },
    ...{ num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 512, rms_norm_eps: 1e-5 },
    ...{ rope_theta: 10000, tie_word_embeddings: false, bos_token_id: 0, eos_token_id: 0 },
  };
  const json = (value) => new TextEncoder().encode(JSON.stringify(value));
  return {
    'config.json': json(config),
    'generation_config.json': json({ suppress_tokens: [0] }),
    'tokenizer.json': json(tokenizer),
    'tokenizer_config.json': json({ bos_token: TOKENS[0], eos_token: TOKENS[0] }),
    'model.safetensors': writeSafetensors(tensors),
  };
}
