import { describe, expect, it } from 'vitest';
import { beamSearch } from '../../src/decode/beam.ts';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { ArgumentError, FormatError, ShapeError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { captionBatch } from '../../src/models/captioner/batch.ts';
import type { CaptionerConfig } from '../../src/models/captioner/config.ts';
import { Captioner } from '../../src/models/captioner/model.ts';
import { add } from '../../src/ops/elementwise.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { reinforce } from '../../src/train/reinforce.ts';
import { captionCost, tell } from '../reference/captioner.ts';
import { expectClose } from '../support/gradientCheck.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/sourceOf.ts';

const soft: CaptionerConfig = {
  channels: 2,
  height: 7,
  width: 9,
  blocks: [{ channels: 3 }, { channels: 5, pool: 1 }],
  vocabulary: 7,
  embeddingSize: 4,
  decoderHidden: 6,
  attentionSize: 5,
  paddingId: 0,
  startId: 1,
  endId: 2,
};
const hard: CaptionerConfig = { ...soft, choice: 'hard' };
const sizes = {
  channels: 2,
  height: 7,
  width: 9,
  blocks: [
    [3, 2],
    [5, 1],
  ],
  vocabulary: 7,
  hidden: 6,
} as const;
const captions = [[3, 4, 5], [6], [], [5, 5]];

describe.each(variants)('Captioner, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const size = 2 * 7 * 9;
  const pixels = random.normals(captions.length * size);
  const imagesOf = (rows: readonly number[]): Tensor =>
    Tensor.from(
      runtime,
      rows.flatMap((row) => [...pixels.subarray(row * size, (row + 1) * size)]),
      [rows.length, 2, 7, 9],
    );
  const batchOf = (rows: readonly number[]) =>
    captionBatch(
      runtime,
      imagesOf(rows),
      rows.map((row) => captions[row]!),
      soft,
    );
  const all = captions.map((_, row) => row);
  const create = (config: CaptionerConfig): Captioner => Captioner.create(runtime, config, new Random(5));
  const valuesOf = (model: Captioner) =>
    new Map([...model.parameters()].map(([name, tensor]) => [name, Float64Array.from(tensor.toArray())]));
  const imageOf = (row: number) => pixels.subarray(row * size, (row + 1) * size);

  it.each([
    ['soft', soft],
    ['hard', hard],
  ] as const)('%s: logits and attention are those of the equations', (choice, config) => {
    using model = create(config);
    expect(model.gridSize).toEqual({ rows: 3, columns: 4 });
    const values = valuesOf(model);
    runtime.scope(() => {
      const { logits, weights } = model.forward(batchOf(all));
      expect(logits.shape).toEqual([4, 4, 7]);
      expect(weights.shape).toEqual([4, 4, 12]);
      captions.forEach((caption, row) => {
        const expected = tell(values, sizes, imageOf(row), [1, ...caption], choice === 'hard');
        expected.logits.forEach((each, t) => {
          expectClose(logits.at(t).at(row).toArray(), each, `logits ${t} of ${row}`, 200);
          expectClose(weights.at(t).at(row).toArray(), expected.alphas[t]!, `attention ${t} of ${row}`, 200);
        });
      });
    });
  });

  it.each([0, 0.7])('the loss and its gradients, lambda %d', (coverage) => {
    using model = create(soft);
    const values = valuesOf(model);
    const cost = (parameters: ReadonlyMap<string, ArrayLike<number>>): number =>
      all.reduce((sum, row) => {
        const told = tell(parameters, sizes, imageOf(row), [1, ...captions[row]!]);
        return sum + captionCost(told, [...captions[row]!, 2], coverage) / all.length;
      }, 0);
    runtime.scope(() => {
      const { loss, gradients } = runtime.gradients(
        () => model.loss(batchOf(all), { coverage }),
        model.parameters(),
      );
      expect(Math.abs(loss - cost(values))).toBeLessThan(1e-5 * loss);
      const evaluated = model.hardLoss(batchOf(all));
      expect([...evaluated.lengths]).toEqual([4, 2, 1, 3]);
      const told = all.map((row) =>
        captionCost(tell(values, sizes, imageOf(row), [1, ...captions[row]!]), [...captions[row]!, 2], 0),
      );
      expectClose(
        evaluated.logLikelihoods,
        told.map((each) => -each),
        'log-likelihoods',
        200,
      );
      for (const [name, gradient] of gradients) {
        const actual = gradient.toArray();
        const largest = Math.max(...actual.map(Math.abs));
        // Some of each parameter's elements: the reference is slow.
        for (let i = 0; i < actual.length; i += Math.ceil(actual.length / 5)) {
          const at = (shift: number): number => {
            const moved = values.get(name)!.slice();
            moved[i]! += shift;
            return cost(new Map(values).set(name, moved));
          };
          const difference = (at(1e-5) - at(-1e-5)) / 2e-5;
          expect(Math.abs(actual[i]! - difference), `${name}[${i}]`).toBeLessThan(1e-5 * (largest + 1));
        }
      }
    });
  });

  it('what stands in the padding changes nothing, nor does the batch', () => {
    using model = create(soft);
    runtime.scope(() => {
      const batch = batchOf(all);
      const plain = model.hardLoss(batch, { coverage: 1 });
      const padded = Float32Array.from(batch.targetInput.toArray(), (id) => (id === 0 ? 6 : id));
      const other = { ...batch, targetInput: Tensor.from(runtime, padded, batch.targetInput.shape, 'i32') };
      expect(model.hardLoss(other, { coverage: 1 }).loss.item()).toBe(plain.loss.item());
      for (const row of all) {
        const alone = model.hardLoss(batchOf([row]));
        expectClose(alone.logLikelihoods, [plain.logLikelihoods[row]!], `caption ${row}`, 200);
      }
    });
  });

  it.each([
    ['soft', soft],
    ['hard', hard],
  ] as const)('%s: decoding step by step is teacher forcing on what was written', (_, config) => {
    using model = create(config);
    // Its weights are packed when first used.
    runtime.scope(() => model.forward(batchOf(all)));
    const before = runtime.memory.usedBytes;
    runtime.scope(() => {
      for (const hypotheses of [
        greedyDecode(model.stepModel(imagesOf(all)), 5),
        beamSearch(model.stepModel(imagesOf(all)), { beam: 3, maxLength: 5 }).map(([best]) => best!),
      ]) {
        hypotheses.forEach(({ ids, attention, ended, logProbability }, row) => {
          expect(attention).toHaveLength(ids.length + (ended ? 1 : 0));
          const batch = captionBatch(runtime, imagesOf([row]), [[...ids]], soft);
          const { weights } = model.forward(batch);
          attention.forEach((each, t) => {
            expectClose(each, weights.at(t).toArray(), `attention ${t}`, 200);
          });
          if (ended) {
            expectClose(model.hardLoss(batch).logLikelihoods, [logProbability], 'log-probability', 200);
          }
        });
      }
    });
    expect(runtime.memory.usedBytes).toBe(before);
    runtime.scope(() => {
      expect(greedyDecode(model.stepModel(Tensor.zeros(runtime, [0, 2, 7, 9])), 5)).toEqual([]);
    });
  });

  it('hard: samples with a generator, and gives REINFORCE what it needs', () => {
    using model = create(hard);
    runtime.scope(() => {
      const batch = batchOf(all);
      const first = model.forward(batch, new Random(1));
      const again = model.forward(batch, new Random(1));
      const other = model.forward(batch, new Random(2));
      const choicesOf = ({ choices }: typeof first) => choices.flatMap(({ choice }) => [...choice.toArray()]);
      expect(choicesOf(first)).toEqual(choicesOf(again));
      expect(choicesOf(first)).not.toEqual(choicesOf(other));
      const evaluated = model.hardLoss(batch, { random: new Random(1) });
      expect(evaluated.logProbabilities).toHaveLength(4);
      first.choices.forEach(({ choice }, t) => {
        const chosen = Array.from(choice.toArray(), (place, row) =>
          Math.log(first.weights.at(t).at(row).toArray()[place]!),
        );
        expectClose(evaluated.logProbabilities[t]!.toArray(), chosen, `log-probabilities ${t}`, 200);
      });
      // The loss alone has nothing to tell the scores; REINFORCE has.
      const teach = (on: boolean) =>
        runtime.gradients(() => {
          const { loss, logLikelihoods, ...rest } = model.hardLoss(batch, { random: new Random(1) });
          return on ? add(loss, reinforce({ ...rest, rewards: logLikelihoods, baseline: -5 })) : loss;
        }, model.parameters()).gradients;
      expect(
        teach(false)
          .get('attn_v.weight')!
          .toArray()
          .every((value) => value === 0),
      ).toBe(true);
      expect(
        teach(true)
          .get('attn_v.weight')!
          .toArray()
          .some((value) => value !== 0),
      ).toBe(true);
    });
  });

  it('stores and loads its parameters by name; soft ones serve hard attention', () => {
    using model = create(soft);
    const stored = Object.fromEntries(
      [...model.parameters()].map(([name, tensor]) => [
        name,
        fromFloat32(tensor.toFloat32Array(), tensor.shape, 'F32'),
      ]),
    );
    expect(Object.keys(stored).sort()).toEqual(
      [
        ...['0', '1'].flatMap((i) => [`encoder.${i}.weight`, `encoder.${i}.bias`]),
        ...['init_h', 'init_c', 'beta', 'out'].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
        ...['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((name) => `cell.${name}`),
        ...['q', 'k', 'v'].map((name) => `attn_${name}.weight`),
        'embedding.weight',
        'out_h.weight',
        'out_z.weight',
      ].sort(),
    );
    for (const config of [soft, hard]) {
      using loaded = Captioner.load(runtime, sourceOf(stored), config);
      runtime.scope(() => {
        const [ours, theirs] = [model, loaded].map((each) => each.forward(batchOf([0])).weights.at(0));
        expect(theirs!.toArray()).toEqual(ours!.toArray());
      });
    }
    const before = runtime.memory.usedBytes;
    const { 'beta.bias': _, ...missing } = stored;
    expect(() => Captioner.load(runtime, sourceOf(missing), soft)).toThrow(
      new FormatError(['weights: beta.bias is missing (expected shape [1])']),
    );
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('trains and decodes without a trace in memory, and frees everything', () => {
    const empty = runtime.memory.usedBytes;
    {
      using model = create(hard);
      const round = () =>
        runtime.scope(() => {
          runtime.gradients(() => model.loss(batchOf(all), { coverage: 1 }), model.parameters());
          greedyDecode(model.stepModel(imagesOf(all)), 4);
        });
      round();
      const before = runtime.memory.usedBytes;
      round();
      expect(runtime.memory.usedBytes).toBe(before);
    }
    expect(runtime.memory.usedBytes).toBe(empty);
  });

  it('refuses what does not fit', () => {
    const before = runtime.memory.usedBytes;
    const refuse = (config: Partial<CaptionerConfig>, error: Error): void => {
      expect(() => create({ ...soft, ...config })).toThrow(error);
    };
    refuse({ blocks: [] }, new ArgumentError('Captioner: blocks must hold one block or more, got none'));
    refuse(
      { blocks: [{ channels: 2, pool: 0 }] },
      new ArgumentError('Captioner: pool must be a positive integer, got 0'),
    );
    refuse(
      { blocks: [{ channels: 2, pool: 8 }] },
      new ArgumentError("Captioner: images of 7 x 9 are too small for the blocks' pooling: nothing is left"),
    );
    refuse(
      { choice: 'firm' as 'hard' },
      new ArgumentError('attention: choice must be soft or hard, got firm'),
    );
    using model = create(soft);
    runtime.scope(() => {
      const wrong = Tensor.zeros(runtime, [1, 2, 9, 7]);
      expect(() => model.encode(wrong)).toThrow(
        new ShapeError('Captioner.encode: images must be [*, 2, 7, 9], got [1, 2, 9, 7]'),
      );
      expect(() => model.stepModel(wrong)).toThrow(ShapeError);
      const { images, targetInput } = batchOf([0, 1]);
      expect(() => model.forward({ images: imagesOf([0]), targetInput })).toThrow(
        new ShapeError('Captioner.forward: targetInput must be [*, 1], got [4, 2]'),
      );
      const unknown = Tensor.from(runtime, [1, 7], [1, 2], 'i32');
      expect(() => model.forward({ images, targetInput: unknown })).toThrow(ArgumentError);
      expect(() => model.loss({ images, targetInput, targetOutput: unknown })).toThrow(
        new ShapeError('Captioner.loss: targetOutput must be [4, 2], got [1, 2]'),
      );
    });
    model.dispose();
    expect(runtime.memory.usedBytes).toBe(before);
  });
});
