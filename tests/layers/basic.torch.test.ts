/** Linear, Embedding, norms, softmax, activations and cross-entropy against PyTorch. */
import { expect } from 'vitest';
import { Embedding } from '../../src/layers/embedding.ts';
import { Linear } from '../../src/layers/linear.ts';
import { LayerNorm, RMSNorm } from '../../src/layers/norm.ts';
import { gelu, geluTanh, relu, silu } from '../../src/ops/activation.ts';
import { crossEntropy } from '../../src/ops/crossEntropy.ts';
import { sigmoid, tanh } from '../../src/ops/elementwise.ts';
import { logSoftmax, softmax } from '../../src/ops/softmax.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { weightedLoss } from '../support/gradientCheck.ts';
import { fixtureNames, type TorchCase, torchCases } from '../support/torchFixtures.ts';

/** Checks output y and the gradients of the given tensors. */
function checkOutput(fixture: TorchCase, compute: () => Tensor, parameters: Map<string, Tensor>): void {
  fixture.expectEqual('out', 'y', compute().toArray());
  const cotangent = fixture.floats('in.cotangent.y');
  const { gradients } = fixture.runtime.gradients(() => weightedLoss([compute()], [cotangent]), parameters);
  fixture.expectGradients(gradients);
}

torchCases('layers', ['linear_odd', 'linear_simd', 'linear_vec', 'linear_nobias'], (fixture) => {
  const { in_features, out_features, bias } = fixture.row.ctor as Record<string, number>;
  const config = { inputs: in_features!, outputs: out_features!, bias: Boolean(bias), prefix: 'w.' };
  const x = fixture.tensor('in.x');
  const layer = Linear.load(fixture.runtime, fixture.source, config);
  checkOutput(fixture, () => layer.forward(x), fixtureNames(layer).set('in.x', x));
  layer.dispose();
});

torchCases('layers', ['embedding', 'embedding_padidx'], (fixture) => {
  const { num_embeddings, embedding_dim, padding_idx } = fixture.row.ctor as Record<string, number>;
  const config = { count: num_embeddings!, size: embedding_dim!, paddingId: padding_idx, prefix: 'w.' };
  const ids = fixture.tensor('in.ids');
  const layer = Embedding.load(fixture.runtime, fixture.source, config);
  checkOutput(fixture, () => layer.forward(ids), fixtureNames(layer));
  layer.dispose();
});

const activations: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  act_tanh: tanh,
  act_sigmoid: sigmoid,
  act_relu: relu,
  act_gelu_erf: gelu,
  act_gelu_tanh: geluTanh,
  act_gelu_new: geluTanh,
  act_silu: silu,
};

torchCases('layers', Object.keys(activations), (fixture) => {
  const x = fixture.tensor('in.x');
  checkOutput(fixture, () => activations[fixture.row.case]!(x), new Map([['in.x', x]]));
});

torchCases(
  'layers',
  ['odd_eps1e-05', 'simd_eps1e-05', 'simd_eps1e-12', 'noaffine', 'smallvar'].map(
    (kind) => `layernorm_${kind}`,
  ),
  (fixture) => {
    const { normalized_shape: size, eps, elementwise_affine: weight } = fixture.row.ctor;
    const config = { size: size as number, epsilon: eps as number | undefined, weight: weight !== false };
    const x = fixture.tensor('in.x');
    const layer = LayerNorm.load(fixture.runtime, fixture.source, { ...config, prefix: 'w.' });
    checkOutput(fixture, () => layer.forward(x), fixtureNames(layer).set('in.x', x));
    layer.dispose();
  },
);

torchCases('layers', ['rmsnorm_odd', 'rmsnorm_simd'], (fixture) => {
  const { dim, eps } = fixture.row.ctor as Record<string, number>;
  const x = fixture.tensor('in.x');
  const config = { size: dim!, epsilon: eps!, prefix: 'w.' };
  const layer = RMSNorm.load(fixture.runtime, fixture.source, config);
  checkOutput(fixture, () => layer.forward(x), fixtureNames(layer).set('in.x', x));
  layer.dispose();
});

torchCases(
  'layers',
  ['softmax', 'log_softmax'].flatMap((op) => ['plain', 'simd', 'hard'].map((kind) => `${op}_${kind}`)),
  (fixture) => {
    const x = fixture.tensor('in.x');
    const op = fixture.row.case.startsWith('log') ? logSoftmax : softmax;
    checkOutput(fixture, () => op(x), new Map([['in.x', x]]));
  },
);

// A row of -inf: torch gives NaN, heed zeros (log: -inf), as documented. Its neighbours are the same.
torchCases('layers', ['softmax_all_neg_inf', 'log_softmax_all_neg_inf'], (fixture) => {
  const isLog = fixture.row.case.startsWith('log');
  const y = (isLog ? logSoftmax : softmax)(fixture.tensor('in.x'));
  const columns = y.shape[1]!;
  const expected = fixture.floats('out.y');
  expect(expected.subarray(columns, 2 * columns).every(Number.isNaN)).toBe(true);
  y.toArray().forEach((value, i) => {
    if (Math.floor(i / columns) === 1) expect(value).toBe(isLog ? -Infinity : 0);
    else expect(value === expected[i]! || Math.abs(value - expected[i]!) <= fixture.row.tol.out).toBe(true);
  });
});

torchCases(
  'layers',
  ['mean', 'sum', 'ignore', 'smooth', 'smooth_ignore', 'extreme'].map((kind) => `cross_entropy_${kind}`),
  (fixture) => {
    const { reduction, ignore_index, label_smoothing } = fixture.row.ctor;
    const logits = fixture.tensor('in.logits');
    const targets = fixture.tensor('in.target');
    const options = {
      ignored: ignore_index as number | undefined,
      labelSmoothing: label_smoothing as number | undefined,
      divisor: reduction === 'sum' ? 1 : undefined,
    };
    const { loss, gradients } = fixture.runtime.gradients(
      () => crossEntropy(logits, targets, options),
      new Map([['in.logits', logits]]),
    );
    fixture.expectEqual('out', 'loss', [loss]);
    fixture.expectGradients(gradients);
  },
);

// No reduction: each row alone, summed with its cotangent. heed's divisor is one number, so row by row.
torchCases('layers', ['cross_entropy_none'], (fixture) => {
  const logits = fixture.tensor('in.logits');
  const targets = fixture.tensor('in.target');
  const cotangent = fixture.floats('in.cotangent.loss');
  const options = { ignored: fixture.row.ctor.ignore_index as number, divisor: 1 };
  const row = (r: number): Tensor => crossEntropy(logits.slice(r, r + 1), targets.slice(r, r + 1), options);
  const rows = Array.from(cotangent, (_, r) => r);
  const losses = rows.map((r) => row(r).item());
  fixture.expectEqual('out', 'loss', losses);
  const { gradients } = fixture.runtime.gradients(
    () =>
      weightedLoss(
        rows.map(row),
        rows.map((r) => [cotangent[r]!]),
      ),
    new Map([['in.logits', logits]]),
  );
  fixture.expectGradients(gradients);
});
