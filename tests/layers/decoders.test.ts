/** What the papers' decoders owe whoever drives them, and what they refuse. */
import { describe, expect, it } from 'vitest';
import { ArgumentError, FormatError, ShapeError } from '../../src/errors.ts';
import { Bahdanau2014Decoder } from '../../src/layers/bahdanau2014Decoder.ts';
import { BahdanauDecoder } from '../../src/layers/bahdanauDecoder.ts';
import type { Decoder } from '../../src/layers/decoder.ts';
import { FixedContextDecoder } from '../../src/layers/fixedContextDecoder.ts';
import { LuongDecoder } from '../../src/layers/luongDecoder.ts';
import { attentionMap } from '../../src/plot.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/sourceOf.ts';

const sizes = { embeddingSize: 3, hiddenSize: 6, keySize: 4 } as const;
const attention = { ...sizes, score: 'additive', attentionSize: 5 } as const;
const cell = (inputs: number, gates = 4) => ({
  'cell.weight_ih': [gates * 6, inputs],
  'cell.weight_hh': [gates * 6, 6],
  'cell.bias_ih': [gates * 6],
  'cell.bias_hh': [gates * 6],
});
const bridge = { 'bridge_h.weight': [6, 4], 'bridge_h.bias': [6] };
const bridges = { ...bridge, 'bridge_c.weight': [6, 4], 'bridge_c.bias': [6] };
const additive = { 'attn_q.weight': [5, 6], 'attn_k.weight': [5, 4], 'attn_v.weight': [1, 5] };

describe.each(variants)('decoders, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);
  const random = () => new Random(2);

  const kinds: Record<string, { create: () => Decoder; features: number; parameters: object }> = {
    luong: {
      create: () => LuongDecoder.create(runtime, attention, random()),
      features: 6,
      parameters: { ...bridges, ...cell(3 + 6), ...additive, 'combine.weight': [6, 4 + 6] },
    },
    'luong without input feeding': {
      create: () =>
        LuongDecoder.create(runtime, { ...attention, inputFeeding: false, cell: 'rnn' }, random()),
      features: 6,
      parameters: { ...bridge, ...cell(3, 1), ...additive, 'combine.weight': [6, 4 + 6] },
    },
    bahdanau: {
      create: () => BahdanauDecoder.create(runtime, { ...attention, cell: 'gru' }, random()),
      features: 6 + 4 + 3,
      parameters: { ...bridge, ...cell(3 + 4, 3), ...additive },
    },
    'bahdanau, state alone': {
      create: () => BahdanauDecoder.create(runtime, { ...attention, readout: 'state' }, random()),
      features: 6,
      parameters: { ...bridges, ...cell(3 + 4), ...additive },
    },
    'bahdanau 2014': {
      create: () =>
        Bahdanau2014Decoder.create(runtime, { ...sizes, attentionSize: 5, maxoutSize: 2 }, random()),
      features: 2,
      parameters: {
        W_s: [6, 4],
        W_a: [5, 6],
        U_a: [5, 4],
        v_a: [5],
        ...{ W_z: [6, 3], U_z: [6, 6], C_z: [6, 4] },
        ...{ W_r: [6, 3], U_r: [6, 6], C_r: [6, 4] },
        ...{ W: [6, 3], U: [6, 6], C: [6, 4] },
        ...{ V_o: [4, 3], U_o: [4, 6], C_o: [4, 4] },
      },
    },
    'fixed context': {
      create: () => FixedContextDecoder.create(runtime, sizes, random()),
      features: 6 + 4 + 3,
      parameters: { ...bridges, ...cell(3 + 4), 'context.weight': [4, 4], 'context.bias': [4] },
    },
  };

  /** A source of `length` positions, of which each row has its own number. */
  function sourceOfLength(length: number, lengths: readonly number[]) {
    const { normals } = seededRandom(testSeed());
    const batch = lengths.length;
    return {
      values: Tensor.from(runtime, normals(batch * length * 4), [batch, length, 4]),
      lengths: Tensor.from(runtime, lengths, [batch], 'i32'),
      final: [{ hidden: Tensor.from(runtime, normals(batch * 4), [batch, 4]) }],
    };
  }

  describe.each(Object.keys(kinds))('%s', (kind) => {
    const { create, features, parameters } = kinds[kind]!;

    it('has the parameters that its docstring names, and frees them', () => {
      const before = runtime.memory.usedBytes;
      const decoder = create();
      const shapes = [...decoder.parameters()].map(([name, { shape }]) => [name, shape]);
      expect(Object.fromEntries(shapes)).toEqual(parameters);
      expect(decoder.featureSize).toBe(features);
      decoder.dispose();
      expect(runtime.memory.usedBytes).toBe(before);
    });

    it('steps one after the other give what they give with all inputs projected at once', () => {
      const decoder = create();
      runtime.scope(() => {
        const start = decoder.start(sourceOfLength(5, [5, 3]));
        const embedded = Tensor.from(runtime, seededRandom(testSeed()).normals(4 * 2 * 3), [4, 2, 3]);
        const all = decoder.project(embedded);
        let [together, alone] = [start, start];
        for (let t = 0; t < 4; t++) {
          const expected = decoder.step(decoder.project(embedded.at(t)), alone);
          const step = decoder.step(
            all.map((x) => x.at(t)),
            together,
          );
          expect(step.features.toArray()).toEqual(expected.features.toArray());
          expect(step.features.shape).toEqual([2, features]);
          expect(step.context.shape).toEqual([2, 4]);
          expect(step.next.position).toBe(t + 1);
          [together, alone] = [step.next, expected.next];
        }
      });
      decoder.dispose();
    });

    it('keeps nothing of its steps', () => {
      const decoder = create();
      runtime.scope(() => {
        const source = sourceOfLength(5, [5, 3]);
        const embedded = Tensor.zeros(runtime, [2, 3]);
        const twice = () =>
          runtime.scope(() => {
            const { next } = decoder.step(decoder.project(embedded), decoder.start(source));
            decoder.step(decoder.project(embedded), next);
          });
        twice();
        const used = runtime.memory.usedBytes;
        twice();
        expect(runtime.memory.usedBytes).toBe(used);
      });
      decoder.dispose();
    });

    it('refuses an embedding, values and a final state of other sizes', () => {
      const decoder = create();
      runtime.scope(() => {
        const source = sourceOfLength(5, [5, 3]);
        expect(() => decoder.project(Tensor.zeros(runtime, [2, 4]))).toThrow(ShapeError);
        const final = [{ hidden: Tensor.zeros(runtime, [2, 3]) }];
        expect(() => decoder.start({ ...source, final })).toThrow(ShapeError);
        if (kind !== 'fixed context') {
          const values = Tensor.zeros(runtime, [2, 5, 3]);
          expect(() => decoder.start({ ...source, values })).toThrow(ShapeError);
        }
      });
      decoder.dispose();
    });
  });

  it('a window that has left the source shows nothing, and the context is 0', () => {
    const reach = { kind: 'local-m', halfWidth: 1 } as const;
    const decoder = LuongDecoder.create(runtime, { ...attention, reach }, random());
    runtime.scope(() => {
      let decoding = decoder.start(sourceOfLength(2, [2]));
      const inputs = decoder.project(Tensor.zeros(runtime, [1, 3]));
      const weights: number[][] = [];
      for (let t = 0; t < 4; t++) {
        const step = decoder.step(inputs, decoding);
        weights.push([...step.weights.toArray()]);
        if (t === 3) expect([...step.context.toArray()]).toEqual([0, 0, 0, 0]);
        expect(step.features.toArray().every(Number.isFinite)).toBe(true);
        decoding = step.next;
      }
      expect(weights.map((row) => row.map((weight) => weight > 0))).toEqual([
        [true, true],
        [true, true],
        [false, true],
        [false, false],
      ]);
    });
    decoder.dispose();
  });

  it('without attention the map is empty, and can be drawn', () => {
    const decoder = FixedContextDecoder.create(runtime, sizes, random());
    runtime.scope(() => {
      const inputs = decoder.project(Tensor.zeros(runtime, [2, 3]));
      const { weights } = decoder.step(inputs, decoder.start(sourceOfLength(5, [5, 3])));
      expect(weights.shape).toEqual([2, 1, 0]);
      const map = attentionMap({ rows: ['a'], columns: [], weights: [weights.toFloat32Array()] });
      expect(map.toSVG()).toContain('<svg');
    });
    decoder.dispose();
  });

  it('lists every tensor that is missing', () => {
    const before = runtime.memory.usedBytes;
    const load = () =>
      BahdanauDecoder.load(runtime, sourceOf({}), { ...attention, cell: 'gru', prefix: 'decoder.' });
    const expected = Object.entries({ ...bridge, ...cell(3 + 4, 3), ...additive }).map(
      ([name, shape]) => `weights: decoder.${name} is missing (expected shape [${shape.join(', ')}])`,
    );
    expect(load).toThrow(new FormatError(expected));
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('refuses what it does not know, and frees what it had begun', () => {
    const before = runtime.memory.usedBytes;
    const refused: [() => unknown, string][] = [
      [
        () => LuongDecoder.create(runtime, { ...attention, cell: 'tree' as 'rnn' }, random()),
        'cell: kind must be rnn, gru, lstm, got tree',
      ],
      [
        () => BahdanauDecoder.create(runtime, { ...attention, readout: 'none' as 'all' }, random()),
        'BahdanauDecoder: readout must be all or state, got none',
      ],
      [
        () => Bahdanau2014Decoder.create(runtime, { ...sizes, readoutState: 'next' as 'current' }, random()),
        'Bahdanau2014Decoder: readoutState must be previous or current, got next',
      ],
      [
        () => Bahdanau2014Decoder.create(runtime, { ...sizes, maxoutSize: 0 }, random()),
        'Bahdanau2014Decoder: maxoutSize must be a positive integer, got 0',
      ],
      [
        () => LuongDecoder.create(runtime, { ...sizes, score: 'dot' }, random()),
        'attention: dot needs equal sizes, got querySize 6 and keySize 4',
      ],
    ];
    for (const [create, message] of refused) expect(create).toThrow(new ArgumentError(message));
    expect(runtime.memory.usedBytes).toBe(before);
  });
});
