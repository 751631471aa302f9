/** Attention of decoder states over encoder states: scores, and how far they reach. */
import { Attention, type AttentionConfig } from '../../../src/layers/attention.ts';
import { loadParameters } from '../../../src/layers/parameters.ts';
import { createAligner, type Reach } from '../../../src/layers/reach.ts';
import { createScore, type ScoreFunction } from '../../../src/layers/score.ts';
import { softmax } from '../../../src/ops/softmax.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { WeightSource } from '../../../src/tensor/weights.ts';
import type { Comparison } from '../compare.ts';
import { evaluate } from '../evaluate.ts';
import type { Fixture } from '../fixture.ts';
import { type Renaming, renamed, theirNames } from '../names.ts';
import { NotRun } from '../options.ts';
import type { Outcome, Runner, Runners } from '../runner.ts';

interface Kind {
  readonly score: ScoreFunction;
  readonly bias?: boolean;
  readonly strength?: 'learned';
  readonly reach?: (fixture: Fixture) => Reach;
}

const BY_COMPARISON: Renaming = { W_q: 'attn_q.weight', W_k: 'attn_k.weight', b: 'attn_q.bias' };
const BY_MATRIX: Renaming = { W: 'attn.weight', b: 'attn.bias' };

/** heed's names of what a score and a reach have. */
function renamingOf(fixture: Fixture, score: ScoreFunction): Renaming {
  const row = (name: string): number[] => [1, fixture.source.get(`w.${name}`)?.shape[0] ?? 0];
  return {
    ...(score === 'additive' ? BY_COMPARISON : BY_MATRIX),
    v: ['attn_v.weight', row('v')],
    beta: 'attn.strength',
    W_p: 'attn_p.weight',
    v_p: ['attn_p_v.weight', row('v_p')],
  };
}

/** Sizes that the case gives, or that its tensors have. */
function configOf(fixture: Fixture, { score, bias, strength, reach }: Kind): AttentionConfig {
  const { options } = fixture;
  const dim = options.optionalNumber('dim');
  return {
    score,
    bias,
    strength,
    querySize: options.optionalNumber('query_dim') ?? dim ?? fixture.shape('in.s').at(-1)!,
    keySize: options.optionalNumber('key_dim') ?? dim ?? fixture.shape('in.h').at(-1)!,
    attentionSize: options.optionalNumber('attn_dim'),
    maxKeys: options.optionalNumber('max_src'),
    reach: reach?.(fixture),
  };
}

function run(fixture: Fixture, kind: Kind): Outcome {
  const config = configOf(fixture, kind);
  const renaming = renamingOf(fixture, kind.score);
  const source = renamed(fixture, renaming);
  const query = fixture.tensor('in.s');
  const keys = fixture.tensor('in.h');
  const lengths = fixture.optional('in.src_len');
  const layer = fixture.own(Attention.load(fixture.runtime, source, config));
  const compute = (): Record<string, Tensor> => {
    const read = layer.read(query, layer.remember(keys, lengths), { position: 0 });
    const { context, weights, positions } = read;
    return { context, weights, ...(positions && { p: positions }) };
  };
  const parameters = theirNames(layer.parameters(), renaming, { 'in.s': query, 'in.h': keys });
  const { reach } = config;
  return {
    comparisons: [
      ...evaluate(fixture, parameters, compute),
      ...inside(fixture, source, config, { query, keys, lengths }),
    ],
    arithmetic: { approximations: 3, condition: reach && windowCondition(reach, keys.shape[1]!) },
    unchecked:
      reach?.kind === 'local-m'
        ? [{ outputs: /^p$/, reason: 'p is the target position itself, which heed is given' }]
        : [],
  };
}

interface Inputs {
  readonly query: Tensor;
  readonly keys: Tensor;
  readonly lengths: Tensor | undefined;
}

/** What the layer does not return: the scores, and of local-p what its softmax gives. */
function inside(
  fixture: Fixture,
  source: WeightSource,
  config: AttentionConfig,
  inputs: Inputs,
): Comparison[] {
  const { query, keys, lengths } = inputs;
  const { reach = { kind: 'global' } } = config;
  const { score, aligner } = loadParameters(fixture.runtime, source, '', (parameters) => ({
    score: createScore(config.score, parameters, config),
    aligner: createAligner(parameters, reach, config.querySize),
  }));
  fixture.own(score);
  fixture.own(aligner);
  const scores = score.score(query, score.prepareKeys(keys));
  const comparisons: Comparison[] = [{ name: 'out.scores', actual: scores.toArray() }];
  if (!fixture.has('out.align')) return comparisons;
  const { mask } = aligner.align(query, scores, lengths, 0);
  return [...comparisons, { name: 'out.align', actual: softmax(scores, mask).toArray() }];
}

/**
 * exp(-(j - p)^2 / (2 sigma^2)) changes by at most exp(-1/2) / sigma for each unit of p, and p is rounded like the length
 * that it is a share of.
 */
function windowCondition(reach: Reach, keys: number): { number: number; reason: string } | undefined {
  if (reach.kind !== 'local-p') return undefined;
  const number = (2 * Math.exp(-0.5) * keys) / reach.halfWidth;
  return { number, reason: `a window of ${reach.halfWidth} on ${keys} places magnifies its centre's error` };
}

const globally =
  (kind: Kind): Runner =>
  (fixture) =>
    run(fixture, kind);

/** The score of a case that is named by its reach: by the weights that it has. */
const locally =
  (reach: (halfWidth: number) => Reach): Runner =>
  (fixture) => {
    const has = (name: string): boolean => fixture.source.get(`w.${name}`) !== undefined;
    const score = has('W_q') ? 'additive' : has('v') ? 'concat' : has('W') ? 'general' : 'dot';
    const halfWidth = fixture.options.number('D');
    if (!(halfWidth > 0)) throw new NotRun(`heed has no window of D = ${halfWidth}`);
    return run(fixture, { score, bias: has('b'), reach: () => reach(halfWidth) });
  };

export const attentionRunners: Runners = {
  dot: globally({ score: 'dot' }),
  scaled_dot: globally({ score: 'scaled-dot' }),
  'Luong general': globally({ score: 'general' }),
  'Luong concat': globally({ score: 'concat' }),
  'Bahdanau additive': globally({ score: 'additive' }),
  'Bahdanau additive with bias': globally({ score: 'additive', bias: true }),
  cosine: globally({ score: 'cosine' }),
  'content-based (Graves NTM) with strength': globally({ score: 'cosine', strength: 'learned' }),
  'Luong location-based': globally({ score: 'location' }),
  'Luong local-m': locally((halfWidth) => ({ kind: 'local-m', halfWidth })),
  'Luong local-p': locally((halfWidth) => ({ kind: 'local-p', halfWidth })),
  'local-p, softmax over all valid places (a common variant)': locally((halfWidth) => ({
    kind: 'local-p',
    halfWidth,
    cut: false,
  })),
};
