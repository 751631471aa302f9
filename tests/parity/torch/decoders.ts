/** One step of the papers' decoders. */
import { Bahdanau2014Decoder } from '../../../src/layers/bahdanau2014Decoder.ts';
import { BahdanauDecoder } from '../../../src/layers/bahdanauDecoder.ts';
import type { Decoder } from '../../../src/layers/decoder.ts';
import { LuongDecoder } from '../../../src/layers/luongDecoder.ts';
import { loadParameters, type Parameters } from '../../../src/layers/parameters.ts';
import { embedding } from '../../../src/ops/embedding.ts';
import { linear } from '../../../src/ops/linear.ts';
import { disposeWeight } from '../../../src/ops/weight.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import type { StoredTensor, WeightSource } from '../../../src/tensor/weights.ts';
import { sourceOf } from '../../support/sourceOf.ts';
import { evaluate } from '../evaluate.ts';
import type { Fixture } from '../fixture.ts';
import { type Renaming, renamed, theirNames } from '../names.ts';
import type { Outcome, Runners } from '../runner.ts';

interface Sizes {
  readonly embeddingSize: number;
  readonly hiddenSize: number;
  readonly keySize: number;
  readonly attentionSize: number | undefined;
}

interface Family {
  readonly create: (parameters: Parameters, sizes: Sizes, fixture: Fixture) => Decoder;
  readonly names: (fixture: Fixture) => Renaming;
  /** The case's names of the encoder's outputs, and of the state's parts before and after the step. */
  readonly values: string;
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
}

const PARTS = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'] as const;

/** A PyTorch cell under another prefix. */
const cellNames = (theirs: string): Renaming =>
  Object.fromEntries(PARTS.map((part) => [`${theirs}.${part}`, `cell.${part}`]));

/** A vector that heed has as a matrix of one row. */
const asRow = ({ source }: Fixture, theirs: string, ours: string): Renaming => ({
  [theirs]: [ours, [1, source.get(`w.${theirs}`)?.shape[0] ?? 0]],
});

const APPENDIX = 'W_a U_a v_a W_z U_z C_z W_r U_r C_r W U C U_o V_o C_o'.split(' ');

const luong: Family = {
  create: (parameters, sizes, { options }) =>
    new LuongDecoder(parameters, {
      ...sizes,
      score: options.choice('score', ['general', 'dot', 'concat']),
    }),
  names: (fixture) => ({
    ...cellNames('lstm'),
    ...asRow(fixture, 'v_a', 'attn_v.weight'),
    'embedding.weight': 'embedding',
    W_a: 'attn.weight',
    W_c: 'combine.weight',
    W_s: 'out.weight',
  }),
  values: 'in.enc',
  before: { hidden: 'in.h_prev', cell: 'in.c_prev', attentional: 'in.htilde_prev' },
  after: { hidden: 'h', cell: 'c', attentional: 'htilde' },
};

const withCell: Family = {
  create: (parameters, sizes) =>
    new BahdanauDecoder(parameters, { ...sizes, score: 'additive', cell: 'gru', readout: 'state' }),
  names: (fixture) => ({
    ...cellNames('gru'),
    ...asRow(fixture, 'attn.v', 'attn_v.weight'),
    'embedding.weight': 'embedding',
    'attn.W_q': 'attn_q.weight',
    'attn.W_k': 'attn_k.weight',
    'out.weight': 'out.weight',
    'out.bias': 'out.bias',
  }),
  values: 'in.h',
  before: { hidden: 'in.s_prev' },
  after: { hidden: 's' },
};

const toTheLetter: Family = {
  create: (parameters, sizes, { options }) =>
    new Bahdanau2014Decoder(parameters, {
      ...sizes,
      maxoutSize: options.number('maxout'),
      readoutState: options.choice('readout_state', ['prev', 'new']) === 'prev' ? 'previous' : 'current',
    }),
  names: () => ({
    ...Object.fromEntries(APPENDIX.map((name) => [name, name])),
    E: 'embedding',
    W_o: 'out.weight',
  }),
  values: 'in.h',
  before: { hidden: 'in.s_prev' },
  after: { hidden: 's' },
};

/** What starts a decoder, which a step has no use for. */
function startWeights({ hiddenSize, keySize }: Sizes): Record<string, StoredTensor> {
  const zeros = (...shape: number[]): StoredTensor => {
    const size = shape.reduce((a, b) => a * b);
    return { dtype: 'F32', shape, bytes: new Uint8Array(4 * size) };
  };
  return {
    W_s: zeros(hiddenSize, keySize),
    'bridge_h.weight': zeros(hiddenSize, keySize),
    'bridge_h.bias': zeros(hiddenSize),
    'bridge_c.weight': zeros(hiddenSize, keySize),
    'bridge_c.bias': zeros(hiddenSize),
  };
}

/** The case's weights, and what of those that start a decoder it asks for: none is in excess. */
function sourceFor(given: WeightSource, sizes: Sizes): WeightSource {
  const start = sourceOf(startWeights(sizes));
  return { metadata: {}, names: () => given.names(), get: (name) => given.get(name) ?? start.get(name) };
}

function step(fixture: Fixture, family: Family): Outcome {
  const { options, runtime } = fixture;
  const vocabulary = options.number('vocab');
  const sizes: Sizes = {
    embeddingSize: options.number('emb'),
    hiddenSize: options.number('hidden'),
    keySize: options.number('enc_dim'),
    attentionSize: options.optionalNumber('attn'),
  };
  const names = family.names(fixture);
  const given = renamed(fixture, names);
  const named = new Map<string, Tensor>();
  const { decoder, table, out, outBias } = loadParameters(runtime, sourceFor(given, sizes), '', (source) => {
    const parameters = source.into(named);
    const decoder = family.create(parameters, sizes, fixture);
    const hasBias = given.get('out.bias') !== undefined;
    const none = { value: 0 };
    return {
      decoder,
      table: parameters.get('embedding', [vocabulary, sizes.embeddingSize], none),
      out: parameters.weight('out.weight', [vocabulary, decoder.featureSize], none),
      outBias: hasBias ? parameters.get('out.bias', [vocabulary], none) : undefined,
    };
  });
  for (const part of [decoder, table, outBias]) if (part) fixture.own(part);
  fixture.own({ dispose: () => disposeWeight(out) });

  const values = fixture.tensor(family.values);
  const lengths = fixture.optional('in.src_len');
  const previous = fixture.tensor('in.y_prev');
  const state = Object.fromEntries(
    Object.entries(family.before).map(([part, name]) => [part, fixture.tensor(name)]),
  ) as { hidden: Tensor };
  const zeros = Tensor.zeros(runtime, [values.shape[0]!, sizes.keySize]);
  const compute = (): Record<string, Tensor> => {
    const started = decoder.start({ values, lengths, final: [{ hidden: zeros, cell: zeros }] });
    const taken = decoder.step(decoder.project(embedding(table, previous)), { ...started, state });
    if (taken.next.position !== 1) throw new Error(`a step leads to position ${taken.next.position}`);
    const after = taken.next.state as Readonly<Record<string, Tensor>>;
    return {
      ...Object.fromEntries(Object.entries(family.after).map(([part, name]) => [name, after[part]!])),
      context: taken.context,
      weights: taken.weights,
      logits: linear(taken.features, out, outBias),
    };
  };
  const inputs = Object.fromEntries(
    Object.entries(family.before).map(([part, name]) => [name, (state as Record<string, Tensor>)[part]]),
  );
  const parameters = theirNames(named, names, { ...inputs, [family.values]: values });
  return { comparisons: evaluate(fixture, parameters, compute), arithmetic: { approximations: 6 } };
}

export const decoderRunners: Runners = {
  'Luong 2015 decoder step with input feeding': (fixture) => step(fixture, luong),
  'Bahdanau step with a PyTorch GRUCell': (fixture) => step(fixture, withCell),
  'Bahdanau 2014 decoder step': (fixture) => step(fixture, toTheLetter),
};
