/** Small tokenizers of the usual kinds, as their tokenizer.json. */

/** Tokens around a text, and their ids. */
type Special = Readonly<Record<string, number>>;

function addedTokens(special: Special): object[] {
  return Object.entries(special).map(([content, id]) => ({
    ...{ id, content, special: true },
    ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
  }));
}

/** BERT's: lower case, words cut into pieces, [CLS] and [SEP] around. */
export function wordPieces(pieces: readonly string[]): Record<string, object> {
  const special = { '[PAD]': 0, '[UNK]': 1, '[CLS]': 2, '[SEP]': 3, '[MASK]': 4 };
  const vocab = { ...special, ...Object.fromEntries(pieces.map((piece, i) => [piece, i + 5])) };
  return {
    'tokenizer.json': {
      ...{ version: '1.0', truncation: null, padding: null, added_tokens: addedTokens(special) },
      normalizer: {
        ...{ type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true },
        ...{ strip_accents: null, lowercase: true },
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
      model: {
        ...{ type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##' },
        ...{ max_input_chars_per_word: 100, vocab },
      },
    },
    'tokenizer_config.json': {
      ...{ unk_token: '[UNK]', pad_token: '[PAD]', cls_token: '[CLS]', sep_token: '[SEP]' },
      ...{ mask_token: { content: '[MASK]', special: true }, model_max_length: 1e30 },
    },
  };
}

/** T5's: pieces by their probability, with a mark for spaces. */
export function unigrams(pieces: readonly string[]): Record<string, object> {
  const special = { '<pad>': 0, '</s>': 1, '<unk>': 2 };
  const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', add_prefix_space: true };
  const added = { SpecialToken: { id: '</s>', type_id: 0 } };
  return {
    'tokenizer.json': {
      ...{ version: '1.0', truncation: null, padding: null, added_tokens: addedTokens(special) },
      ...{ normalizer: null, pre_tokenizer: metaspace, decoder: metaspace },
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ Sequence: { id: 'A', type_id: 0 } }, added],
        pair: [{ Sequence: { id: 'A', type_id: 0 } }, added, { Sequence: { id: 'B', type_id: 0 } }, added],
        special_tokens: { '</s>': { id: '</s>', ids: [1], tokens: ['</s>'] } },
      },
      model: {
        ...{ type: 'Unigram', unk_id: 2, byte_fallback: false },
        vocab: [
          ...Object.keys(special).map((token) => [token, 0]),
          ...pieces.map((piece) => [piece, -piece.length]),
        ],
      },
    },
    'tokenizer_config.json': { eos_token: '</s>', pad_token: '<pad>', unk_token: '<unk>' },
  };
}

/** GPT-2's: a token for each byte, and merges of them. */
export function byteLevel(merges: readonly string[] = []): Record<string, object> {
  const special = { '<|endoftext|>': 0 };
  const bytes = Array.from({ length: 256 }, (_, byte) => characterOf(byte));
  const tokens = [...bytes, ...merges.map((merge) => merge.replace(' ', ''))];
  return {
    'tokenizer.json': {
      ...{ version: '1.0', truncation: null, padding: null, added_tokens: addedTokens(special) },
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        ...{ type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: '' },
        ...{ end_of_word_suffix: '', fuse_unk: false, byte_fallback: false, merges },
        vocab: { ...special, ...Object.fromEntries(tokens.map((token, i) => [token, i + 1])) },
      },
    },
    'tokenizer_config.json': {
      ...{ bos_token: '<|endoftext|>', eos_token: '<|endoftext|>', unk_token: '<|endoftext|>' },
    },
  };
}

/** What GPT-2 writes for a byte: itself where it can be seen, otherwise a letter from U+0100 on. */
export function characterOf(byte: number): string {
  const seen = (each: number): boolean =>
    (each >= 33 && each <= 126) || (each >= 161 && each <= 172) || each >= 174;
  if (seen(byte)) return String.fromCharCode(byte);
  const before = Array.from({ length: byte }, (_, each) => each).filter((each) => !seen(each)).length;
  return String.fromCharCode(256 + before);
}
