/** Text to tokens and back: published ids, truncation, offsets, streams, chat templates, and folders that lack something. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ArgumentError, FormatError, UnsupportedError } from '../../src/errors.ts';
import { openModelFolder } from '../../src/io/modelFolder.ts';
import { loadTokenizer, type Tokenizer } from '../../src/pretrained/tokenizer.ts';
import { DATA_FOLDER } from '../parity/cases.ts';
import { asBytes, failure, hasFolders, sayIfSkipped } from './folders.ts';
import { byteLevel, unigrams, wordPieces } from './tokenizers.ts';

sayIfSkipped('the tokenizer of stories260K');

const load = async (files: Readonly<Record<string, unknown>>): Promise<Tokenizer> =>
  loadTokenizer(await openModelFolder(asBytes(files)));

const pieces = ['the', 'cat', 'sat', '##s', 'on', 'cafe', '##teria', '.', ',', "'", 'don', 't', 'a', 'b'];
const bert = await load(wordPieces(pieces));
const pieced = await load(unigrams(['▁', '▁the', '▁cat', 's', '▁a', 'b', 'é', '.']));
const bytes = await load(byteLevel(['t h', 'th e', 'Ġ the', 'Ã ©']));

describe.skipIf(!hasFolders)('the tokenizer of stories260K', async () => {
  const folder = join(DATA_FOLDER, 'models/stories260K');
  const stories = hasFolders ? await loadTokenizer(await openModelFolder(folder)) : undefined!;
  const expected = hasFolders
    ? (JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
        tokenizer: { text: string; ids: number[]; decoded: string }[];
      })
    : { tokenizer: [] };

  it.each(expected.tokenizer)('$text', ({ text, ids, decoded }) => {
    expect(stories.encode(text).ids).toEqual(ids);
    expect(stories.decode(ids)).toBe(decoded);
    const stream = stories.stream();
    const deltas = ids.map((id) => stream.push(id));
    for (const delta of deltas) expect(delta).not.toContain('\ufffd');
    expect(deltas.join('') + stream.end()).toBe(decoded);
  });

  it('has special ids', () => {
    const special = { startId: 1, endId: 2, unknownId: 0, paddingId: undefined, maskId: undefined };
    expect(stories.special).toEqual(special);
    expect(stories.maxLength).toBe(512);
  });

  it('streams any tokens as they decode together', () => {
    streamsAsItDecodes(stories, 512);
  });

  it('keeps the space of a word that follows many tokens without text', () => {
    const word = stories.encode('the', { addSpecial: false }).ids;
    const ids = [
      ...new Array<number[]>(30).fill([...word]).flat(),
      ...new Array<number>(30).fill(2),
      ...word,
    ];
    const stream = stories.stream();
    const text = ids.map((id) => stream.push(id)).join('') + stream.end();
    expect(text).toBe(new Array<string>(31).fill('the').join(' '));
  });
});

/** Random tokens: half characters, special tokens, ids that no token has. */
function streamsAsItDecodes(tokenizer: Tokenizer, vocabulary: number): void {
  const anyIds = fc.array(fc.integer({ min: 0, max: vocabulary + 2 }), { maxLength: 200 });
  fc.assert(
    fc.property(anyIds, fc.boolean(), (ids, skipSpecial) => {
      const stream = tokenizer.stream({ skipSpecial });
      const text = ids.map((id) => stream.push(id)).join('') + stream.end();
      expect(text).toBe(tokenizer.decode(ids, { skipSpecial }));
    }),
    { numRuns: 100 },
  );
}

describe('streams', () => {
  it.each([
    ['byte-level', bytes, 262],
    ['word pieces', bert, 20],
    ['unigrams', pieced, 12],
  ] as const)('%s: any tokens as they decode together', (_, tokenizer, vocabulary) => {
    streamsAsItDecodes(tokenizer, vocabulary);
  });

  it('never emit half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        fc.pre(!text.includes('\ufffd'));
        const { ids } = bytes.encode(text);
        const stream = bytes.stream();
        const deltas = ids.map((id) => stream.push(id));
        for (const delta of deltas) {
          expect(delta).not.toContain('\ufffd');
          expect(/^[\udc00-\udfff]|[\ud800-\udbff]$/.test(delta)).toBe(false);
        }
        expect(deltas.join('') + stream.end()).toBe(text);
      }),
      { numRuns: 200 },
    );
  });

  it('wait for what a space before punctuation becomes', () => {
    const words = ['the', 'cat', '.', 'the', ',', 'cat', "'", 't', '.'];
    const ids = words.map((word) => bert.idOf(word)!);
    const stream = bert.stream();
    const deltas = ids.map((id) => stream.push(id));
    expect(deltas.join('') + stream.end()).toBe(bert.decode(ids));
    expect(bert.decode(ids)).toBe("the cat. the, cat't.");
  });

  it('have the spaces of sentencepiece', () => {
    const text = 'the cats a cat.';
    const { ids, tokens } = pieced.encode(text);
    expect(tokens).toEqual(['▁the', '▁cat', 's', '▁a', '▁cat', '.', '</s>']);
    const stream = pieced.stream();
    expect(ids.map((id) => stream.push(id))).toEqual(['the', ' cat', 's', ' a', ' cat', '.', '']);
    const rest = pieced.stream({}, ids.slice(0, 2));
    expect(
      ids
        .slice(2)
        .map((id) => rest.push(id))
        .join(''),
    ).toBe('s a cat.');
  });

  it('take a long text in time that grows with it', () => {
    const decoded: number[] = [];
    const spied = vi.spyOn(bytes, 'decode').mockImplementation((ids) => {
      decoded.push(ids.length);
      return ids.map((id) => String.fromCharCode(97 + (id % 26))).join('');
    });
    const stream = bytes.stream();
    for (let i = 0; i < 2000; i++) stream.push(i);
    spied.mockRestore();
    expect(Math.max(...decoded)).toBeLessThan(64);
  });
});

describe('encoding', () => {
  it('adds what a model expects around, for one text and for two', () => {
    const one = bert.encode('The cat sat.');
    expect(one.tokens).toEqual(['[CLS]', 'the', 'cat', 'sat', '.', '[SEP]']);
    expect(one.added).toEqual([true, false, false, false, false, true]);
    const two = bert.encode('the cat', { pair: 'sat on' });
    expect(two.tokens).toEqual(['[CLS]', 'the', 'cat', '[SEP]', 'sat', 'on', '[SEP]']);
    expect(two.tokenTypes).toEqual([0, 0, 0, 0, 1, 1, 1]);
    expect(bert.encode('the cat', { addSpecial: false }).tokens).toEqual(['the', 'cat']);
    expect(bert.encode('').tokens).toEqual(['[CLS]', '[SEP]']);
    expect(bert.maxLength).toBeUndefined();
    expect(bert.special).toMatchObject({ maskId: 4, paddingId: 0, unknownId: 1 });
  });

  it('truncates the longer text and keeps what is around', () => {
    const text = 'the cat sat on the cat';
    expect(bert.encode(text, { maxLength: 5 }).tokens).toEqual(['[CLS]', 'the', 'cat', 'sat', '[SEP]']);
    const pair = bert.encode(text, { pair: 'a b', maxLength: 7 });
    expect(pair.tokens).toEqual(['[CLS]', 'the', 'cat', '[SEP]', 'a', 'b', '[SEP]']);
    expect(pair.tokenTypes).toEqual([0, 0, 0, 0, 1, 1, 1]);
    expect(bert.encode('a b', { pair: text, maxLength: 6 }).tokens).toHaveLength(6);
    // As transformers' fast tokenizers: what was shorter loses one more.
    const cut = (first: number, second: number): number[] => {
      const both = [first, second].map((length) => new Array<string>(length).fill('cat').join(' '));
      const { tokens } = bert.encode(both[0]!, { pair: both[1]!, maxLength: 9 + 3 });
      const middle = tokens.indexOf('[SEP]');
      return [middle - 1, tokens.length - middle - 2];
    };
    expect([cut(5, 7), cut(7, 5), cut(6, 6), cut(9, 2), cut(2, 20)]).toEqual([
      [4, 5],
      [5, 4],
      [4, 5],
      [7, 2],
      [2, 7],
    ]);
    expect(bert.encode(text, { maxLength: 2 }).tokens).toEqual(['[CLS]', '[SEP]']);
    expect(() => bert.encode(text, { maxLength: 1 })).toThrow(
      new ArgumentError('tokenizer.encode: maxLength 1 leaves no room for the 2 tokens around a text'),
    );
  });

  it('finds tokens in their text, whatever the tokenizer made of it', () => {
    const text = '  The CAFÉteria,  zebra on   cats.';
    const encoding = bert.encode(text);
    expect(encoding.tokens.slice(1, -1)).toEqual([
      'the',
      'cafe',
      '##teria',
      ',',
      '[UNK]',
      'on',
      'cat',
      '##s',
      '.',
    ]);
    const offsets = bert.offsets(text, encoding);
    const found = offsets.map((place) => place && text.slice(...place));
    expect(found).toEqual([
      undefined,
      'The',
      'CAFÉ',
      'teria',
      ',',
      undefined,
      'on',
      'cat',
      's',
      '.',
      undefined,
    ]);
    const accents = 'the é the';
    const own = bytes.encode(accents);
    expect(bytes.offsets(accents, own).map((place) => place && accents.slice(...place))).toEqual([
      'the',
      '',
      'é',
      'the',
    ]);
  });

  it('decodes what it knows and refuses what is no id', () => {
    expect(bert.decode([])).toBe('');
    expect(bert.decode([2, 5, 999, 6, 3])).toBe('the cat');
    expect(bert.decode([2, 5], { skipSpecial: false })).toBe('[CLS] the');
    expect(() => bert.decode([0.5])).toThrow(
      new ArgumentError('tokenizer.decode: ids must be whole numbers, got 0.5'),
    );
  });
});

describe('chat templates', () => {
  const template =
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
  const withTemplate = (chat_template: unknown, more: object = {}) => {
    const files = byteLevel();
    return load({
      ...files,
      'tokenizer_config.json': { ...files['tokenizer_config.json'], chat_template },
      ...more,
    });
  };
  const messages = [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'Hi' },
  ];
  const expected = '<system>Be kind.<|endoftext|><user>Hi<|endoftext|><assistant>';

  it('become one text, wherever the template lies', async () => {
    expect(await (await withTemplate(template)).applyChatTemplate(messages)).toBe(expected);
    const named = [
      { name: 'tools', template: 'no' },
      { name: 'default', template },
    ];
    expect(await (await withTemplate(named)).applyChatTemplate(messages)).toBe(expected);
    const file = await withTemplate(undefined, { 'chat_template.jinja': template });
    expect(await file.applyChatTemplate(messages)).toBe(expected);
    const open = { add_generation_prompt: false };
    expect(await file.applyChatTemplate(messages, open)).toBe(expected.replace('<assistant>', ''));
  });

  it('that are not there, broken or unwilling say so', async () => {
    const fails = async (chat_template: unknown, given: readonly unknown[] = messages) =>
      failure(async () => (await withTemplate(chat_template)).applyChatTemplate(given as never));
    expect(await fails(undefined)).toBeInstanceOf(UnsupportedError);
    expect(await fails('{% for %}')).toBeInstanceOf(FormatError);
    const unwilling = await fails("{{ raise_exception('only users may speak') }}");
    expect(unwilling).toBeInstanceOf(ArgumentError);
    expect(unwilling.message).toContain('only users may speak');
    expect(await fails(template, [])).toEqual(
      new ArgumentError('chat template: expected at least one message, got none'),
    );
    expect(await fails(template, [{ content: 'x' }])).toEqual(
      new ArgumentError('chat template: messages[0] must have a role and a content'),
    );
  });
});

describe('folders that lack something', () => {
  afterEach(() => {
    vi.doUnmock('@huggingface/tokenizers');
    vi.doUnmock('@huggingface/jinja');
    vi.resetModules();
  });

  it.each([
    [{ 'config.json': {} }, UnsupportedError, /has no tokenizer.json: give ids instead of text/],
    [
      { 'source.spm': 'x', 'target.spm': 'y' },
      UnsupportedError,
      /has no tokenizer.json, but source.spm: it must be/,
    ],
    [{ 'tokenizer.json': [] }, FormatError, /tokenizer.json must hold an object/],
    [{ 'tokenizer.json': {} }, FormatError, /tokenizer.json: /],
    [
      { ...byteLevel(), 'tokenizer_config.json': 7 },
      FormatError,
      /tokenizer_config.json must hold an object/,
    ],
    [
      { 'tokenizer.json': { ...byteLevel()['tokenizer.json'], decoder: { type: 'Runes' } } },
      UnsupportedError,
      /tokenizer.json: Unknown Decoder type: Runes/,
    ],
    [
      { 'tokenizer.json': { ...byteLevel()['tokenizer.json'], added_tokens: null } },
      FormatError,
      /tokenizer.json: /,
    ],
  ] as const)('%#', async (files, Kind, message) => {
    const error = await failure(() => load(files));
    expect(error).toBeInstanceOf(Kind);
    expect(error.message).toMatch(message);
  });

  it('take special tokens from where older folders have them', async () => {
    const files = wordPieces(pieces);
    const map = files['tokenizer_config.json']!;
    const older = await load({ ...files, 'tokenizer_config.json': {}, 'special_tokens_map.json': map });
    expect(older.special).toEqual(bert.special);
  });

  it('name the packages that are not installed', async () => {
    const absent = (): never => {
      throw new Error('Cannot find package');
    };
    vi.resetModules();
    vi.doMock('@huggingface/tokenizers', absent);
    const fresh = await import('../../src/pretrained/tokenizer.ts');
    const folder = await openModelFolder(asBytes(byteLevel()));
    const error = await failure(() => fresh.loadTokenizer(folder));
    expect(error.name).toBe('UnsupportedError');
    expect(error.message).toBe(
      'tokenizers need the package @huggingface/tokenizers: npm install @huggingface/tokenizers',
    );
    vi.doUnmock('@huggingface/tokenizers');
    vi.doMock('@huggingface/jinja', absent);
    vi.resetModules();
    const again = await import('../../src/pretrained/tokenizer.ts');
    const files = byteLevel();
    const config = { ...files['tokenizer_config.json'], chat_template: '{{ messages }}' };
    const other = await openModelFolder(asBytes({ ...files, 'tokenizer_config.json': config }));
    const tokenizer = await again.loadTokenizer(other);
    const refused = await failure(() => tokenizer.applyChatTemplate([{ role: 'user', content: 'Hi' }]));
    expect(refused.message).toBe(
      'chat templates need the package @huggingface/jinja: npm install @huggingface/jinja',
    );
  });
});
