/** Attention and Luong's decoder step against PyTorch. */
import { Attention, type AttentionConfig } from '../../src/layers/attention.ts';
import { add, tanh } from '../../src/ops/elementwise.ts';
import { embedding } from '../../src/ops/embedding.ts';
import { concatenate } from '../../src/ops/join.ts';
import { addLinear, linear } from '../../src/ops/linear.ts';
import { lstmCell } from '../../src/ops/lstm.ts';
import { PackedWeight } from '../../src/ops/packedWeight.ts';
import { additiveScore, dotScore, weightedSum } from '../../src/ops/score.ts';
import { softmax } from '../../src/ops/softmax.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import type { StoredTensor } from '../../src/tensor/weights.ts';
import { weightedLoss } from '../support/gradientCheck.ts';
import { sourceOf, type TorchCase, torchCases } from '../support/torchFixtures.ts';

/** Torch's weights under heed's names, and how heed's gradients are torch's. */
interface Mapping {
  readonly config: Pick<AttentionConfig, 'score' | 'attentionSize'>;
  readonly weights: Readonly<Record<string, StoredTensor>>;
  /** Torch's gradient by name, from heed's. */
  readonly gradients: Readonly<Record<string, (gradient: (name: string) => Tensor) => ArrayLike<number>>>;
}

function mappingOf(fixture: TorchCase): Mapping {
  const { query_dim: querySize, attn_dim: attentionSize } = fixture.row.ctor as Record<string, number>;
  const kind = fixture.row.case.replace(/(_nomask)?_(odd|simd)$/, '');
  const vector = () => ({ ...fixture.stored('w.v'), shape: [1, attentionSize!] });
  const gradientOf = (name: string) => (gradient: (name: string) => Tensor) => gradient(name).toArray();
  switch (kind) {
    case 'dot':
      return { config: { score: 'dot' }, weights: {}, gradients: {} };
    case 'scaled_dot':
      return { config: { score: 'scaled-dot' }, weights: {}, gradients: {} };
    case 'general':
      return {
        config: { score: 'general' },
        weights: { 'attn.weight': fixture.stored('w.W') },
        gradients: { 'w.W': gradientOf('attn.weight') },
      };
    case 'additive':
      return {
        config: { score: 'additive', attentionSize },
        weights: {
          'attn_q.weight': fixture.stored('w.W_q'),
          'attn_k.weight': fixture.stored('w.W_k'),
          'attn_v.weight': vector(),
        },
        gradients: {
          'w.W_q': gradientOf('attn_q.weight'),
          'w.W_k': gradientOf('attn_k.weight'),
          'w.v': gradientOf('attn_v.weight'),
        },
      };
    default: {
      // concat: W [s; h] = W_q s + W_k h, the columns of W in two.
      const whole = fixture.stored('w.W');
      const parts = (from: number, to: number) => columnsOf(whole, from, to);
      return {
        config: { score: 'additive', attentionSize },
        weights: {
          'attn_q.weight': parts(0, querySize!),
          'attn_k.weight': parts(querySize!, whole.shape[1]!),
          'attn_v.weight': vector(),
        },
        gradients: {
          'w.W': (gradient) => concatenate([gradient('attn_q.weight'), gradient('attn_k.weight')]).toArray(),
          'w.v': gradientOf('attn_v.weight'),
        },
      };
    }
  }
}

/** Columns [from, to) of a stored f32 matrix. */
function columnsOf({ shape, bytes }: StoredTensor, from: number, to: number): StoredTensor {
  const [rows, columns] = shape as [number, number];
  const kept = Array.from({ length: rows }, (_, row) =>
    bytes.slice(4 * (row * columns + from), 4 * (row * columns + to)),
  );
  return { dtype: 'F32', shape: [rows, to - from], bytes: Uint8Array.from(kept.flatMap((row) => [...row])) };
}

const cases = [
  'dot',
  'scaled_dot',
  'general',
  'general_nomask',
  'additive',
  'additive_nomask',
  'concat',
].flatMap((kind) => [`${kind}_odd`, `${kind}_simd`]);

torchCases('attention', cases, (fixture) => {
  const { runtime } = fixture;
  const { config, weights, gradients: torchGradients } = mappingOf(fixture);
  const query = fixture.tensor('in.s');
  const keys = fixture.tensor('in.h');
  const lengths = fixture.optional('in.src_len');
  const attention = Attention.load(runtime, sourceOf(weights), {
    ...config,
    querySize: query.shape[2]!,
    keySize: keys.shape[2]!,
  });
  const named = attention.parameters();

  const { context, weights: map } = attention.read(query, attention.remember(keys, lengths));
  fixture.expectEqual('out', 'weights', map.toArray());
  fixture.expectEqual('out', 'context', context.toArray());

  const memory = attention.remember(keys);
  const vector = named.get('attn_v.weight');
  if (vector) {
    const queryWeight = new PackedWeight(named.get('attn_q.weight')!);
    const scores = additiveScore(linear(query, queryWeight), memory.keys, vector.reshape([vector.size]));
    fixture.expectEqual('out', 'scores', scores.toArray());
    queryWeight.dispose();
  } else {
    const factor = config.score === 'scaled-dot' ? 1 / Math.sqrt(keys.shape[2]!) : 1;
    fixture.expectEqual('out', 'scores', dotScore(query, memory.keys, factor).toArray());
  }

  const { gradients } = runtime.gradients(
    () => {
      const read = attention.read(query, attention.remember(keys, lengths));
      const cotangents = ['context', 'weights'].map((name) => fixture.floats(`in.cotangent.${name}`));
      return weightedLoss([read.context, read.weights], cotangents);
    },
    new Map([...named, ['in.s', query], ['in.h', keys]]),
  );
  for (const name of ['in.s', 'in.h']) fixture.expectEqual('grad', name, gradients.get(name)!.toArray());
  for (const [name, gradient] of Object.entries(torchGradients)) {
    fixture.expectEqual(
      'grad',
      name,
      gradient((own) => gradients.get(own)!),
    );
  }
  attention.dispose();
});

torchCases(
  'attention',
  ['dot', 'general', 'concat'].flatMap((score) => [`luong_step_${score}_odd`, `luong_step_${score}_simd`]),
  (fixture) => {
    const { runtime } = fixture;
    const { hidden, emb } = fixture.row.ctor as Record<string, number>;
    const names = fixture.names('grad.');
    const parameters = new Map(names.map((name) => [name, fixture.tensor(name)]));
    const of = (name: string): Tensor => parameters.get(name)!;
    const packed: PackedWeight[] = [];
    const weight = (name: string, from = 0, to = of(name).shape[1]!): PackedWeight => {
      const part = new PackedWeight(of(name), { from, to });
      packed.push(part);
      return part;
    };
    const encoded = of('in.enc');
    const [batch, time, size] = encoded.shape as [number, number, number];
    const ids = fixture.tensor('in.y_prev');
    const lengths = fixture.tensor('in.src_len');

    const scoresOf = (query: Tensor): Tensor => {
      switch (fixture.row.ctor.score) {
        case 'dot':
          return dotScore(query, encoded);
        case 'general':
          return dotScore(query, linear(encoded, weight('w.W_a')));
        default: {
          const projected = linear(query, weight('w.W_a', 0, hidden));
          return additiveScore(projected, linear(encoded, weight('w.W_a', hidden)), of('w.v_a'));
        }
      }
    };
    const step = (): Record<string, Tensor> => {
      const bias = add(of('w.lstm.bias_ih'), of('w.lstm.bias_hh'));
      const embedded = linear(
        embedding(of('w.embedding.weight'), ids),
        weight('w.lstm.weight_ih', 0, emb),
        bias,
      );
      const fed = addLinear(embedded, of('in.htilde_prev'), weight('w.lstm.weight_ih', emb));
      const gates = addLinear(fed, of('in.h_prev'), weight('w.lstm.weight_hh'));
      const { hidden: h, cell: c } = lstmCell(gates, of('in.c_prev'));
      const weights = softmax(scoresOf(h.reshape([batch, 1, hidden!])), { lengths });
      const context = weightedSum(weights, encoded).reshape([batch, size]);
      const htilde = tanh(linear(concatenate([context, h]), weight('w.W_c')));
      const logits = linear(htilde, weight('w.W_s'));
      return { h, c, context, weights: weights.reshape([batch, time]), htilde, logits };
    };

    runtime.scope(() => {
      for (const [name, tensor] of Object.entries(step())) fixture.expectEqual('out', name, tensor.toArray());
    });
    const { gradients } = runtime.gradients(() => {
      const outputs = step();
      const cotangents = Object.keys(outputs).map((name) => fixture.floats(`in.cotangent.${name}`));
      return weightedLoss(Object.values(outputs), cotangents);
    }, parameters);
    fixture.expectGradients(gradients);
    for (const part of packed) part.dispose();
  },
);
