import { describe, expect, it } from 'vitest';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { ArgumentError } from '../../src/errors.ts';
import { pairBatch } from '../../src/models/seq2seq/batch.ts';
import { Seq2Seq } from '../../src/models/seq2seq/model.ts';
import { tokenMixer } from '../../src/models/seq2seq/scheduledSampling.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

const ids = { paddingId: 0, startId: 1, endId: 2 } as const;
const config = {
  sourceVocabulary: 9,
  targetVocabulary: 7,
  embeddingSize: 5,
  encoderHidden: 6,
  encoderLayers: 1,
  decoderHidden: 8,
  decoder: 'bahdanau',
  cell: 'gru',
  ...ids,
} as const;

describe.each(variants)('scheduled sampling, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const create = (): Seq2Seq => Seq2Seq.create(runtime, config, new Random(3));
  const source = [3, 8, 4, 4];

  it('feeds only true tokens with probability 1, and draws nothing for it', () => {
    const model = create();
    runtime.scope(() => {
      const batch = pairBatch(runtime, [{ source, target: [3, 4, 5] }], ids);
      const random = new Random(5);
      const { logits } = model.forward(batch, { teacherForcing: 1, random });
      expect(logits.toArray()).toEqual(model.forward(batch).logits.toArray());
      expect(random.state).toBe(5);
    });
    model.dispose();
  });

  it('feeds what the model finds most probable with probability 0, as greedy decoding does', () => {
    const model = create();
    runtime.scope(() => {
      const [greedy] = greedyDecode(model.stepModel([source]), 6);
      const written = [...greedy!.ids, ...(greedy!.ended ? [2] : [])];
      const own = { teacherForcing: 0, prediction: 'most-probable', random: new Random(1) } as const;
      // The true tokens, which it is not to see but for the first.
      const other = written.map((id) => 3 + ((id + 1) % 4)).slice(0, -1);
      const free = model.forward(pairBatch(runtime, [{ source, target: other }], ids), own).logits;
      const rows = Array.from({ length: written.length }, (_, t) => [...free.at(t).toArray()]);
      expect(rows.map((row) => row.indexOf(Math.max(...row)))).toEqual(written);
    });
    model.dispose();
  });

  it('has the gradients of the tokens it fed, none through their choice', () => {
    const model = create();
    runtime.scope(() => {
      const batch = pairBatch(runtime, [{ source, target: [3, 4, 5, 6] }], ids);
      const own = { teacherForcing: 0, prediction: 'most-probable', random: new Random(1) } as const;
      const logits = model.forward(batch, own).logits;
      const fed = [1];
      for (let t = 0; t < 4; t++) {
        const row = [...logits.at(t).toArray()];
        fed.push(row.indexOf(Math.max(...row)));
      }
      const forced = { ...batch, targetInput: Tensor.from(runtime, fed, [5, 1], 'i32') };
      const free = runtime.gradients(() => model.loss(batch, own), model.parameters());
      const known = runtime.gradients(() => model.loss(forced), model.parameters());
      expect(free.loss).toBeCloseTo(known.loss, 6);
      for (const [name, gradient] of free.gradients) {
        const expected = known.gradients.get(name)!.toFloat32Array();
        const largest = Math.max(...expected.map(Math.abs));
        gradient.toFloat32Array().forEach((value, i) => {
          // The same sums in another order.
          expect(Math.abs(value - expected[i]!), name).toBeLessThanOrEqual(1e-5 * Math.max(largest, 0.1));
        });
      }
    });
    model.dispose();
  });

  it('mixes by the probability, and draws by the softmax', () => {
    runtime.scope(() => {
      const rows = 20_000;
      const probabilities = [0.5, 0.3, 0.2];
      const truth = Tensor.from(runtime, new Int32Array(rows).fill(9), [rows], 'i32');
      const logits = Tensor.from(
        runtime,
        Float32Array.from({ length: 3 * rows }, (_, i) => 4 + Math.log(probabilities[i % 3]!)),
        [rows, 3],
      );
      const mixed = tokenMixer({ teacherForcing: 0.25, random: new Random(2) })!(truth, logits).toArray();
      const share = (id: number) => mixed.filter((each) => each === id).length / rows;
      // Six standard deviations of a share of so many draws.
      const within = (expected: number) => 6 * Math.sqrt((expected * (1 - expected)) / rows);
      for (const [id, expected] of [[9, 0.25], ...probabilities.map((p, id) => [id, 0.75 * p])] as [
        number,
        number,
      ][]) {
        expect(Math.abs(share(id) - expected), `id ${id}`).toBeLessThan(within(expected));
      }
    });
  });

  it('draws the same from the same seed, whatever the padding', () => {
    const model = create();
    runtime.scope(() => {
      const pairs = [
        { source, target: [3, 4, 5, 6] },
        { source: [5], target: [6] },
      ];
      const batch = pairBatch(runtime, pairs, ids);
      const filled = batch.targetInput.toArray();
      // The second target's padding.
      for (const place of [5, 7, 9]) filled[place] = 4;
      const other = { ...batch, targetInput: Tensor.from(runtime, filled, batch.targetInput.shape, 'i32') };
      const options = () => ({ teacherForcing: 0.5, random: new Random(8) });
      expect(model.loss(other, options()).item()).toBe(model.loss(batch, options()).item());
      const logits = (seed: number) =>
        model.forward(batch, { teacherForcing: 0.3, random: new Random(seed) }).logits.toArray();
      expect(logits(8)).toEqual(logits(8));
      expect(logits(8)).not.toEqual(logits(9));
    });
    model.dispose();
  });

  it('refuses what it cannot draw with', () => {
    const random = new Random(1);
    for (const teacherForcing of [-0.1, 1.1, Number.NaN]) {
      expect(() => tokenMixer({ teacherForcing, random })).toThrow(
        new ArgumentError(`Seq2Seq: teacherForcing must lie in [0, 1], got ${teacherForcing}`),
      );
    }
    expect(() => tokenMixer({ teacherForcing: 0.5 })).toThrow(
      new ArgumentError('Seq2Seq: teacherForcing below 1 needs random, a generator'),
    );
    expect(() => tokenMixer({ prediction: 'best' as 'sampled' })).toThrow(
      new ArgumentError('Seq2Seq: prediction must be sampled or most-probable, got best'),
    );
  });
});
