/** The attention fixtures: each score with each reach. */
import { expect, it } from 'vitest';
import { Attention, type AttentionConfig } from '../../src/layers/attention.ts';
import { loadParameters } from '../../src/layers/parameters.ts';
import type { Reach } from '../../src/layers/reach.ts';
import { createScore, type ScoreFunction } from '../../src/layers/score.ts';
import { weightedLoss } from '../support/gradientCheck.ts';
import { sourceOf, type TorchCase, torchCaseNames, torchCases } from '../support/torchFixtures.ts';

/** Torch's name of each parameter, by heed's. */
type Names = Readonly<Record<string, string>>;

const additive: Names = { 'attn_q.weight': 'w.W_q', 'attn_k.weight': 'w.W_k', 'attn_v.weight': 'w.v' };

/** By the beginning of the case's name; the longest that fits counts. */
const scores: Readonly<
  Record<string, { score: ScoreFunction; names: Names; config?: Partial<AttentionConfig> }>
> = {
  dot: { score: 'dot', names: {} },
  scaled_dot: { score: 'scaled-dot', names: {} },
  general: { score: 'general', names: { 'attn.weight': 'w.W' } },
  additive: { score: 'additive', names: additive },
  additive_bias: {
    score: 'additive',
    names: { ...additive, 'attn_q.bias': 'w.b' },
    config: { bias: true },
  },
  concat: { score: 'concat', names: { 'attn.weight': 'w.W', 'attn_v.weight': 'w.v' } },
  cosine: { score: 'cosine', names: {} },
  cosine_beta: { score: 'cosine', names: { 'attn.strength': 'w.beta' }, config: { strength: 'learned' } },
  location: { score: 'location', names: { 'attn.weight': 'w.W' } },
};

const longestFirst = Object.keys(scores).sort((a, b) => b.length - a.length);

function reachOf({ row }: TorchCase): Reach {
  const [, kind] = /^local_([mp])_/.exec(row.case) ?? [];
  const halfWidth = row.ctor.D as number;
  if (kind === 'm') return { kind: 'local-m', halfWidth };
  if (kind === 'p') return { kind: 'local-p', halfWidth, cut: !row.case.includes('fullsoftmax') };
  return { kind: 'global' };
}

function scoreOf(fixture: TorchCase): (typeof scores)[string] {
  // Local cases name their score only where it is not `general`.
  const name = fixture.row.case.replace(/^local_[mp]_D\d+_/, '');
  const found = longestFirst.find((each) => name.startsWith(each)) ?? (fixture.has('w.W') ? 'general' : '');
  return scores[found] ?? expect.fail(`${fixture.row.case} has an unknown score`);
}

const cases = torchCaseNames('attention', /^(?!.*(_step_|seq2seq))/);

it('the fixtures, where they are there, have every score and reach', () => {
  if (cases.length === 0) return;
  for (const beginning of [...Object.keys(scores), 'local_m', 'local_p']) {
    expect(
      cases.some((name) => name.startsWith(beginning)),
      beginning,
    ).toBe(true);
  }
});

torchCases('attention', cases, (fixture) => {
  const { runtime } = fixture;
  const { score, names, config: options } = scoreOf(fixture);
  const reach = reachOf(fixture);
  const torchNames: Names =
    reach.kind === 'local-p' ? { ...names, 'attn_p.weight': 'w.W_p', 'attn_p_v.weight': 'w.v_p' } : names;
  const weights = sourceOf(
    Object.fromEntries(
      Object.entries(torchNames).map(([name, torch]) => {
        const stored = fixture.stored(torch);
        const shape = name.endsWith('_v.weight') ? [1, ...stored.shape] : stored.shape;
        return [name, { ...stored, shape }];
      }),
    ),
  );
  const query = fixture.tensor('in.s');
  const keys = fixture.tensor('in.h');
  const lengths = fixture.optional('in.src_len');
  const config = {
    score,
    reach,
    querySize: query.shape[2]!,
    keySize: keys.shape[2]!,
    attentionSize: fixture.has('w.v') ? fixture.stored('w.v').shape[0] : undefined,
    maxKeys: score === 'location' ? fixture.stored('w.W').shape[0] : undefined,
    ...options,
  };
  const attention = Attention.load(runtime, weights, config);
  const read = () => attention.read(query, attention.remember(keys, lengths), { position: 0 });

  const { context, weights: map, positions } = read();
  fixture.expectEqual('out', 'weights', map.toArray());
  fixture.expectEqual('out', 'context', context.toArray());
  if (positions) fixture.expectEqual('out', 'p', positions.toArray());

  const own = sourceOf(Object.fromEntries(Object.keys(names).map((name) => [name, weights.get(name)!])));
  const scored = loadParameters(runtime, own, '', (parameters) => createScore(score, parameters, config));
  fixture.expectEqual('out', 'scores', scored.score(query, scored.prepareKeys(keys)).toArray());
  scored.dispose();

  const { gradients } = runtime.gradients(
    () => {
      const result = read();
      const cotangents = ['context', 'weights'].map((name) => fixture.floats(`in.cotangent.${name}`));
      return weightedLoss([result.context, result.weights], cotangents);
    },
    new Map([...attention.parameters(), ['in.s', query], ['in.h', keys]]),
  );
  fixture.expectGradients(
    new Map([...gradients].map(([name, gradient]) => [torchNames[name] ?? name, gradient])),
  );
  attention.dispose();
});
