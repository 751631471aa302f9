/** The masked language model: what is seen, filled masks, files, memory, bad input. */
import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError, FormatError, ShapeError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { padRows } from '../../src/models/idRows.ts';
import type { MaskedLanguageModelConfig } from '../../src/models/maskedLanguage/config.ts';
import { MaskedLanguageModel } from '../../src/models/maskedLanguage/model.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { maskTokens } from '../../src/train/masking.ts';
import { expectClose } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

const MASK = 1;
const base = {
  vocabulary: 9,
  modelSize: 12,
  heads: 3,
  feedForwardSize: 16,
  layers: 2,
  maxLength: 10,
  maskId: MASK,
} as const;
/** Additions behind a logit or a loss, about. */
const TERMS = 1000;

const forms: Partial<MaskedLanguageModelConfig>[] = [
  {},
  { positions: 'sinusoidal', normFirst: true, tiedEmbeddings: false },
  { normFirst: true, finalNorm: false, activation: 'relu', scaleEmbeddings: true },
];

const rows = [
  [3, 4, 5, 8, 7],
  [6, 2],
  [7, 7, 3],
];

describe.each(variants)('MaskedLanguageModel, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const create = (form: Partial<MaskedLanguageModelConfig> = {}) =>
    MaskedLanguageModel.create(runtime, { ...base, ...form }, new Random(3));
  const ids = (...values: (readonly number[])[]) =>
    Tensor.from(runtime, values.flat(), [values.length, values[0]!.length], 'i32');
  const integers = (...values: number[]) => Tensor.from(runtime, values, [values.length], 'i32');
  /** The rows padded with 0 and masked: about half of their tokens. */
  const maskedBatch = () => {
    const padded = padRows(rows, 0);
    const { input, targets } = maskTokens(padded.ids, {
      ...{ vocabulary: base.vocabulary, maskId: MASK, special: [0], share: 0.5, random: new Random(8) },
    });
    const tensor = (values: Int32Array) => Tensor.from(runtime, values, [rows.length, 5], 'i32');
    return { input: tensor(input), targets: tensor(targets), lengths: integers(...padded.lengths) };
  };

  describe.each(forms)('%o', (form) => {
    it('what stands in the padding changes no bit of logits, loss and gradients', () => {
      using model = create(form);
      runtime.scope(() => {
        const batch = maskedBatch();
        const lengths = batch.lengths.toArray();
        const garbage = batch.input
          .toArray()
          .map((id, i) => (i % 5 >= lengths[Math.floor(i / 5)]! ? random.integer(1, 8) : id));
        const other = { ...batch, input: Tensor.from(runtime, garbage, [3, 5], 'i32') };
        expect(other.input.toArray()).not.toEqual(batch.input.toArray());
        const logitsOf = ({ input }: typeof batch, row: number) =>
          model.forward(input, { lengths: batch.lengths }).logits.at(row).slice(0, lengths[row]!).toArray();
        lengths.forEach((length, row) => {
          expect(logitsOf(other, row)).toEqual(logitsOf(batch, row));
          const alone = model.forward(ids([...batch.input.at(row).toArray()].slice(0, length)));
          expectClose(logitsOf(batch, row), alone.logits.toArray(), `row ${row}`, TERMS);
        });
        const [plain, noisy] = [batch, other].map((each) =>
          runtime.gradients(() => model.loss(each), model.parameters()),
        ) as [ReturnType<typeof runtime.gradients>, ReturnType<typeof runtime.gradients>];
        expect(noisy.loss).toBe(plain.loss);
        // -0 and 0 differ where garbage meets a gradient of 0.
        const bits = (tensor: Tensor) => tensor.toArray().map((value) => value + 0);
        for (const [name, gradient] of plain.gradients) {
          expect(bits(noisy.gradients.get(name)!), name).toEqual(bits(gradient));
        }
      });
    });

    it('the loss is the mean over what is hidden', () => {
      using model = create(form);
      runtime.scope(() => {
        const batch = maskedBatch();
        const targets = batch.targets.toArray();
        const logits = model.forward(batch.input, { lengths: batch.lengths }).logits.toArray();
        const losses = [...targets].flatMap((target, i) => {
          if (target === -100) return [];
          const own = [...logits.slice(i * base.vocabulary, (i + 1) * base.vocabulary)];
          return [Math.log(own.reduce((sum, logit) => sum + Math.exp(logit), 0)) - own[target]!];
        });
        expect(losses.length).toBeGreaterThan(1);
        const total = losses.reduce((a, b) => a + b);
        expectClose([model.loss(batch).item()], [total / losses.length], 'loss', TERMS);
        expectClose([model.loss(batch, { divisor: 7 }).item()], [total / 7], 'divided by 7', TERMS);
        expect(
          model.loss({ ...batch, targets: ids(...rows.map(() => new Array(5).fill(-100))) }).item(),
        ).toBeNaN();
      });
    });

    it('differentiates by each parameter as differences of the loss do', () => {
      // Differences across a ReLU's corner are no derivative.
      using model = create({ ...form, activation: 'gelu' });
      runtime.scope(() => {
        const batch = maskedBatch();
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
      const { tiedEmbeddings = true, positions = 'learned' } = form;
      expect(model.parameters().has('out.weight')).toBe(!tiedEmbeddings);
      expect(model.parameters().has('positions.weight')).toBe(positions === 'learned');
      const tensors = [...model.parameters()].map(
        ([name, tensor]) => [`m.${name}`, fromFloat32(tensor.toFloat32Array(), tensor.shape, 'F32')] as const,
      );
      const weights = readSafetensors(writeSafetensors(Object.fromEntries(tensors)));
      const loaded = MaskedLanguageModel.load(runtime, weights, config, { prefix: 'm.' });
      runtime.scope(() => {
        expect(loaded.loss(maskedBatch()).item()).toBe(model.loss(maskedBatch()).item());
      });
      expect(loaded.fillMask([[3, MASK]])).toEqual(model.fillMask([[3, MASK]]));
      loaded.dispose();
      const fewer = readSafetensors(writeSafetensors(Object.fromEntries(tensors.slice(1))));
      expect(() => MaskedLanguageModel.load(runtime, fewer, config, { prefix: 'm.' })).toThrow(
        new FormatError('weights: m.embedding.weight is missing (expected shape [9, 12])'),
      );
      model.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });

  it('sees both sides: a token changes what is told before and behind it', () => {
    using model = create();
    const best = (before: number, behind: number) => model.fillMask([[before, MASK, behind]])[0]![0]!;
    const probabilities = [best(3, 5), best(4, 5), best(3, 6)].map(
      ({ candidates }) => candidates[0]!.probability,
    );
    expect(new Set(probabilities).size).toBe(3);
  });

  it('fills each mask of each row with the most probable tokens, and tells where it looked', () => {
    using model = create();
    const filled = model.fillMask(
      [
        [3, MASK, 5, MASK],
        [MASK, 6],
      ],
      { topK: 9, returnWeights: true },
    );
    expect(filled.map((masks) => masks.map(({ position }) => position))).toEqual([[1, 3], [0]]);
    expect(filled.map((masks) => masks.map(({ weights }) => weights!.length))).toEqual([[4, 4], [2]]);
    runtime.scope(() => {
      const { logits, weights } = model.forward(ids([3, MASK, 5, MASK], [MASK, 6, 0, 0]), {
        lengths: integers(4, 2),
        returnWeights: 'mean',
      });
      filled.forEach((masks, row) => {
        for (const { position, candidates, weights: looked } of masks) {
          const own = [...logits.at(row).at(position).toArray()].map(Math.exp);
          const total = own.reduce((a, b) => a + b);
          expect(candidates.map(({ id }) => id).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
          expectClose(
            candidates.map(({ probability }) => probability),
            candidates.map(({ id }) => own[id]! / total),
            'probabilities',
            TERMS,
          );
          expect(
            candidates.every(
              ({ probability }, i) => i === 0 || probability <= candidates[i - 1]!.probability,
            ),
          ).toBe(true);
          expect(looked).toEqual(
            weights!.at(-1)!.at(row).at(position).toFloat32Array().slice(0, looked!.length),
          );
          expectClose([looked!.reduce((a, b) => a + b)], [1], 'sum of the weights');
        }
      });
    });
    const [first] = model.fillMask([[MASK]])[0]!;
    expect([first!.candidates.length, 'weights' in first!]).toEqual([5, false]);
    expect(model.fillMask([])).toEqual([]);
    using small = MaskedLanguageModel.create(runtime, { ...base, vocabulary: 3 }, new Random(1));
    expect(small.fillMask([[MASK]])[0]![0]!.candidates.length).toBe(3);
  });

  it('returns the weights of every layer, by head or their mean', () => {
    using model = create();
    runtime.scope(() => {
      const input = ids([3, 4, 5], [6, 7, 8]);
      const shapes = (maps?: readonly Tensor[]) => maps?.map(({ shape }) => shape);
      expect(shapes(model.forward(input, { returnWeights: 'mean' }).weights)).toEqual(
        new Array(2).fill([2, 3, 3]),
      );
      expect(shapes(model.forward(input, { returnWeights: 'per-head' }).weights)).toEqual(
        new Array(2).fill([2, 3, 3, 3]),
      );
      expect(model.forward(input).weights).toBeUndefined();
    });
  });

  it('fills a hundred masks, and trains a thousand steps, in the memory of the first ones', () => {
    using model = create({ layers: 1 });
    const fill = () => model.fillMask([[3, MASK, 4], [MASK]]);
    const first = fill();
    const used = runtime.memory.usedBytes;
    for (let i = 0; i < 100; i++) expect(fill()).toEqual(first);
    expect(runtime.memory.usedBytes).toBe(used);
    const step = () => {
      runtime.scope(() => {
        runtime.gradients(() => model.loss(maskedBatch()), model.parameters());
      });
    };
    step();
    const trained = runtime.memory.usedBytes;
    for (let i = 0; i < 1000; i++) step();
    expect(runtime.memory.usedBytes).toBe(trained);
  });

  it('refuses rows, batches and configurations that do not fit, and leaks nothing', () => {
    const before = runtime.memory.usedBytes;
    for (const [form, message] of [
      [{ heads: 5 }, 'multiHeadAttention: heads must divide modelSize 12, got 5'],
      [{ layers: 0 }, 'transformer: layers must be a positive integer, got 0'],
      [{ vocabulary: 0 }, 'maskedLanguageModel: vocabulary must be a positive integer, got 0'],
      [{ maxLength: 1.5 }, 'maskedLanguageModel: maxLength must be a positive integer, got 1.5'],
      [{ dropout: -1 }, 'transformerEncoderLayer: dropout must lie in [0, 1), got -1'],
      [{ maskId: 9 }, 'maskedLanguageModel: maskId must lie in 0..8, got 9'],
      [
        { positions: 'rotary' as 'learned' },
        'maskedLanguageModel: positions must be sinusoidal or learned, got rotary',
      ],
    ] as const) {
      expect(() => create(form)).toThrow(new ArgumentError(message));
    }
    expect(runtime.memory.usedBytes).toBe(before);
    using model = create();
    // Packs the weights.
    model.fillMask([[MASK]]);
    const used = runtime.memory.usedBytes;
    for (const [row, options, message] of [
      [[3, 4], {}, 'fillMask: ids[1] must hold the mask 1'],
      [[], {}, 'fillMask: ids[1] must hold the mask 1'],
      [[MASK, 9], {}, 'fillMask: ids[1][1] must lie in 0..8, got 9'],
      [[-1, MASK], {}, 'fillMask: ids[1][0] must lie in 0..8, got -1'],
      [[0.5, MASK], {}, 'fillMask: ids[1][0] must lie in 0..8, got 0.5'],
      [new Array<number>(11).fill(MASK), {}, 'fillMask: ids[1] has 11 positions, at most 10 fit'],
      [[MASK], { topK: 0 }, 'fillMask: topK must lie in 1..9, got 0'],
      [[MASK], { topK: 10 }, 'fillMask: topK must lie in 1..9, got 10'],
    ] as const) {
      expect(() => model.fillMask([[MASK, 3], row], options)).toThrow(new ArgumentError(message));
    }
    runtime.scope(() => {
      expect(() => model.forward(ids([3, 9]))).toThrow(
        new ArgumentError('embedding: ids must lie in 0..8, got 9 at index 1'),
      );
      expect(() => model.forward(ids(new Array<number>(11).fill(3)))).toThrow(
        new ArgumentError('maskedLanguageModel: sequences have at most 10 positions, got 11'),
      );
      expect(() => model.forward(ids([3, 4]), { lengths: integers(3) })).toThrow(
        new ArgumentError('maskedLanguageModel: lengths must lie in 0..2, got 3 at index 0'),
      );
      expect(() => model.forward(ids([3, 4]), { lengths: integers(1, 1) })).toThrow(ShapeError);
      expect(() => model.forward(ids([3, 4]).at(0))).toThrow(ShapeError);
      expect(() => model.forward(Tensor.zeros(runtime, [1, 2]))).toThrow(DTypeError);
      expect(() => model.loss({ input: ids([3, 4]), targets: ids([3]) })).toThrow(ShapeError);
      expect(() => model.loss({ input: ids([3, 4]), targets: ids([3, 9]) })).toThrow(ArgumentError);
    });
    expect(runtime.memory.usedBytes).toBe(used);
  });
});
