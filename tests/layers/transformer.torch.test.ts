/** The Transformer's layers and stacks against PyTorch: outputs and all gradients. */
import { TransformerDecoderLayer } from '../../src/layers/decoderLayer.ts';
import { TransformerEncoderLayer } from '../../src/layers/encoderLayer.ts';
import { Transformer } from '../../src/layers/transformer.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { weightedLoss } from '../support/gradientCheck.ts';
import { hiddenAsLengths } from '../support/masks.ts';
import { fixtureNames, type TorchCase, torchCases } from '../support/torchFixtures.ts';

const FORMS = ['post_relu', 'pre_relu', 'post_gelu', 'pre_gelu'];

/** What a case's module was built with. */
function configOf({ row }: TorchCase) {
  const { d_model, nhead, dim_feedforward } = row.ctor as Record<string, number>;
  return {
    modelSize: d_model!,
    heads: nhead!,
    feedForwardSize: dim_feedforward!,
    activation: row.ctor.activation as 'relu' | 'gelu',
    normFirst: row.ctor.norm_first as boolean,
    prefix: 'w.',
  };
}

/** What a padding mask [batch, positions] (true: hidden) leaves of each row. */
function lengthsOf(fixture: TorchCase, name: string): Tensor | undefined {
  if (!fixture.has(name)) return undefined;
  const [batch, positions] = fixture.stored(name).shape as [number, number];
  return Tensor.from(fixture.runtime, hiddenAsLengths(fixture.floats(name), positions), [batch], 'i32');
}

/** A mask (true: hidden) as 1 for what may be seen. */
function maskOf(fixture: TorchCase, name: string): Tensor | undefined {
  if (!fixture.has(name)) return undefined;
  const seen = fixture.floats(name).map((hidden) => 1 - hidden);
  return Tensor.from(fixture.runtime, seen, fixture.stored(name).shape, 'i32');
}

/** Compares outputs and gradients. */
function compare(
  fixture: TorchCase,
  layer: { parameters(): ReadonlyMap<string, Tensor>; dispose(): void },
  inputs: Readonly<Record<string, Tensor>>,
  forward: () => Tensor,
): void {
  fixture.expectEqual('out', 'y', forward().toArray());
  const parameters = fixtureNames(layer);
  for (const [name, input] of Object.entries(inputs)) parameters.set(name, input);
  const cotangents = [fixture.floats('in.cotangent.y')];
  const { gradients } = fixture.runtime.gradients(() => weightedLoss([forward()], cotangents), parameters);
  fixture.expectGradients(gradients);
  layer.dispose();
}

torchCases(
  'layers',
  FORMS.map((form) => `encoder_layer_${form}`),
  (fixture) => {
    const layer = TransformerEncoderLayer.load(fixture.runtime, fixture.source, configOf(fixture));
    const x = fixture.tensor('in.src');
    const options = {
      mask: maskOf(fixture, 'in.src_mask'),
      lengths: lengthsOf(fixture, 'in.src_key_padding_mask'),
    };
    compare(fixture, layer, { 'in.src': x }, () => layer.forward(x, options).output);
  },
);

torchCases(
  'layers',
  FORMS.map((form) => `decoder_layer_${form}`),
  (fixture) => {
    const layer = TransformerDecoderLayer.load(fixture.runtime, fixture.source, configOf(fixture));
    const [x, memory] = [fixture.tensor('in.tgt'), fixture.tensor('in.memory')];
    const options = {
      mask: maskOf(fixture, 'in.tgt_mask'),
      lengths: lengthsOf(fixture, 'in.tgt_key_padding_mask'),
      memoryMask: maskOf(fixture, 'in.memory_mask'),
      memoryLengths: lengthsOf(fixture, 'in.memory_key_padding_mask'),
    };
    const inputs = { 'in.tgt': x, 'in.memory': memory };
    compare(fixture, layer, inputs, () => layer.forward(x, memory, options).output);
  },
);

torchCases('layers', ['transformer_post_relu', 'transformer_pre_gelu'], (fixture) => {
  const { num_encoder_layers, num_decoder_layers } = fixture.row.ctor as Record<string, number>;
  const model = Transformer.load(fixture.runtime, fixture.source, {
    ...configOf(fixture),
    encoderLayers: num_encoder_layers!,
    decoderLayers: num_decoder_layers!,
  });
  const [source, target] = [fixture.tensor('in.src'), fixture.tensor('in.tgt')];
  const options = {
    source: { mask: maskOf(fixture, 'in.src_mask'), lengths: lengthsOf(fixture, 'in.src_key_padding_mask') },
    target: {
      mask: maskOf(fixture, 'in.tgt_mask'),
      lengths: lengthsOf(fixture, 'in.tgt_key_padding_mask'),
    },
  };
  const inputs = { 'in.src': source, 'in.tgt': target };
  compare(fixture, model, inputs, () => model.forward(source, target, options).output);
});
