/** What layers and models refuse to be made of, and that a constructor which gives up half-way keeps no memory. */
import { afterAll, describe, expect, it } from 'vitest';
import { ArgumentError, OutOfMemoryError, ShapeError } from '../../src/errors.ts';
import * as heed from '../../src/index.ts';
import * as models from '../../src/models.ts';
import { testRuntime } from '../tensor/runtime.ts';

interface Kind {
  readonly create: (runtime: heed.Runtime, config: never, random: heed.Random) => { dispose(): void };
  readonly config: object;
  /** Of the configuration, those that must be positive integers. */
  readonly sizes: string;
}

const kind = (layer: Pick<Kind, 'create'>, sizes: string, config: object): Kind => ({
  create: layer.create.bind(layer),
  config,
  sizes,
});

const transformer = { modelSize: 8, heads: 2, feedForwardSize: 5 };
const stacks = { ...transformer, encoderLayers: 1, decoderLayers: 1 };
const tokens = { paddingId: 0, startId: 1, endId: 2 };
const decoder = { embeddingSize: 3, hiddenSize: 6, keySize: 4, finalSize: 4 };
const recurrent = kind(heed.LSTM, 'inputSize hiddenSize layers', { inputSize: 3, hiddenSize: 4, layers: 2 });
const seq2seq = {
  ...{ sourceVocabulary: 7, targetVocabulary: 8, embeddingSize: 3, ...tokens },
  ...{ encoderHidden: 4, encoderLayers: 1, decoderHidden: 6 },
};
const seq2seqSizes =
  'sourceVocabulary targetVocabulary embeddingSize encoderHidden encoderLayers decoderHidden';

const kinds: Record<string, Kind> = {
  Linear: kind(heed.Linear, 'inputs outputs', { inputs: 3, outputs: 4 }),
  Embedding: kind(heed.Embedding, 'count size', { count: 5, size: 4 }),
  LayerNorm: kind(heed.LayerNorm, 'size', { size: 4 }),
  RMSNorm: kind(heed.RMSNorm, 'size', { size: 4 }),
  LearnedPositions: kind(models.LearnedPositions, 'maxLength size', { maxLength: 5, size: 4 }),
  MultiHeadAttention: kind(heed.MultiHeadAttention, 'modelSize heads keySize valueSize', {
    ...{ modelSize: 8, heads: 2, keySize: 5, valueSize: 3 },
  }),
  TransformerEncoderLayer: kind(heed.TransformerEncoderLayer, 'modelSize heads feedForwardSize', transformer),
  TransformerDecoderLayer: kind(
    models.TransformerDecoderLayer,
    'modelSize heads feedForwardSize',
    transformer,
  ),
  TransformerEncoder: kind(models.TransformerEncoder, 'layers', { ...transformer, layers: 2 }),
  TransformerDecoder: kind(models.TransformerDecoder, 'layers', { ...transformer, layers: 2 }),
  Transformer: kind(models.Transformer, 'modelSize heads encoderLayers decoderLayers', stacks),
  RNN: { ...recurrent, create: heed.RNN.create },
  GRU: { ...recurrent, create: heed.GRU.create },
  LSTM: recurrent,
  RNNCell: kind(models.RNNCell, 'hiddenSize', { inputSizes: [3, 2], hiddenSize: 4 }),
  GRUCell: kind(models.GRUCell, 'hiddenSize', { inputSizes: [3, 2], hiddenSize: 4 }),
  LSTMCell: kind(models.LSTMCell, 'hiddenSize', { inputSizes: [3, 2], hiddenSize: 4 }),
  'additive Attention': kind(models.Attention, 'querySize keySize attentionSize', {
    ...{ score: 'additive', querySize: 3, keySize: 4, attentionSize: 5 },
  }),
  'location Attention': kind(models.Attention, 'querySize keySize maxKeys', {
    ...{ score: 'location', querySize: 3, keySize: 4, maxKeys: 6 },
  }),
  LuongDecoder: kind(models.LuongDecoder, Object.keys(decoder).join(' '), { ...decoder, score: 'general' }),
  BahdanauDecoder: kind(models.BahdanauDecoder, Object.keys(decoder).join(' '), {
    ...{ ...decoder, score: 'additive' },
  }),
  FixedContextDecoder: kind(models.FixedContextDecoder, Object.keys(decoder).join(' '), decoder),
  Bahdanau2014Decoder: kind(
    models.Bahdanau2014Decoder,
    `${Object.keys(decoder).join(' ')} attentionSize maxoutSize`,
    { ...decoder, attentionSize: 5, maxoutSize: 2 },
  ),
  Seq2Seq: kind(models.Seq2Seq, seq2seqSizes, seq2seq),
  'Seq2Seq after Bahdanau': kind(models.Seq2Seq, seq2seqSizes, { ...seq2seq, decoder: 'bahdanau' }),
  'Seq2Seq of 2014': kind(models.Seq2Seq, seq2seqSizes, { ...seq2seq, decoder: 'bahdanau-2014' }),
  'Seq2Seq without attention': kind(models.Seq2Seq, seq2seqSizes, { ...seq2seq, decoder: 'fixed-context' }),
  TransformerSeq2Seq: kind(
    models.TransformerSeq2Seq,
    'sourceVocabulary targetVocabulary modelSize heads feedForwardSize encoderLayers decoderLayers maxLength',
    { ...stacks, ...tokens, sourceVocabulary: 7, targetVocabulary: 8, maxLength: 9, positions: 'learned' },
  ),
  Captioner: kind(models.Captioner, 'channels height width vocabulary embeddingSize decoderHidden', {
    ...{ channels: 1, height: 4, width: 4, blocks: [{ channels: 2 }] },
    ...{ vocabulary: 6, embeddingSize: 3, decoderHidden: 4, ...tokens },
  }),
  Conv1d: kind(models.Conv1d, 'inputs outputs groups kernel', {
    ...{ inputs: 4, outputs: 6, kernel: 3, groups: 2 },
  }),
  Conv2d: kind(models.Conv2d, 'inputs outputs groups kernel', {
    ...{ inputs: 4, outputs: 6, kernel: 3, groups: 2 },
  }),
};

/** Whether it may be left out. */
function isOptional(name: string, size: string): boolean {
  if (name === 'MultiHeadAttention') return size === 'keySize' || size === 'valueSize';
  if (size === 'layers') return !name.startsWith('Transformer');
  return ['attentionSize', 'finalSize', 'maxoutSize', 'groups'].includes(size);
}

describe('a bad configuration', () => {
  const runtime = testRuntime();
  afterAll(() => runtime.dispose());

  /** What `create` throws; the memory is as it was. */
  function refusal({ create, config }: Kind, changes: object): Error | undefined {
    const before = runtime.memory.usedBytes;
    let error: unknown;
    try {
      create(runtime, { ...config, ...changes } as never, new heed.Random(1)).dispose();
    } catch (thrown) {
      error = thrown;
    }
    expect(runtime.memory.usedBytes).toBe(before);
    return error as Error | undefined;
  }

  describe.each(Object.keys(kinds))('%s', (name) => {
    const own = kinds[name]!;

    it('is fine as the others are made from', () => {
      expect(refusal(own, {})).toBeUndefined();
    });

    it.each(own.sizes.split(' '))('refuses a %s that is no positive integer', (size) => {
      for (const value of [undefined, null, Number.NaN, 0, -1, 1.5, Number.POSITIVE_INFINITY, '4']) {
        if (value === undefined && isOptional(name, size)) continue;
        const error = refusal(own, { [size]: value });
        expect(error, `${size} = ${value}`).toBeInstanceOf(ArgumentError);
        expect(error!.message).toContain(size);
        expect(error!.message).toContain(String(value));
      }
    });

    // A stack would be made layer by layer until the memory is full.
    if (own.sizes === 'layers') return;
    it('refuses weights that no memory holds', () => {
      const [size] = own.sizes.split(' ') as [string];
      const error = refusal(own, { [size]: 2 ** 31 });
      expect([ShapeError, OutOfMemoryError].some((type) => error instanceof type)).toBe(true);
    });
  });

  it.each(['Seq2Seq', 'TransformerSeq2Seq', 'Captioner'])('%s refuses ids outside its vocabulary', (name) => {
    for (const id of ['paddingId', 'startId', 'endId']) {
      for (const value of [undefined, Number.NaN, -1, 0.5, 8, '1']) {
        expect(refusal(kinds[name]!, { [id]: value })).toMatchObject({
          name: 'ArgumentError',
          message: expect.stringMatching(new RegExp(`${id} must lie in 0\\.\\.\\d, got ${value}$`)),
        });
      }
    }
  });

  it('says which sizes groups must divide', () => {
    expect(refusal(kinds.Conv2d!, { groups: 4 })).toEqual(
      new ArgumentError('conv: groups must divide inputs 4 and outputs 6, got 4'),
    );
  });

  it('refuses an activation that there is none of', () => {
    expect(refusal(kinds.TransformerEncoder!, { activation: 'swish' })).toMatchObject({
      name: 'ArgumentError',
      message: expect.stringContaining('got swish'),
    });
  });
});
