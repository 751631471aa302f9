/** The Transformer for sequence to sequence: decoding, masks, tied embeddings, files, bad input. */
import { describe, expect, it } from 'vitest';
import { beamSearch } from '../../src/decode/beam.ts';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { sampleDecode } from '../../src/decode/sample.ts';
import type { Hypothesis, StepModel } from '../../src/decode/stepModel.ts';
import { ArgumentError, FormatError, ShapeError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { transformerBatch } from '../../src/models/transformer/batch.ts';
import type { TransformerSeq2SeqConfig } from '../../src/models/transformer/config.ts';
import { TransformerSeq2Seq } from '../../src/models/transformer/model.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { tolerance } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/sourceOf.ts';

const base = {
  sourceVocabulary: 9,
  targetVocabulary: 9,
  modelSize: 12,
  heads: 3,
  feedForwardSize: 16,
  encoderLayers: 2,
  decoderLayers: 2,
  maxLength: 12,
  paddingId: 0,
  startId: 1,
  endId: 2,
} as const;
/** Additions behind a log-probability, about. */
const TERMS = 1000;

const forms: Partial<TransformerSeq2SeqConfig>[] = [
  { tiedEmbeddings: 'none', positions: 'sinusoidal' },
  { tiedEmbeddings: 'target', positions: 'learned', normFirst: true },
  { tiedEmbeddings: 'all', activation: 'gelu', normFirst: true, finalNorm: false, scaleEmbeddings: false },
];

const sources = [[3, 4, 5, 8], [6], [7, 7, 3], []];
const targets = [[3, 4], [5, 6, 6], [], [4]];
const pairs = sources.map((source, i) => ({ source, target: targets[i]! }));

describe.each(variants)('TransformerSeq2Seq, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const create = (form: Partial<TransformerSeq2SeqConfig> = {}) =>
    TransformerSeq2Seq.create(runtime, { ...base, ...form }, new Random(3));

  /** The model without a cache: each step reads source and target anew. Its state is the rows written so far. */
  function uncached(model: TransformerSeq2Seq, texts: readonly (readonly number[])[]) {
    type State = readonly { readonly source: readonly number[]; readonly written: readonly number[] }[];
    const stepModel: StepModel<State> = {
      ...{ items: texts.length, vocabulary: base.targetVocabulary, startId: 1, endId: 2 },
      start: () => texts.map((source) => ({ source, written: [] })),
      step: (state, previous) =>
        runtime.scope(() => {
          const rows = state.map(({ source, written }, i) => ({
            source,
            written: [...written, previous[i]!],
          }));
          // `written` has the start already, which is made the whole input.
          const padded = rows.map(({ source, written }) => ({ source, target: written.slice(1) }));
          const batch = transformerBatch(runtime, padded, base);
          const { logits, crossWeights } = model.forward(batch, { returnWeights: 'mean' });
          const [count, time, classes] = logits.shape as [number, number, number];
          const last = (x: Float32Array, width: number) =>
            Array.from({ length: count }, (_, row) => [
              ...x.slice((row * time + time - 1) * width, (row + 1) * time * width),
            ]).flat();
          const logProbabilities = last(logits.toFloat32Array(), classes);
          for (let row = 0; row < count; row++) {
            const own = logProbabilities.slice(row * classes, (row + 1) * classes);
            const total = Math.log(own.reduce((sum, logit) => sum + Math.exp(logit), 0));
            own.forEach((logit, i) => {
              logProbabilities[row * classes + i] = logit - total;
            });
          }
          const map = crossWeights!.at(-1)!;
          return {
            state: rows,
            logProbabilities: Float32Array.from(logProbabilities),
            attention: Float32Array.from(last(map.toFloat32Array(), map.shape[2]!)),
          };
        }),
      select: (state, rows) => Array.from(rows, (row) => state[row]!),
      release: () => {},
    };
    return stepModel;
  }

  function expectSame(actual: Hypothesis, expected: Hypothesis): void {
    expect(actual.ids).toEqual(expected.ids);
    expect(actual.ended).toBe(expected.ended);
    const bound = tolerance(Math.abs(expected.logProbability), TERMS);
    expect(Math.abs(actual.logProbability - expected.logProbability)).toBeLessThan(bound);
    expect(actual.attention.length).toBe(expected.attention.length);
    actual.attention.forEach((row, step) => {
      expected.attention[step]!.forEach((weight, i) => {
        expect(Math.abs((row[i] ?? 0) - weight)).toBeLessThan(tolerance(1, TERMS));
      });
    });
  }

  describe.each(forms)('%o', (form) => {
    it('greedy, beam and sampled decoding with the cache give what full passes give', () => {
      const model = create(form);
      const before = runtime.memory.usedBytes;
      const greedy = [model.stepModel(sources), uncached(model, sources)].map((each) =>
        greedyDecode<never>(each as StepModel<never>, 8),
      );
      const options = { beam: 4, maxLength: 8, lengthPenalty: { kind: 'gnmt', alpha: 0.6 } } as const;
      const beams = [model.stepModel(sources), uncached(model, sources)].map((each) =>
        beamSearch<never>(each as StepModel<never>, options),
      );
      const samples = [model.stepModel(sources), uncached(model, sources)].map((each) =>
        sampleDecode<never>(each as StepModel<never>, {
          maxLength: 8,
          random: new Random(5),
          count: 3,
          temperature: 0.8,
          topK: 7,
        }),
      );
      sources.forEach((_, i) => {
        samples[0]![i]!.forEach((hypothesis, k) => {
          expectSame(hypothesis, samples[1]![i]![k]!);
        });
        expectSame(greedy[0]![i]!, greedy[1]![i]!);
        expect(beams[0]![i]!.length).toBe(4);
        beams[0]![i]!.forEach((hypothesis, k) => {
          expectSame(hypothesis, beams[1]![i]![k]!);
        });
      });
      model.dispose();
      expect(runtime.memory.usedBytes).toBeLessThan(before);
    });

    it('what stands in the padding changes no bit of loss and gradients', () => {
      const model = create(form);
      runtime.scope(() => {
        const batch = transformerBatch(runtime, pairs, base);
        const lossOf = (garbage: boolean) => {
          const fill = (ids: Tensor, lengths: readonly number[]) => {
            const columns = ids.shape[1]!;
            const values = ids.toArray().map((id, i) => {
              const padded = i % columns >= lengths[Math.floor(i / columns)]!;
              return padded && garbage ? random.integer(0, 8) : id;
            });
            return Tensor.from(runtime, values, ids.shape, 'i32');
          };
          const source = fill(
            batch.source,
            sources.map(({ length }) => length),
          );
          const targetInput = fill(
            batch.targetInput,
            targets.map(({ length }) => length + 1),
          );
          return runtime.gradients(() => model.loss({ ...batch, source, targetInput }), model.parameters());
        };
        const [plain, other] = [lossOf(false), lossOf(true)];
        expect(other.loss).toBe(plain.loss);
        // -0 and 0 differ where garbage meets a gradient of 0.
        const bits = (tensor: Tensor) => tensor.toArray().map((value) => value + 0);
        for (const [name, gradient] of plain.gradients) {
          expect(bits(other.gradients.get(name)!), name).toEqual(bits(gradient));
        }
      });
      model.dispose();
    });

    it('tokens after a position change no bit of its logits', () => {
      const model = create(form);
      runtime.scope(() => {
        const logitsOf = (target: readonly number[]) =>
          model.forward(transformerBatch(runtime, [{ source: [3, 4, 5], target }], base)).logits.toArray();
        const whole = logitsOf([3, 4, 5, 6, 7]);
        for (const length of [1, 2, 4]) {
          const prefix = logitsOf([3, 4, 5, 6, 7].slice(0, length));
          expect(whole.slice(0, prefix.length)).toEqual(prefix);
        }
      });
      model.dispose();
    });

    it('differentiates by each parameter as differences of the loss do', () => {
      // Differences across a ReLU's corner are no derivative.
      const model = create({ ...form, activation: 'gelu' });
      runtime.scope(() => {
        const batch = transformerBatch(runtime, pairs, base);
        const options = { labelSmoothing: 0.1 };
        const { gradients } = runtime.gradients(() => model.loss(batch, options), model.parameters());
        const loss = () => runtime.scope(() => model.loss(batch, options).item());
        for (const [name, parameter] of model.parameters()) {
          const values = parameter.toFloat32Array();
          const gradient = gradients.get(name)!.toFloat32Array();
          // Along the gradient itself the loss changes fastest: by its norm.
          const norm = Math.hypot(...gradient);
          if (norm < 1e-3) continue;
          const step = 3e-3;
          const at = (sign: number) => {
            parameter.set(values.map((value, i) => value + (sign * step * gradient[i]!) / norm));
            return loss();
          };
          const difference = (at(1) - at(-1)) / (2 * step);
          parameter.set(values);
          // The loss, about 2, is known to 3e-6 or so, which the step's length magnifies; the third derivative adds little.
          expect(Math.abs(difference - norm), name).toBeLessThan(1e-2 * norm + 5e-4);
        }
      });
      model.dispose();
    });

    it('loads what its parameters were stored as, tied ones once; frees all', () => {
      const before = runtime.memory.usedBytes;
      const config = { ...base, ...form };
      const model = create(form);
      const stored = Object.fromEntries(
        [...model.parameters()].map(([name, tensor]) => [
          `m.${name}`,
          fromFloat32(tensor.toFloat32Array(), tensor.shape, 'F32'),
        ]),
      );
      const tables = Object.keys(stored).filter((name) => /embedding|out\.weight|positions/.test(name));
      const expected = {
        none: ['src_embedding.weight', 'tgt_embedding.weight', 'out.weight'],
        target: [
          'src_embedding.weight',
          'tgt_embedding.weight',
          'src_positions.weight',
          'tgt_positions.weight',
        ],
        all: ['embedding.weight'],
      }[form.tiedEmbeddings!];
      expect(tables.sort()).toEqual(expected.map((name) => `m.${name}`).sort());
      expect(new Set([...model.parameters().values()].map(({ storage }) => storage)).size).toBe(
        model.parameters().size,
      );
      const loaded = TransformerSeq2Seq.load(runtime, sourceOf(stored), config, { prefix: 'm.' });
      runtime.scope(() => {
        const batch = transformerBatch(runtime, pairs, base);
        expect(loaded.loss(batch).item()).toBe(model.loss(batch).item());
      });
      loaded.dispose();
      model.dispose();
      const { 'm.out.bias': _, ...rest } = stored;
      expect(() => TransformerSeq2Seq.load(runtime, sourceOf(rest), config, { prefix: 'm.' })).toThrow(
        new FormatError('weights: m.out.bias is missing (expected shape [9])'),
      );
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });

  it("returns every layer's attention, by head or their mean", () => {
    using model = create({ decoderLayers: 1 });
    runtime.scope(() => {
      const batch = transformerBatch(runtime, pairs, base);
      const { encoderWeights, selfWeights, crossWeights } = model.forward(batch, {
        returnWeights: 'per-head',
      });
      const shapes = (maps?: readonly Tensor[]) => maps?.map(({ shape }) => shape);
      expect(shapes(encoderWeights)).toEqual(new Array(2).fill([4, 3, 4, 4]));
      expect(shapes(selfWeights)).toEqual([[4, 3, 4, 4]]);
      expect(shapes(crossWeights)).toEqual([[4, 3, 4, 4]]);
      expect(model.forward(batch).crossWeights).toBeUndefined();
    });
  });

  it('decodes a thousand steps in the memory of the first ones', () => {
    using model = create();
    const decode = () => greedyDecode(model.stepModel([[3, 4], [5]]), 10);
    const first = decode();
    const used = runtime.memory.usedBytes;
    for (let i = 0; i < 100; i++) expect(decode()).toEqual(first);
    expect(runtime.memory.usedBytes).toBe(used);
  });

  it('sources of no length at all, and no sources', () => {
    using model = create();
    const [only] = greedyDecode(model.stepModel([[]]), 3);
    expect(only!.attention.every((row) => row.length === 0)).toBe(true);
    expect(Number.isFinite(only!.logProbability)).toBe(true);
    expect(greedyDecode(model.stepModel([]), 3)).toEqual([]);
  });

  it('refuses configurations that do not fit, and leaks nothing', () => {
    const before = runtime.memory.usedBytes;
    for (const [form, message] of [
      [{ heads: 5 }, 'multiHeadAttention: heads must divide modelSize 12, got 5'],
      [{ decoderLayers: 0 }, 'transformer: decoderLayers must be a positive integer, got 0'],
      [{ maxLength: 0 }, 'transformerSeq2Seq: maxLength must be a positive integer, got 0'],
      [{ dropout: -1 }, 'transformerEncoderLayer: dropout must lie in [0, 1), got -1'],
      [
        { tiedEmbeddings: 'all', sourceVocabulary: 8 },
        'transformerSeq2Seq: all embeddings can be tied only within one vocabulary, got 8 and 9',
      ],
      [
        { tiedEmbeddings: 'some' as 'all' },
        'transformerSeq2Seq: tiedEmbeddings must be none, target or all, got some',
      ],
      [
        { positions: 'rotary' as 'learned' },
        'transformerSeq2Seq: positions must be sinusoidal or learned, got rotary',
      ],
    ] as const) {
      expect(() => create(form)).toThrow(new ArgumentError(message));
    }
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('refuses unknown tokens, long sequences and wrong lengths, and frees what it had begun', () => {
    using model = create({ positions: 'learned' });
    const before = runtime.memory.usedBytes;
    expect(() => greedyDecode(model.stepModel([[3], [9]]), 3)).toThrow(
      new ArgumentError('embedding: ids must lie in 0..8, got 9 at index 1'),
    );
    expect(() => greedyDecode(model.stepModel([new Array<number>(13).fill(3)]), 3)).toThrow(
      new ArgumentError('addPositions: positions must lie in 0..11, got 13 of them from 0 on'),
    );
    // Never the end: all the room is written full, and then some.
    const bias = model.parameters().get('out.bias')!;
    bias.set(bias.toArray().map((_, id) => (id === base.endId ? -100 : 0)));
    expect(greedyDecode(model.stepModel([[3]]), 12)[0]!.ids.length).toBe(12);
    const packed = runtime.memory.usedBytes;
    expect(() => greedyDecode(model.stepModel([[3]]), 13)).toThrow(
      new ArgumentError('addPositions: positions must lie in 0..11, got 1 of them from 12 on'),
    );
    expect(runtime.memory.usedBytes).toBe(packed);
    expect(packed).toBeGreaterThanOrEqual(before);
    runtime.scope(() => {
      const batch = transformerBatch(runtime, pairs, base);
      const lengths = Tensor.from(runtime, [5, 1, 3, 0], [4], 'i32');
      expect(() => model.loss({ ...batch, sourceLengths: lengths })).toThrow(
        new ArgumentError('attention: lengths must lie in 0..4, got 5 at index 0'),
      );
      expect(() => model.loss({ ...batch, targetInput: batch.targetInput.slice(0, 2) })).toThrow(ShapeError);
      expect(() => model.forward({ ...batch, source: batch.source.at(0) })).toThrow(ShapeError);
    });
  });
});
