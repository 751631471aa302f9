/** Steps of the papers' decoders against PyTorch: outputs and all gradients. */
import { expect, it } from 'vitest';
import { Bahdanau2014Decoder } from '../../src/layers/bahdanau2014Decoder.ts';
import { BahdanauDecoder } from '../../src/layers/bahdanauDecoder.ts';
import type { Decoder, DecoderState } from '../../src/layers/decoder.ts';
import { Embedding } from '../../src/layers/embedding.ts';
import { Linear } from '../../src/layers/linear.ts';
import { LuongDecoder } from '../../src/layers/luongDecoder.ts';
import { loadParameters, type Parameters } from '../../src/layers/parameters.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { StoredTensor, WeightSource } from '../../src/tensor/weights.ts';
import { weightedLoss } from '../support/gradientCheck.ts';
import { type TorchCase, torchCaseNames, torchCases } from '../support/torchFixtures.ts';

/** How a family of cases is read: torch's names of weights, and of what a step takes and gives. */
interface Family {
  readonly decoder: (parameters: Parameters, fixture: TorchCase) => Decoder;
  /** Torch's name of each parameter, by heed's. */
  readonly names: Readonly<Record<string, string>>;
  readonly values: string;
  /** Torch's names of the state before and after the step. */
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
}

const sizesOf = ({ row }: TorchCase) => {
  const { emb, hidden, enc_dim, attn } = row.ctor as Record<string, number>;
  const attentionSize = attn ?? undefined;
  return { embeddingSize: emb!, hiddenSize: hidden!, keySize: enc_dim!, attentionSize };
};

/** PyTorch's names of a cell's parameters under another prefix. */
const cellNames = (torch: string) =>
  Object.fromEntries(
    ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((name) => [`cell.${name}`, `w.${torch}.${name}`]),
  );

const appendix = 'W_a U_a v_a W_z U_z C_z W_r U_r C_r W U C U_o V_o C_o'.split(' ');

const families: Readonly<Record<string, Family>> = {
  luong: {
    decoder: (parameters, fixture) =>
      new LuongDecoder(parameters, {
        ...sizesOf(fixture),
        score: fixture.row.ctor.score as 'dot' | 'general' | 'concat',
      }),
    names: {
      ...cellNames('lstm'),
      'embedding.weight': 'w.embedding.weight',
      'attn.weight': 'w.W_a',
      'attn_v.weight': 'w.v_a',
      'combine.weight': 'w.W_c',
      'out.weight': 'w.W_s',
    },
    values: 'in.enc',
    before: { hidden: 'in.h_prev', cell: 'in.c_prev', attentional: 'in.htilde_prev' },
    after: { hidden: 'h', cell: 'c', attentional: 'htilde' },
  },
  torchgru: {
    decoder: (parameters, fixture) =>
      new BahdanauDecoder(parameters, {
        ...sizesOf(fixture),
        score: 'additive',
        cell: 'gru',
        readout: 'state',
      }),
    names: {
      ...cellNames('gru'),
      'embedding.weight': 'w.embedding.weight',
      'attn_q.weight': 'w.attn.W_q',
      'attn_k.weight': 'w.attn.W_k',
      'attn_v.weight': 'w.attn.v',
      'out.weight': 'w.out.weight',
      'out.bias': 'w.out.bias',
    },
    values: 'in.h',
    before: { hidden: 'in.s_prev' },
    after: { hidden: 's' },
  },
  appendix: {
    decoder: (parameters, fixture) =>
      new Bahdanau2014Decoder(parameters, {
        ...sizesOf(fixture),
        maxoutSize: fixture.row.ctor.maxout as number,
        readoutState: fixture.row.ctor.readout_state === 'prev' ? 'previous' : 'current',
      }),
    names: {
      ...Object.fromEntries(appendix.map((name) => [name, `w.${name}`])),
      'embedding.weight': 'w.E',
      'out.weight': 'w.W_o',
    },
    values: 'in.h',
    before: { hidden: 'in.s_prev' },
    after: { hidden: 's' },
  },
};

function familyOf(name: string): Family {
  if (name.startsWith('luong')) return families.luong!;
  return name.includes('torchgru') ? families.torchgru! : families.appendix!;
}

/** The fixture's weights under heed's names; what starts a decoder, which a step has no use for, is 0. */
function weightsOf(fixture: TorchCase, names: Family['names']): WeightSource {
  const { hiddenSize: hidden, keySize } = sizesOf(fixture);
  const zeros = (...shape: number[]): StoredTensor => {
    const size = shape.reduce((a, b) => a * b);
    return { dtype: 'F32', shape, bytes: new Uint8Array(4 * size) };
  };
  const start: Record<string, StoredTensor> = {
    W_s: zeros(hidden, keySize),
    'bridge_h.weight': zeros(hidden, keySize),
    'bridge_h.bias': zeros(hidden),
    'bridge_c.weight': zeros(hidden, keySize),
    'bridge_c.bias': zeros(hidden),
  };
  const get = (name: string): StoredTensor | undefined => {
    const stored = fixture.source.get(names[name] ?? '');
    const row = name === 'attn_v.weight' && stored && { ...stored, shape: [1, ...stored.shape] };
    return row || (stored ?? start[name]);
  };
  return { metadata: {}, names: () => Object.keys(names).filter(get), get };
}

const cases = torchCaseNames('attention', /_step_/);

it('the fixtures, where they are there, have a case of every family', () => {
  const found = new Set(cases.map(familyOf));
  if (cases.length > 0) expect(found.size).toBe(Object.keys(families).length);
});

torchCases('attention', cases, (fixture) => {
  const { runtime } = fixture;
  const family = familyOf(fixture.row.case);
  const { vocab } = fixture.row.ctor as Record<string, number>;
  const { embeddingSize, keySize } = sizesOf(fixture);
  const named = new Map<string, Tensor>();
  const { decoder, embedding, out } = loadParameters(
    runtime,
    weightsOf(fixture, family.names),
    '',
    (source) => {
      const parameters = source.into(named);
      const decoder = family.decoder(parameters, fixture);
      const bias = fixture.has('w.out.bias');
      return {
        decoder,
        embedding: new Embedding(parameters.within('embedding.'), { count: vocab!, size: embeddingSize }),
        out: new Linear(parameters.within('out.'), { inputs: decoder.featureSize, outputs: vocab!, bias }),
      };
    },
  );
  const values = fixture.tensor(family.values);
  const lengths = fixture.tensor('in.src_len');
  const ids = fixture.tensor('in.y_prev');
  const batch = ids.size;
  const before = Object.fromEntries(
    Object.entries(family.before).map(([name, torch]) => [name, fixture.tensor(torch)]),
  );

  const step = (): Record<string, Tensor> => {
    const hidden = Tensor.zeros(runtime, [batch, keySize]);
    const start = decoder.start({ values, lengths, final: [{ hidden }] });
    const state = before as unknown as DecoderState;
    const { next, features, context, weights } = decoder.step(decoder.project(embedding.forward(ids)), {
      ...start,
      state,
    });
    expect(next.position).toBe(1);
    const after = Object.entries(family.after).map(([name, torch]) => [
      torch,
      next.state[name as keyof DecoderState]!,
    ]);
    return {
      ...Object.fromEntries(after),
      context,
      weights: weights.reshape([batch, values.shape[1]!]),
      logits: out.forward(features),
    };
  };

  runtime.scope(() => {
    const outputs = step();
    expect(Object.keys(outputs).sort()).toEqual(fixture.names('out.').sort());
    for (const [name, tensor] of Object.entries(outputs)) fixture.expectEqual('out', name, tensor.toArray());
  });
  const inputs = Object.entries(family.before).map(([name, torch]) => [torch, before[name]!] as const);
  const trained = [...named].filter(([name]) => name in family.names);
  const { gradients } = runtime.gradients(
    () => {
      const outputs = step();
      const cotangents = Object.keys(outputs).map((name) => fixture.floats(`in.cotangent.${name}`));
      return weightedLoss(Object.values(outputs), cotangents);
    },
    new Map([
      ...inputs,
      [family.values, values],
      ...trained.map(([name, tensor]) => [family.names[name]!, tensor] as const),
    ]),
  );
  fixture.expectGradients(gradients);
  for (const part of [decoder, embedding, out]) part.dispose();
});
