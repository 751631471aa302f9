import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { pairBatch } from '../../src/models/seq2seq/batch.ts';
import type { Seq2SeqConfig } from '../../src/models/seq2seq/config.ts';
import { Seq2Seq } from '../../src/models/seq2seq/model.ts';
import { Random } from '../../src/tensor/random.ts';
import { hardAttentionLoss } from '../../src/train/hardAttention.ts';
import { MovingBaseline } from '../../src/train/reinforce.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

const ids = { paddingId: 0, startId: 1, endId: 2 } as const;
const base = {
  sourceVocabulary: 7,
  targetVocabulary: 6,
  embeddingSize: 4,
  encoderHidden: 5,
  encoderLayers: 1,
  decoderHidden: 6,
  cell: 'gru',
  score: 'additive',
  choice: 'hard',
  ...ids,
} as const;

/** Of sources of two letters: says which of both each of its draws falls on. */
class Script extends Random {
  readonly #choices: readonly number[];
  #drawn = 0;

  constructor(choices: readonly number[]) {
    super(0);
    this.#choices = choices;
  }

  override uniform(): number {
    return this.#choices[this.#drawn++]! === 0 ? 0 : 1 - 2 ** -24;
  }
}

/** All ways to choose one of two positions at each of three steps. */
const scripts = Array.from({ length: 8 }, (_, i) => [i & 1, (i >> 1) & 1, (i >> 2) & 1]);

describe.each(variants)('hardAttentionLoss, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const pairs = [{ source: [3, 4], target: [3, 5] }];

  /** Of each script: its probability, and -log p(y | choices). */
  function outcomes(model: Seq2Seq): { probability: number; loss: number }[] {
    return runtime.scope(() =>
      scripts.map((script) => {
        const batch = pairBatch(runtime, pairs, ids);
        const options = () => ({ random: new Script(script) });
        const { choices } = model.forward(batch, options());
        expect(choices.map(({ choice }) => choice.item())).toEqual(script);
        const { logProbabilities, logLikelihoods, loss, lengths } = model.hardLoss(batch, options());
        expect([...lengths]).toEqual([3]);
        expect(loss.item()).toBeCloseTo(-logLikelihoods[0]!, 5);
        const logarithm = logProbabilities.reduce((sum, each) => sum + each.item(), 0);
        return { probability: Math.exp(logarithm), loss: -logLikelihoods[0]! };
      }),
    );
  }

  it.each(['luong', 'bahdanau'] as const)(
    'has on average the gradient of the expected loss: %s',
    (decoder) => {
      const model = Seq2Seq.create(runtime, { ...base, decoder }, new Random(4));
      const parameters = model.parameters();
      const random = seededRandom(testSeed());
      const direction = new Map([...parameters].map(([name, { size }]) => [name, random.normals(size)]));
      const expectedLoss = (): number =>
        outcomes(model).reduce((sum, { probability, loss }) => sum + probability * loss, 0);
      const total = outcomes(model).reduce((sum, { probability }) => sum + probability, 0);
      expect(Math.abs(total - 1)).toBeLessThan(1e-5);

      for (const baseline of [0, -3]) {
        // The estimate of each script, weighed by its probability, along one direction.
        let slope = 0;
        outcomes(model).forEach(({ probability }, i) => {
          runtime.scope(() => {
            const { gradients } = runtime.gradients(
              () =>
                hardAttentionLoss(
                  model.hardLoss(pairBatch(runtime, pairs, ids), { random: new Script(scripts[i]!) }),
                  { baseline: new MovingBaseline(0.9, baseline) },
                ),
              parameters,
            );
            for (const [name, gradient] of gradients) {
              const along = direction.get(name)!;
              gradient.toFloat32Array().forEach((value, j) => {
                slope += probability * value * along[j]!;
              });
            }
          });
        });
        // Sums of single precision: 1e-6 / step, beside the curvature's step^2.
        const step = 2e-3;
        const start = new Map([...parameters].map(([name, tensor]) => [name, tensor.toFloat32Array()]));
        const moved = (sign: number): number => {
          for (const [name, tensor] of parameters) {
            const along = direction.get(name)!;
            tensor.set(start.get(name)!.map((value, j) => value + sign * step * along[j]!));
          }
          return expectedLoss();
        };
        const difference = (moved(1) - moved(-1)) / (2 * step);
        for (const [name, tensor] of parameters) tensor.set(start.get(name)!);
        expect(Math.abs(slope - difference)).toBeLessThan(5e-3 * Math.max(1, Math.abs(difference)));
      }
      model.dispose();
    },
  );

  it('compares the rewards with the baseline, and then moves it to them', () => {
    const model = Seq2Seq.create(runtime, base, new Random(4));
    runtime.scope(() => {
      const batch = pairBatch(runtime, [...pairs, { source: [5], target: [4] }], ids);
      const cost = model.hardLoss(batch, { random: new Random(6) });
      const baseline = new MovingBaseline(0.5, -1);
      hardAttentionLoss(cost, { baseline });
      const [first, second] = cost.logLikelihoods as unknown as [number, number];
      expect(baseline.value).toBeCloseTo(0.5 * -1 + 0.5 * ((first + second) / 2), 12);
    });
    model.dispose();
  });

  it('gives each item its own likelihood, and padding none', () => {
    const model = Seq2Seq.create(runtime, base, new Random(4));
    runtime.scope(() => {
      const both = [...pairs, { source: [5, 6, 6], target: [4] }];
      const batch = pairBatch(runtime, both, ids);
      const { loss, logLikelihoods, lengths, entropies } = model.hardLoss(batch, {});
      expect([...lengths]).toEqual([3, 2]);
      expect(entropies.map(({ shape }) => shape)).toEqual(new Array(3).fill([2, 1]));
      both.forEach((each, item) => {
        const alone = model.hardLoss(pairBatch(runtime, [each], ids), {});
        expect(alone.logLikelihoods[0]).toBe(logLikelihoods[item]);
      });
      expect(2 * loss.item()).toBeCloseTo(model.loss(batch, { divisor: 1 }).item(), 5);
    });
    model.dispose();
  });

  it('refuses a model that makes no choices', () => {
    const soft: Seq2SeqConfig = { ...base, choice: 'soft' };
    const model = Seq2Seq.create(runtime, soft, new Random(4));
    runtime.scope(() => {
      const cost = model.hardLoss(pairBatch(runtime, pairs, ids), { random: new Random(1) });
      expect(() => hardAttentionLoss(cost, { baseline: new MovingBaseline() })).toThrow(
        new ArgumentError('hardAttentionLoss: the model made no choices: its attention must be hard'),
      );
    });
    model.dispose();
  });
});
