import { beforeAll, describe, expect, it } from 'vitest';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { ArgumentError, DisposedError, FormatError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { Pronouncer as PronouncerClass } from '../../src/pronounce/pronouncer.ts';
import {
  createPronouncer,
  encodeLetters,
  encodePhonemes,
  type PronounceOptions,
  type Pronouncer,
  toIPA,
} from '../../src/pronounce.ts';
import { createRuntime } from '../../src/runtime/load.ts';
import type { StoredTensor } from '../../src/tensor/weights.ts';
import { tinyConfig, tinyTensors, tinyWeights } from '../support/tinyPronouncer.ts';

/** Of many lengths, and such that some pronunciations run on until they are cut. */
const words =
  "a to pay zoo hello don't every letter cafe Café attention pronounce mother-in-law encyclopaedia straightforwardness".split(
    ' ',
  );

let weights: Uint8Array;
let tensors: Map<string, StoredTensor>;
let pronouncer: Pronouncer;

beforeAll(async () => {
  tensors = await tinyTensors();
  weights = await tinyWeights();
  pronouncer = await createPronouncer({ weights });
  return () => pronouncer.dispose();
});

/** A file with another configuration, or other tensors. */
function fileWith(config: unknown, changed: Iterable<readonly [string, StoredTensor]> = []): Uint8Array {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  return writeSafetensors(new Map([...tensors, ...changed]), { metadata: { config: text } });
}

describe('pronounce', () => {
  it('returns phonemes, IPA, a score and a map of the same sizes', () => {
    for (const word of words) {
      const {
        phonemes,
        ipa,
        score,
        attention,
        alternatives,
        changed,
        word: given,
      } = pronouncer.pronounce(word);
      expect(given).toBe(word);
      expect(ipa).toBe(toIPA(phonemes));
      expect(score).toBeLessThanOrEqual(0);
      expect(attention.phonemes).toEqual(phonemes);
      expect(attention.letters.join('')).toBe(word.toLowerCase().replace('é', 'e'));
      expect(attention.weights).toHaveLength(phonemes.length);
      for (const row of attention.weights) {
        expect(row).toHaveLength(attention.letters.length);
        expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
      }
      expect(alternatives).toHaveLength(3);
      for (const each of alternatives) expect(each.ipa).toBe(toIPA(each.phonemes));
      expect(changed).toEqual(word === 'Café' ? [{ from: 'é', to: 'e' }] : []);
    }
  });

  it('reads a word of any case and with accents as its plain letters', () => {
    const plain = pronouncer.pronounce('cafe');
    for (const word of ['Cafe', 'CAFÉ', 'cafe\u0301', ' cafe\n']) {
      expect(pronouncer.pronounce(word).phonemes).toEqual(plain.phonemes);
    }
  });

  it('shows its model: it reads letters and writes phonemes', () => {
    const { model } = pronouncer;
    for (const word of ['to', 'attention', "don't"]) {
      const { phonemes, attention } = pronouncer.pronounce(word, { beam: 1 });
      const maxLength = 2 * word.length + 6;
      const [written] = greedyDecode(model.stepModel([encodeLetters(word)]), maxLength);
      expect(written!.ids).toEqual(encodePhonemes(phonemes));
      expect(written!.attention.slice(0, phonemes.length)).toEqual(attention.weights);
    }
    expect(model.runtime).toBe(pronouncer.runtime);
  });

  it.each([1, 2, 32])('returns as many pronunciations as the beam is wide: %d', (beam) => {
    const { phonemes, alternatives } = pronouncer.pronounce('letter', { beam });
    expect(alternatives).toHaveLength(beam - 1);
    const distinct = new Set(
      [phonemes, ...alternatives.map((each) => each.phonemes)].map((each) => each.join()),
    );
    expect(distinct.size).toBe(beam);
  });

  it.each([
    ['', 'is empty'],
    [' \n', 'is empty'],
    ['r2d2', '"2" (U+0032)'],
    ['한글', 'U+D55C'],
    ['a\ud800', 'U+D800'],
    ["'-", 'has no letter'],
    ['a b', 'U+0020'],
    ['a'.repeat(65), 'at most 64 letters'],
    ['a'.repeat(5000), 'at most 64 letters'],
    [5 as unknown as string, 'type number'],
    [undefined as unknown as string, 'type undefined'],
  ])('refuses the word %j', (word, message) => {
    expect(() => pronouncer.pronounce(word)).toThrow(ArgumentError);
    expect(() => pronouncer.pronounce(word)).toThrow(message);
    expect(() => pronouncer.pronounceAll(['pay', word])).toThrow(message);
  });

  it.each([0, 33, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '4', null])(
    'refuses a beam of %s',
    (beam) => {
      const options = { beam } as PronounceOptions;
      expect(() => pronouncer.pronounce('pay', options)).toThrow(ArgumentError);
      expect(() => pronouncer.pronounceAll([], options)).toThrow(
        `beam must be an integer in 1..32, got ${beam}`,
      );
    },
  );

  it('takes a word of 64 letters', () => {
    expect(pronouncer.pronounce('a'.repeat(64)).attention.letters).toHaveLength(64);
  });
});

describe('pronounceBatches', () => {
  it('gives what pronounceAll does, 64 words at a time', () => {
    const many = Array.from({ length: 150 }, (_, i) => words[i % words.length]!);
    const batches = [...pronouncer.pronounceBatches(many)];
    expect(batches.map(({ length }) => length)).toEqual([64, 64, 22]);
    const found = new Map(batches.flat());
    expect(many.map((_, index) => found.get(index))).toEqual(pronouncer.pronounceAll(many));
  });

  it('refuses at once, before anyone iterates', async () => {
    expect(() => pronouncer.pronounceBatches(['a', '7'])).toThrow(ArgumentError);
    const other = await createPronouncer({ weights });
    const batches = other.pronounceBatches(words);
    other.dispose();
    expect(() => batches.next()).toThrow(DisposedError);
    expect(() => other.pronounceBatches(words)).toThrow(DisposedError);
  });
});

describe('pronounceAll', () => {
  it.each([1, 4, 32])('gives what pronounce gives for each word, in order, with beam %d', (beam) => {
    const together = pronouncer.pronounceAll(words, { beam });
    expect(together.map(({ word }) => word)).toEqual(words);
    together.forEach((result, index) => {
      const alone = pronouncer.pronounce(words[index]!, { beam });
      expect(result.phonemes, result.word).toEqual(alone.phonemes);
      expect(result.score).toBeCloseTo(alone.score, 5);
      expect(result.alternatives.map((each) => each.phonemes)).toEqual(
        alone.alternatives.map((each) => each.phonemes),
      );
      result.attention.weights.forEach((row, i) => {
        row.forEach((weight, j) => {
          expect(weight).toBeCloseTo(alone.attention.weights[i]![j]!, 5);
        });
      });
    });
  });

  it('keeps the order and repeats of a list of more words than a batch', () => {
    const list = Array.from({ length: 200 }, (_, index) => words[(index * 7) % words.length]!);
    const results = pronouncer.pronounceAll(list, { beam: 1 });
    expect(results.map(({ word }) => word)).toEqual(list);
    for (const word of words) {
      const distinct = new Set(results.filter((each) => each.word === word).map((each) => each.ipa));
      expect(distinct.size, word).toBe(1);
    }
  });

  it('returns nothing for no words', () => {
    expect(pronouncer.pronounceAll([])).toEqual([]);
  });

  it('does nothing when one of the words is refused', () => {
    const before = pronouncer.runtime.memory.usedBytes;
    expect(() => pronouncer.pronounceAll([...words, 'r2d2'])).toThrow('"r2d2"');
    expect(pronouncer.runtime.memory.usedBytes).toBe(before);
  });
});

describe('a pronouncer', () => {
  it('holds the same memory after 500 calls', () => {
    const { memory } = pronouncer.runtime;
    pronouncer.pronounceAll(words);
    const before = { used: memory.usedBytes, capacity: memory.capacityBytes };
    for (let call = 0; call < 500; call++)
      pronouncer.pronounce(words[call % words.length]!, { beam: 1 + (call % 4) });
    expect({ used: memory.usedBytes, capacity: memory.capacityBytes }).toEqual(before);
  });

  it('gives the same results from the same weights, beside another one', async () => {
    const other = await createPronouncer({ weights: await tinyWeights(5), variant: 'simd' });
    const same = await createPronouncer({ weights: weights.slice().buffer, variant: 'simd' });
    const again = await createPronouncer({ weights, variant: 'simd' });
    expect(same.runtime.variant).toBe('simd');
    expect(same.pronounceAll(words)).toEqual(again.pronounceAll(words));
    expect(other.pronounceAll(words)).not.toEqual(again.pronounceAll(words));
    for (const each of [other, same, again]) each.dispose();
  });

  it('throws DisposedError after dispose(), which may be called again', async () => {
    const disposed = await createPronouncer({ weights });
    disposed.dispose();
    disposed[Symbol.dispose]();
    expect(() => disposed.pronounce('pay')).toThrow(DisposedError);
    expect(() => disposed.pronounceAll([])).toThrow(DisposedError);
    expect(pronouncer.pronounce('pay').word).toBe('pay');
  });
});

describe('createPronouncer', () => {
  const without = (name: string): Uint8Array => {
    const rest = [...tensors].filter(([each]) => each !== name);
    return writeSafetensors(rest, { metadata: { config: JSON.stringify(tinyConfig) } });
  };
  const zeros = (...shape: number[]): StoredTensor =>
    fromFloat32(new Float32Array(shape.reduce((a, b) => a * b)), shape, 'F32');
  const notFinite = (name: string, value: number): Uint8Array => {
    const { shape } = tensors.get(name)!;
    const values = new Float32Array(shape.reduce((a, b) => a * b)).fill(value);
    return fileWith(tinyConfig, [[name, fromFloat32(values, shape, 'F32')]]);
  };

  it.each<[string, () => Uint8Array, string]>([
    ['an empty file', () => new Uint8Array(0), 'expected at least 8 bytes'],
    ['text', () => new TextEncoder().encode('not a safetensors file'), 'safetensors header'],
    ['a truncated header', () => weights.subarray(0, 1000), 'only 992 follow'],
    ['truncated data', () => weights.subarray(0, weights.length - 1), 'reach beyond'],
    ['a file without a configuration', () => writeSafetensors(tensors), 'no config'],
    ['a configuration that is not JSON', () => fileWith('{'), 'not JSON'],
    ['null for a configuration', () => fileWith('null'), 'sourceVocabulary must be 31'],
    ['a list for a configuration', () => fileWith('[]'), 'sourceVocabulary must be 31'],
    [
      'another alphabet',
      () => fileWith({ ...tinyConfig, targetVocabulary: 71 }),
      'targetVocabulary must be 72',
    ],
    ['a size of 0', () => fileWith({ ...tinyConfig, encoderHidden: 0 }), 'encoderHidden must be an integer'],
    [
      'a size of 1e9',
      () => fileWith({ ...tinyConfig, decoderHidden: 1e9 }),
      'decoderHidden must be an integer',
    ],
    [
      'a size as text',
      () => fileWith({ ...tinyConfig, embeddingSize: '8' }),
      'embeddingSize must be an integer',
    ],
    [
      'other sizes',
      () => fileWith({ ...tinyConfig, encoderHidden: 16 }),
      'encoder.weight_ih_l0 has shape [32, 8]',
    ],
    ['more layers', () => fileWith({ ...tinyConfig, encoderLayers: 2 }), 'encoder.weight_ih_l1 is missing'],
    ['an unknown score', () => fileWith({ ...tinyConfig, score: 'cosine' }), 'score'],
    ['another score', () => fileWith({ ...tinyConfig, score: 'additive' }), 'attn_q.weight is missing'],
    ['a start token outside the alphabet', () => fileWith({ ...tinyConfig, startId: 1000 }), 'startId'],
    ['an end token outside the alphabet', () => fileWith({ ...tinyConfig, endId: -1 }), 'endId'],
    ['a missing tensor', () => without('out.bias'), 'out.bias is missing'],
    ['an unexpected tensor', () => fileWith(tinyConfig, [['more', zeros(2)]]), 'more is unexpected'],
    ['a misshapen tensor', () => fileWith(tinyConfig, [['out.bias', zeros(71)]]), 'out.bias has shape [71]'],
    ['NaN', () => notFinite('attn.weight', Number.NaN), 'attn.weight'],
    ['infinities', () => notFinite('out.bias', Number.NEGATIVE_INFINITY), 'out.bias'],
  ])('refuses %s with a FormatError and keeps no memory', async (_, file, message) => {
    const failed = createPronouncer({ weights: file() });
    await expect(failed).rejects.toThrow(FormatError);
    await expect(failed).rejects.toThrow(message);
    const runtime = await createRuntime({ variant: 'simd' });
    expect(() => new PronouncerClass(runtime, file())).toThrow(FormatError);
    expect(runtime.memory.usedBytes).toBe(0);
    runtime.dispose();
  });

  it('refuses weights that are not bytes', async () => {
    await expect(createPronouncer({ weights: 'weights' as unknown as Uint8Array })).rejects.toThrow(
      ArgumentError,
    );
  });

  it('refuses an unknown variant', async () => {
    await expect(createPronouncer({ weights, variant: 'avx' as 'simd' })).rejects.toThrow(ArgumentError);
  });
});
