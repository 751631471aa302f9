import { describe, expect, it } from 'vitest';
import { beamSearch } from '../../src/decode/beam.ts';
import { greedyDecode } from '../../src/decode/greedy.ts';
import { sampleDecode } from '../../src/decode/sample.ts';
import { ArgumentError, DTypeError, FormatError, ShapeError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { quantize } from '../../src/io/quantise.ts';
import { scoreFunctions } from '../../src/layers/score.ts';
import { padRows } from '../../src/models/idRows.ts';
import type { Seq2SeqBatch } from '../../src/models/seq2seq/batch.ts';
import type { Seq2SeqConfig } from '../../src/models/seq2seq/config.ts';
import { Seq2Seq } from '../../src/models/seq2seq/model.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/sourceOf.ts';

const base = {
  sourceVocabulary: 9,
  targetVocabulary: 7,
  embeddingSize: 5,
  encoderHidden: 6,
  encoderLayers: 2,
  decoderHidden: 12,
  paddingId: 0,
  startId: 1,
  endId: 2,
} as const;

/** One of each kind: what it adds to `base`. */
const kinds: Readonly<Record<string, Partial<Seq2SeqConfig>>> = {
  ...Object.fromEntries(scoreFunctions.map((score) => [score, { score, maxKeys: 4 }])),
  ...Object.fromEntries(
    (['luong', 'bahdanau', 'bahdanau-2014', 'fixed-context'] as const).flatMap((decoder) =>
      (['lstm', 'gru', 'rnn'] as const).map((cell) => [`${decoder} ${cell}`, { decoder, cell }]),
    ),
  ),
  'without input feeding': { inputFeeding: false },
  'readout of the state': { decoder: 'bahdanau', readout: 'state' },
  'readout of the current state': { decoder: 'bahdanau-2014', readoutState: 'current', maxoutSize: 5 },
  unidirectional: { bidirectional: false },
  'unidirectional 2014': { bidirectional: false, decoder: 'bahdanau-2014' },
  'local-m': { reach: { kind: 'local-m', halfWidth: 1 } },
  'local-p': { reach: { kind: 'local-p', halfWidth: 1 }, decoder: 'bahdanau' },
  hard: { choice: 'hard' },
  'hard, local-m, Bahdanau': {
    choice: 'hard',
    reach: { kind: 'local-m', halfWidth: 2 },
    decoder: 'bahdanau',
  },
};

describe.each(variants)('Seq2Seq, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = seededRandom(testSeed());
  const create = (config: Seq2SeqConfig): Seq2Seq => Seq2Seq.create(runtime, config, new Random(3));
  const idsOf = (ids: Int32Array | readonly number[], shape: readonly number[]) =>
    Tensor.from(runtime, ids, shape, 'i32');

  const sources = [[3, 4, 5, 8], [6], [7, 7, 3], []];
  const targets = [[3, 4], [5, 6, 6], [], [4]];

  /** The pairs as a batch; the padding of sources and of target inputs is `padding()`. */
  function batchOf(rows: readonly number[], padding = () => 0): Seq2SeqBatch {
    const source = padRows(
      rows.map((row) => sources[row]!),
      -1,
    );
    const columns = source.ids.length / rows.length;
    const time = Math.max(...rows.map((row) => targets[row]!.length)) + 1;
    const transposed = (sequence: (row: number) => readonly number[], fill: () => number) =>
      idsOf(
        Array.from({ length: time * rows.length }, (_, i) => {
          const [t, row] = [Math.floor(i / rows.length), rows[i % rows.length]!];
          return sequence(row)[t] ?? fill();
        }),
        [time, rows.length],
      );
    return {
      source: idsOf(
        source.ids.map((id) => (id === -1 ? padding() : id)),
        [rows.length, columns],
      ),
      sourceLengths: idsOf(source.lengths, [rows.length]),
      targetInput: transposed((row) => [1, ...targets[row]!], padding),
      targetOutput: transposed(
        (row) => [...targets[row]!, 2],
        () => 0,
      ),
    };
  }

  describe.each(Object.keys(kinds))('%s', (kind) => {
    const config: Seq2SeqConfig = { ...base, ...kinds[kind] };
    /** All of a row's weight is on the source: not where nothing is looked at, or only through a window. */
    const looksAtAll = config.decoder !== 'fixed-context' && !config.reach;

    it('what stands in the padding changes no bit of loss and gradients', () => {
      const model = create(config);
      runtime.scope(() => {
        const rows = [0, 1, 2, 3];
        const plain = runtime.gradients(() => model.loss(batchOf(rows)), model.parameters());
        const other = runtime.gradients(
          () => model.loss(batchOf(rows, () => random.integer(0, 6))),
          model.parameters(),
        );
        expect(other.loss).toBe(plain.loss);
        for (const [name, gradient] of plain.gradients) {
          // -0 and 0 differ where garbage meets a gradient of 0.
          const bits = (tensor: Tensor) => tensor.toArray().map((value) => value + 0);
          expect(bits(other.gradients.get(name)!), name).toEqual(bits(gradient));
        }
      });
      model.dispose();
    });

    it('rows alone give the logits and the loss of the batch', () => {
      const model = create(config);
      runtime.scope(() => {
        const rows = [0, 1, 2, 3];
        const together = model.forward(batchOf(rows));
        const classes = base.targetVocabulary;
        const logits = together.logits.toArray();
        let total = 0;
        for (const row of rows) {
          const batch = batchOf([row]);
          const alone = model.forward(batch).logits.toArray();
          for (let t = 0; t <= targets[row]!.length; t++) {
            const at = (t * rows.length + row) * classes;
            expect(logits.slice(at, at + classes)).toEqual(alone.slice(t * classes, (t + 1) * classes));
          }
          total += model.loss(batch, { divisor: 1 }).item();
        }
        const loss = model.loss(batchOf(rows), { divisor: 1 }).item();
        expect(Math.abs(loss - total)).toBeLessThan(1e-5 * total);
      });
      model.dispose();
    });

    it('decodes sources side by side to the bits that each gives alone', () => {
      const model = create(config);
      const options = { beam: 3, maxLength: 6 };
      const cut = <Result extends { attention: readonly Float32Array[] }>(
        result: Result,
        length: number,
      ) => ({
        ...result,
        attention: result.attention.map((row) => row.slice(0, length)),
      });
      const together = {
        greedy: greedyDecode(model.stepModel(sources), 6),
        beam: beamSearch(model.stepModel(sources), options),
        sampled: sampleDecode(model.stepModel(sources), { maxLength: 6, random: new Random(1), count: 2 }),
      };
      const used = runtime.memory.usedBytes;
      sources.forEach((source, i) => {
        const { length } = source;
        const [greedy] = greedyDecode(model.stepModel([source]), 6);
        expect(cut(together.greedy[i]!, length)).toEqual(greedy);
        const [beam] = beamSearch(model.stepModel([source]), options);
        expect(together.beam[i]!.map((hypothesis) => cut(hypothesis, length))).toEqual(beam);
        for (const { attention } of together.beam[i]!) {
          for (const row of attention) {
            expect(row.slice(length).every((weight) => weight === 0)).toBe(true);
            const sum = row.reduce((a, b) => a + b, 0);
            if (looksAtAll) expect(Math.abs(sum - (length === 0 ? 0 : 1))).toBeLessThan(1e-6);
            else expect(sum).toBeLessThan(1 + 1e-6);
          }
        }
      });
      expect(together.sampled.flat().every(({ logProbability }) => Number.isFinite(logProbability))).toBe(
        true,
      );
      expect(runtime.memory.usedBytes).toBe(used);
      model.dispose();
    });

    it('frees all that it took', () => {
      const before = runtime.memory.usedBytes;
      const model = create(config);
      runtime.scope(() => {
        runtime.gradients(() => model.loss(batchOf([0, 1])), model.parameters());
        const options = { teacherForcing: 0.5, random: new Random(1) };
        runtime.gradients(() => model.loss(batchOf([0, 1]), options), model.parameters());
      });
      greedyDecode(model.stepModel(sources), 4);
      model.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });

    it('loads what its parameters were stored as', () => {
      const model = create(config);
      const stored = Object.fromEntries(
        [...model.parameters()].map(([name, tensor]) => [
          `m.${name}`,
          fromFloat32(tensor.toFloat32Array(), tensor.shape, 'F32'),
        ]),
      );
      const loaded = Seq2Seq.load(runtime, sourceOf(stored), config, { prefix: 'm.' });
      runtime.scope(() => {
        expect(loaded.loss(batchOf([0, 1])).item()).toBe(model.loss(batchOf([0, 1])).item());
      });
      loaded.dispose();
      model.dispose();
      const before = runtime.memory.usedBytes;
      const { 'm.out.weight': _, ...rest } = stored;
      const load = () =>
        Seq2Seq.load(runtime, sourceOf({ ...rest, 'm.more': stored['m.out.weight']! }), config, {
          prefix: 'm.',
        });
      expect(load).toThrow(
        new FormatError([
          `weights: m.out.weight is missing (expected shape [${stored['m.out.weight']!.shape.join(', ')}])`,
          'weights: m.more is unexpected',
        ]),
      );
      expect(runtime.memory.usedBytes).toBe(before);
    });
  });

  it('sources of no length at all, and no sources', () => {
    const model = create({ ...base, score: 'general' });
    const [only] = greedyDecode(model.stepModel([[]]), 3);
    expect(only!.attention.every((row) => row.length === 0)).toBe(true);
    expect(Number.isFinite(only!.logProbability)).toBe(true);
    expect(greedyDecode(model.stepModel([]), 3)).toEqual([]);
    model.dispose();
  });

  it.each([1.5, Number.NaN, 2 ** 32 + 1, '3' as unknown as number])('refuses %s for an id', (id) => {
    const model = create(base);
    const wrong = `ids must be whole numbers of 32 bits, got ${id} at index 1 of row 0`;
    expect(() => greedyDecode(model.stepModel([[3, id]]), 3)).toThrow(new DTypeError(`padRows: ${wrong}`));
    expect(() => greedyDecode(model.stepModel([[3]]), undefined as unknown as number)).toThrow(
      new ArgumentError('greedyDecode: maxLength must be a number or 1 numbers, got undefined'),
    );
    model.dispose();
  });

  it('refuses ids outside its vocabularies, and frees what it had begun', () => {
    const model = create({ ...base, score: 'general' });
    const before = runtime.memory.usedBytes;
    expect(() => greedyDecode(model.stepModel([[3], [9]]), 3)).toThrow(
      new ArgumentError('embedding: ids must lie in 0..8, got 9 at index 1'),
    );
    expect(runtime.memory.usedBytes).toBe(before);
    model.dispose();
  });

  it('refuses configurations that name what there is not, and frees what it had begun', () => {
    const before = runtime.memory.usedBytes;
    const refused: [Partial<Seq2SeqConfig>, string][] = [
      [
        { decoder: 'transformer' as 'luong' },
        'Seq2Seq: decoder must be one of luong, bahdanau, bahdanau-2014, fixed-context, got transformer',
      ],
      [{ cell: 'mlp' as 'rnn' }, 'Seq2Seq: cell must be one of lstm, gru, rnn, got mlp'],
      [
        { decoder: 'fixed-context', choice: 'hard' },
        'Seq2Seq: fixed-context has no choice but soft, got hard',
      ],
      [
        { decoder: 'bahdanau-2014', score: 'dot' },
        'Seq2Seq: bahdanau-2014 has no score but additive, got dot',
      ],
      [
        { decoder: 'bahdanau-2014', reach: { kind: 'local-m', halfWidth: 1 } },
        'Seq2Seq: bahdanau-2014 has no reach but global, got local-m',
      ],
      [{ encoderHidden: 0 }, 'Seq2Seq: encoderHidden must be a positive integer, got 0'],
    ];
    for (const [config, message] of refused) {
      expect(() => create({ ...base, ...config })).toThrow(new ArgumentError(message));
    }
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('refuses targets of another batch than the sources', () => {
    const model = create(base);
    runtime.scope(() => {
      const { targetInput } = batchOf([0, 1, 2]);
      expect(() => model.forward({ ...batchOf([0, 1]), targetInput })).toThrow(
        new ShapeError(`Seq2Seq.forward: targetInput must be [*, 2], got [${targetInput.shape.join(', ')}]`),
      );
    });
    model.dispose();
  });

  it('a window past the source leaves the decoder without context, but writing', () => {
    const model = create({ ...base, reach: { kind: 'local-m', halfWidth: 1 } });
    const [hypothesis] = beamSearch(model.stepModel([[3, 4]]), { beam: 1, maxLength: 8 })[0]!;
    hypothesis!.attention.forEach((row, t) => {
      expect(row.some((weight) => weight > 0)).toBe(t <= 2);
    });
    expect(Number.isFinite(hypothesis!.logProbability)).toBe(true);
    model.dispose();
  });

  it.each(['luong', 'bahdanau', 'bahdanau-2014', 'fixed-context'] as const)(
    '%s with weights in 8 bits writes what it writes in floats of the same values',
    (decoder) => {
      const model = create({ ...base, decoder, cell: 'gru', score: 'additive' });
      const stored = Object.fromEntries(
        [...model.parameters()].map(([name, tensor]) => [
          name,
          fromFloat32(tensor.toFloat32Array(), tensor.shape, 'F32'),
        ]),
      );
      model.dispose();
      const before = runtime.memory.usedBytes;
      const weights = quantize(sourceOf(stored), { exclude: /embedding|attn_v/, smallest: 1 });
      const config = { ...base, decoder, cell: 'gru', score: 'additive' } as const;
      const [floats, int8] = (['f32', 'int8'] as const).map((arithmetic) => {
        const loaded = Seq2Seq.load(runtime, weights, config, { arithmetic });
        const results = greedyDecode(loaded.stepModel(sources), 4);
        loaded.dispose();
        return results;
      });
      int8!.forEach((result, i) => {
        // Log-probabilities of four tokens; activations are rounded to 7 bits or more.
        expect(Math.abs(result.logProbability - floats![i]!.logProbability)).toBeLessThan(0.1);
      });
      expect(runtime.memory.usedBytes).toBe(before);
    },
  );
});
