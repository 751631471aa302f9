/** The Transformer's encoder layer against PyTorch. */
import { TransformerEncoderLayer } from '../../src/layers/encoderLayer.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { weightedLoss } from '../support/gradientCheck.ts';
import { hiddenAsLengths } from '../support/masks.ts';
import { fixtureNames, torchCases } from '../support/torchFixtures.ts';

torchCases(
  'layers',
  ['post_relu', 'pre_relu', 'post_gelu', 'pre_gelu'].map((name) => `encoder_layer_${name}`),
  (fixture) => {
    const { runtime } = fixture;
    const { d_model, nhead, dim_feedforward } = fixture.row.ctor as Record<string, number>;
    const layer = TransformerEncoderLayer.load(runtime, fixture.source, {
      modelSize: d_model!,
      heads: nhead!,
      feedForwardSize: dim_feedforward!,
      activation: fixture.row.ctor.activation as 'relu' | 'gelu',
      normFirst: fixture.row.ctor.norm_first as boolean,
      prefix: 'w.',
    });
    const x = fixture.tensor('in.src');
    const padding = 'in.src_key_padding_mask';
    const lengths = fixture.has(padding)
      ? Tensor.from(runtime, hiddenAsLengths(fixture.floats(padding), x.shape[1]!), [x.shape[0]!], 'i32')
      : undefined;
    const mask = fixture.has('in.src_mask') ? 'causal' : undefined;

    const { output } = layer.forward(x, { mask, lengths });
    fixture.expectEqual('out', 'y', output.toArray());
    const cotangents = [fixture.floats('in.cotangent.y')];
    const { gradients } = runtime.gradients(
      () => weightedLoss([layer.forward(x, { mask, lengths }).output], cotangents),
      fixtureNames(layer).set('in.src', x),
    );
    fixture.expectGradients(gradients);
    layer.dispose();
  },
);
