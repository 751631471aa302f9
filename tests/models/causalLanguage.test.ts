/** The causal language model: cached decoding, what is seen, files, memory, bad input. */
import { describe, expect, it } from 'vitest';
import { beamSearch } from '../../src/decode/beam.ts';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { sampleDecode } from '../../src/decode/sample.ts';
import type { Hypothesis, StepModel } from '../../src/decode/stepModel.ts';
import { ArgumentError, DTypeError, FormatError, ShapeError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { causalBatch } from '../../src/models/causalLanguage/batch.ts';
import type { CausalLanguageModelConfig } from '../../src/models/causalLanguage/config.ts';
import { CausalLanguageModel } from '../../src/models/causalLanguage/model.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { expectClose, tolerance } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

const base = {
  vocabulary: 9,
  modelSize: 12,
  heads: 3,
  feedForwardSize: 16,
  layers: 2,
  maxLength: 14,
  startId: 1,
  endId: 2,
} as const;
/** Additions behind a log-probability, about, over all tokens of a hypothesis. */
const TERMS = 1000;

const forms: Partial<CausalLanguageModelConfig>[] = [
  {},
  { positions: 'sinusoidal', normFirst: true, tiedEmbeddings: false },
  { normFirst: true, finalNorm: false, activation: 'relu', scaleEmbeddings: true },
];

/** Of different lengths, one of them none. */
const prompts = [[3, 4, 5, 8, 7], [6], [], [7, 7, 3]];

describe.each(variants)('CausalLanguageModel, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const create = (form: Partial<CausalLanguageModelConfig> = {}) =>
    CausalLanguageModel.create(runtime, { ...base, ...form }, new Random(3));

  /** The model without a cache: each step reads each row anew and alone. Its state is what the rows have read. */
  function uncached(model: CausalLanguageModel, texts: readonly (readonly number[])[]) {
    type State = readonly { readonly read: readonly number[]; readonly first?: readonly number[] }[];
    const stepModel: StepModel<State> = {
      ...{ items: texts.length, vocabulary: base.vocabulary, startId: 1, endId: 2 },
      start: () => texts.map((prompt) => ({ read: [], first: [base.startId, ...prompt] })),
      step: (state, previous) => {
        const rows = state.map(({ read, first }, i) => ({ read: [...read, ...(first ?? [previous[i]!])] }));
        const longest = Math.max(...rows.map(({ read }) => read.length));
        const results = rows.map(({ read }) =>
          runtime.scope(() => {
            const { logits, weights } = model.forward(Tensor.from(runtime, read, [1, read.length], 'i32'), {
              returnWeights: 'mean',
            });
            const last = [...logits.toFloat32Array().slice(-base.vocabulary)];
            const total = Math.log(last.reduce((sum, logit) => sum + Math.exp(logit), 0));
            const attention = [...weights!.at(-1)!.toFloat32Array().slice(-read.length)];
            return {
              logProbabilities: last.map((logit) => logit - total),
              attention: [...attention, ...new Array<number>(longest - read.length).fill(0)],
            };
          }),
        );
        return {
          state: rows,
          logProbabilities: Float32Array.from(results.flatMap(({ logProbabilities }) => logProbabilities)),
          attention: Float32Array.from(results.flatMap(({ attention }) => attention)),
        };
      },
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
    expect(actual.attention.map(({ length }) => length)).toEqual(
      expected.attention.map(({ length }) => length),
    );
    actual.attention.forEach((row, step) => {
      expected.attention[step]!.forEach((weight, i) => {
        expect(Math.abs(row[i]! - weight)).toBeLessThan(tolerance(1, TERMS));
      });
    });
  }

  describe.each(forms)('%o', (form) => {
    it('greedy, beam and sampled decoding with the cache give what full passes give', () => {
      const before = runtime.memory.usedBytes;
      const model = create(form);
      // So that some end before others.
      const bias = model.parameters().get('out.bias')!;
      bias.set(bias.toArray().map((_, id) => (id === base.endId ? 1 : 0)));
      // Each with the cache and without.
      const both = <Result>(decode: (stepModel: StepModel<never>) => Result): [Result, Result] => [
        decode(model.stepModel(prompts) as StepModel<never>),
        decode(uncached(model, prompts) as StepModel<never>),
      ];
      const [greedy, plainGreedy] = both((each) => greedyDecode(each, 8));
      greedy.forEach((hypothesis, i) => {
        expectSame(hypothesis, plainGreedy[i]!);
      });
      const options = { beam: 4, maxLength: 8, lengthPenalty: { kind: 'gnmt', alpha: 0.6 } } as const;
      const [beams, plainBeams] = both((each) => beamSearch(each, options));
      const [samples, plainSamples] = both((each) =>
        sampleDecode(each, { maxLength: 8, random: new Random(5), count: 3, temperature: 0.8, topK: 7 }),
      );
      prompts.forEach((_, i) => {
        expect([beams[i]!.length, samples[i]!.length]).toEqual([4, 3]);
        beams[i]!.forEach((hypothesis, k) => {
          expectSame(hypothesis, plainBeams[i]![k]!);
        });
        samples[i]!.forEach((hypothesis, k) => {
          expectSame(hypothesis, plainSamples[i]![k]!);
        });
      });
      expect(new Set(samples.flat().map(({ ids }) => ids.length)).size).toBeGreaterThan(1);
      model.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });

    it('tokens after a position, and padding, change no bit of its logits', () => {
      using model = create(form);
      runtime.scope(() => {
        const logitsOf = (...rows: number[][]) => {
          const ids = Tensor.from(runtime, rows.flat(), [rows.length, rows[0]!.length], 'i32');
          return model.forward(ids).logits.toArray();
        };
        const whole = logitsOf([1, 3, 4, 5, 6, 7]);
        for (const length of [2, 3, 5]) {
          const prefix = logitsOf([1, 3, 4, 5, 6, 7].slice(0, length));
          expect(whole.slice(0, prefix.length)).toEqual(prefix);
        }
        const [zeros, others] = [logitsOf([1, 3, 4, 0, 0, 0]), logitsOf([1, 3, 4, 8, 5, 3])];
        expect(zeros.slice(0, 3 * base.vocabulary)).toEqual(others.slice(0, 3 * base.vocabulary));
        expect(zeros).not.toEqual(others);
      });
    });

    it('the loss is the mean over real tokens, whatever stands in the padding', () => {
      using model = create(form);
      runtime.scope(() => {
        const rows = prompts.slice(0, 2);
        const { ids, lengths } = causalBatch(runtime, rows, base);
        expect(lengths!.toArray()).toEqual(Int32Array.from([7, 3]));
        const garbage = ids.toArray().map((id, i) => (i >= 7 + 3 ? random.integer(0, 8) : id));
        const lossOf = (values: ArrayLike<number>) =>
          runtime.gradients(
            () => model.loss({ ids: Tensor.from(runtime, values, ids.shape, 'i32'), lengths }),
            model.parameters(),
          );
        const [plain, other] = [lossOf(ids.toArray()), lossOf(garbage)];
        expect(other.loss).toBe(plain.loss);
        // -0 and 0 differ where garbage meets a gradient of 0.
        const bits = (tensor: Tensor) => tensor.toArray().map((value) => value + 0);
        for (const [name, gradient] of plain.gradients) {
          expect(bits(other.gradients.get(name)!), name).toEqual(bits(gradient));
        }
        const alone = rows.map((row) => model.loss(causalBatch(runtime, [row], base)).item());
        expectClose([plain.loss], [(6 * alone[0]! + 2 * alone[1]!) / 8], 'loss', TERMS);
        expect(model.loss({ ids: ids.slice(0, 1) }).item()).toBeCloseTo(alone[0]!, 6);
      });
    });

    it('differentiates by each parameter as differences of the loss do', () => {
      // Differences across a ReLU's corner are no derivative.
      using model = create({ ...form, activation: 'gelu' });
      runtime.scope(() => {
        const batch = causalBatch(runtime, prompts, base);
        const options = { labelSmoothing: 0.1 };
        const { gradients } = runtime.gradients(() => model.loss(batch, options), model.parameters());
        const loss = () => runtime.scope(() => model.loss(batch, options).item());
        let compared = 0;
        for (const [name, parameter] of model.parameters()) {
          const values = parameter.toFloat32Array();
          const gradient = gradients.get(name)!.toFloat32Array();
          // Along the gradient itself the loss changes fastest: by its norm.
          const norm = Math.hypot(...gradient);
          if (norm < 1e-3) continue;
          compared++;
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
        expect(compared).toBeGreaterThan(20);
      });
    });

    it('reads back from a file what it was, a tied matrix stored once; frees all', () => {
      const before = runtime.memory.usedBytes;
      const config = { ...base, ...form };
      const model = create(form);
      const names = [...model.parameters().keys()];
      const { tiedEmbeddings = true, positions = 'learned', normFirst = false, finalNorm = normFirst } = form;
      expect(names.filter((name) => !name.startsWith('encoder.layers.')).sort()).toEqual(
        [
          'embedding.weight',
          'out.bias',
          ...(tiedEmbeddings ? [] : ['out.weight']),
          ...(positions === 'learned' ? ['positions.weight'] : []),
          ...(finalNorm ? ['encoder.norm.weight', 'encoder.norm.bias'] : []),
        ].sort(),
      );
      const stored = (skipped?: string) =>
        readSafetensors(
          writeSafetensors(
            Object.fromEntries(
              [...model.parameters()]
                .filter(([name]) => name !== skipped)
                .map(([name, tensor]) => [
                  `m.${name}`,
                  fromFloat32(tensor.toFloat32Array(), tensor.shape, 'F32'),
                ]),
            ),
          ),
        );
      const loaded = CausalLanguageModel.load(runtime, stored(), config, { prefix: 'm.' });
      runtime.scope(() => {
        const batch = causalBatch(runtime, prompts, base);
        expect(loaded.loss(batch).item()).toBe(model.loss(batch).item());
      });
      expect(greedyDecode(loaded.stepModel(prompts), 5)).toEqual(greedyDecode(model.stepModel(prompts), 5));
      loaded.dispose();
      expect(() => CausalLanguageModel.load(runtime, stored('out.bias'), config, { prefix: 'm.' })).toThrow(
        new FormatError('weights: m.out.bias is missing (expected shape [9])'),
      );
      model.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });

  it("gives each token's attention to all that came before it, zeros behind shorter rows", () => {
    using model = create();
    const bias = model.parameters().get('out.bias')!;
    bias.set(bias.toArray().map((_, id) => (id === base.endId ? -100 : 0)));
    const [long, short] = greedyDecode(model.stepModel([[3, 4, 5], []]), 3) as [Hypothesis, Hypothesis];
    expect(long.attention.map(({ length }) => length)).toEqual([4, 5, 6]);
    expect(short.attention.map(({ length }) => length)).toEqual([4, 5, 6]);
    for (const [hypothesis, own] of [[long, 4] as const, [short, 1] as const]) {
      hypothesis.attention.forEach((row, step) => {
        expect(row.every((weight, i) => (i < own + step ? weight > 0 : weight === 0))).toBe(true);
        expectClose([row.reduce((a, b) => a + b)], [1], 'sum of the weights');
      });
    }
  });

  it('writes a hundred texts, and trains a thousand steps, in the memory of the first ones', () => {
    using model = create({ layers: 1 });
    const decode = () => greedyDecode(model.stepModel([[3, 4], [], [5]]), 10);
    const first = decode();
    const used = runtime.memory.usedBytes;
    for (let i = 0; i < 100; i++) expect(decode()).toEqual(first);
    expect(runtime.memory.usedBytes).toBe(used);
    const step = () => {
      runtime.scope(() => {
        runtime.gradients(() => model.loss(causalBatch(runtime, [[3], []], base)), model.parameters());
      });
    };
    step();
    const trained = runtime.memory.usedBytes;
    for (let i = 0; i < 1000; i++) step();
    expect(runtime.memory.usedBytes).toBe(trained);
  });

  it('takes no prompts, empty ones, and fills all the room there is', () => {
    using model = create();
    expect(greedyDecode(model.stepModel([]), 3)).toEqual([]);
    const bias = model.parameters().get('out.bias')!;
    bias.set(bias.toArray().map((_, id) => (id === base.endId ? -100 : 0)));
    const full = [new Array<number>(13).fill(3), new Array<number>(11).fill(3), []];
    const limits = full.map(({ length }) => base.maxLength - length);
    const lengths = greedyDecode(model.stepModel(full), limits).map(({ ids }) => ids.length);
    expect(lengths).toEqual([1, 3, 14]);
    const used = runtime.memory.usedBytes;
    expect(() => greedyDecode(model.stepModel([[3], []]), [13, 15])).toThrow(
      new ArgumentError('causalLanguageModel: sequences have at most 14 positions, got 15'),
    );
    expect(runtime.memory.usedBytes).toBe(used);
  });

  it('refuses prompts, batches and configurations that do not fit, and leaks nothing', () => {
    const before = runtime.memory.usedBytes;
    for (const [form, message] of [
      [{ heads: 5 }, 'multiHeadAttention: heads must divide modelSize 12, got 5'],
      [{ layers: 0 }, 'transformer: layers must be a positive integer, got 0'],
      [{ vocabulary: 0 }, 'causalLanguageModel: vocabulary must be a positive integer, got 0'],
      [{ maxLength: 1.5 }, 'causalLanguageModel: maxLength must be a positive integer, got 1.5'],
      [{ dropout: 1 }, 'transformerEncoderLayer: dropout must lie in [0, 1), got 1'],
      [{ startId: 9 }, 'causalLanguageModel: startId must lie in 0..8, got 9'],
      [{ endId: -1 }, 'causalLanguageModel: endId must lie in 0..8, got -1'],
      [
        { positions: 'rotary' as 'learned' },
        'causalLanguageModel: positions must be sinusoidal or learned, got rotary',
      ],
    ] as const) {
      expect(() => create(form)).toThrow(new ArgumentError(message));
    }
    expect(runtime.memory.usedBytes).toBe(before);
    const model = create();
    const used = runtime.memory.usedBytes;
    expect(() => model.stepModel([[3], [4, 9]])).toThrow(
      new ArgumentError('causalLanguageModel: prompts[1][1] must lie in 0..8, got 9'),
    );
    expect(() => model.stepModel([[0.5]])).toThrow(ArgumentError);
    expect(() => model.stepModel([new Array<number>(14).fill(3)])).toThrow(
      new ArgumentError('causalLanguageModel: prompts[0] must have fewer than maxLength 14 tokens, got 14'),
    );
    runtime.scope(() => {
      const ids = (rows: number[][]) =>
        Tensor.from(runtime, rows.flat(), [rows.length, rows[0]!.length], 'i32');
      expect(() => model.forward(ids([[1, 9]]))).toThrow(
        new ArgumentError('embedding: ids must lie in 0..8, got 9 at index 1'),
      );
      const long = ids([new Array<number>(15).fill(3)]);
      expect(() => model.forward(long)).toThrow(
        new ArgumentError('causalLanguageModel: sequences have at most 14 positions, got 15'),
      );
      expect(Number.isFinite(model.loss({ ids: long }).item())).toBe(true);
      expect(() => model.loss({ ids: ids([new Array<number>(16).fill(3)]) })).toThrow(ArgumentError);
      expect(() => model.loss({ ids: ids([[1, 3]]).at(0) })).toThrow(ShapeError);
      expect(() => model.loss({ ids: Tensor.zeros(runtime, [1, 3]) })).toThrow(DTypeError);
      const lengths = Tensor.from(runtime, [3], [1], 'i32');
      expect(() => model.loss({ ids: ids([[1, 3]]), lengths })).toThrow(
        new ArgumentError('causalLanguageModel: lengths must lie in 0..2, got 3 at index 0'),
      );
      expect(model.loss(causalBatch(runtime, [], base)).item()).toBeNaN();
      expect(() => model.start(ids([[1, 3]]), [3])).toThrow(ArgumentError);
      using cache = model.start(
        ids([
          [1, 3, 4],
          [1, 3, 4],
        ]),
        [3, 2],
      );
      expect(cache.lengths).toEqual([3, 2]);
      expect(() => model.step(Tensor.from(runtime, [3], [1], 'i32'), cache)).toThrow(ShapeError);
      expect(() => model.step(Tensor.from(runtime, [3, 9], [2], 'i32'), cache)).toThrow(ArgumentError);
      expect(cache.lengths).toEqual([3, 2]);
    });
    model.dispose();
    expect(runtime.memory.usedBytes).toBeLessThan(used);
    expect(runtime.memory.usedBytes).toBe(before);
  });
});
