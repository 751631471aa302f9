import {
  TransformerDecoderLayer,
  type TransformerDecoderLayerOptions,
} from '../../../src/layers/decoderLayer.ts';
import { TransformerEncoderLayer } from '../../../src/layers/encoderLayer.ts';
import { Transformer } from '../../../src/layers/transformer.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import { evaluate, outputsOf, parametersOf } from '../evaluate.ts';
import type { Fixture } from '../fixture.ts';
import { maskOptions } from '../masks.ts';
import type { Runners } from '../runner.ts';

/** What encoder and decoder layers have in common. */
export function layerConfig({ options }: Fixture) {
  options.only('batch_first', true, false);
  options.only('dropout', 0, 0.1);
  return {
    modelSize: options.number('d_model'),
    heads: options.number('nhead'),
    feedForwardSize: options.number('dim_feedforward', 2048),
    activation: options.choice('activation', ['relu', 'gelu']),
    normFirst: options.flag('norm_first', false),
    epsilon: options.number('layer_norm_eps', 1e-5),
    prefix: 'w.',
  };
}

/** The ways to say what a decoder's targets see of each other and of the memory, by tensors' names. */
function decoderOptions(
  fixture: Fixture,
  sizes: {
    readonly batch: number;
    readonly heads: number;
    readonly targets: number;
    readonly source: number;
  },
  memoryPadding: string,
): [TransformerDecoderLayerOptions, ...TransformerDecoderLayerOptions[]] {
  const { batch, heads, targets, source } = sizes;
  const ofTargets = maskOptions(
    fixture,
    { mask: 'in.tgt_mask', padding: 'in.tgt_key_padding_mask' },
    { batch, heads, queries: targets, keys: targets },
  );
  const ofMemory = maskOptions(
    fixture,
    { mask: 'in.memory_mask', padding: memoryPadding },
    { batch, heads, queries: targets, keys: source, canBeCausal: false },
  );
  const [first, ...others] = ofTargets.flatMap((own) =>
    ofMemory.map(({ mask, lengths }) => ({
      ...own,
      memoryMask: mask as Tensor | undefined,
      memoryLengths: lengths,
    })),
  );
  return [first!, ...others];
}

export const transformerRunners: Runners = {
  'nn.TransformerEncoderLayer': (fixture) => {
    const config = layerConfig(fixture);
    const layer = fixture.own(TransformerEncoderLayer.load(fixture.runtime, fixture.source, config));
    const x = fixture.tensor('in.src');
    const [batch, time] = x.shape as [number, number, number];
    const sizes = { batch, heads: config.heads, queries: time, keys: time };
    const masks = { mask: 'in.src_mask', padding: 'in.src_key_padding_mask' };
    const [mask, ...sameMasks] = maskOptions(fixture, masks, sizes);
    const compute = (wanted: typeof mask) => (): Record<string, Tensor> => ({
      y: layer.forward(x, wanted).output,
    });
    const comparisons = evaluate(fixture, parametersOf(layer, { 'in.src': x }), compute(mask));
    for (const same of sameMasks) comparisons.push(...outputsOf(fixture, compute(same)));
    return { comparisons, arithmetic: { approximations: 2 } };
  },

  'nn.TransformerDecoderLayer': (fixture) => {
    const config = layerConfig(fixture);
    const layer = fixture.own(TransformerDecoderLayer.load(fixture.runtime, fixture.source, config));
    const [x, memory] = [fixture.tensor('in.tgt'), fixture.tensor('in.memory')];
    const [batch, targets] = x.shape as [number, number, number];
    const sizes = { batch, heads: config.heads, targets, source: memory.shape[1]! };
    const [first, ...others] = decoderOptions(fixture, sizes, 'in.memory_key_padding_mask');
    const compute = (options: typeof first) => (): Record<string, Tensor> => ({
      y: layer.forward(x, memory, options).output,
    });
    const parameters = parametersOf(layer, { 'in.tgt': x, 'in.memory': memory });
    const comparisons = evaluate(fixture, parameters, compute(first));
    for (const same of others) comparisons.push(...outputsOf(fixture, compute(same)));
    return { comparisons, arithmetic: { approximations: 3 } };
  },

  'nn.Transformer': (fixture) => {
    const { options, runtime, description } = fixture;
    const layers = {
      encoderLayers: options.number('num_encoder_layers', 6),
      decoderLayers: options.number('num_decoder_layers', 6),
    };
    const config = { ...layerConfig(fixture), ...layers };
    const model = fixture.own(Transformer.load(runtime, fixture.source, config));
    const [source, target] = [fixture.tensor('in.src'), fixture.tensor('in.tgt')];
    const [batch, time] = source.shape as [number, number, number];
    const sizes = { batch, heads: config.heads, targets: target.shape[1]!, source: time };
    const sourceMasks = { mask: 'in.src_mask', padding: 'in.src_key_padding_mask' };
    const [ofSource] = maskOptions(fixture, sourceMasks, { ...sizes, queries: time, keys: time });
    // The call may give the source's padding for the memory's, without a tensor of its own.
    const isShared = String(description.call).includes('memory_key_padding_mask = src_key_padding_mask');
    const memoryPadding = isShared ? 'in.src_key_padding_mask' : 'in.memory_key_padding_mask';
    const [first, ...others] = decoderOptions(fixture, sizes, memoryPadding);
    const compute = (ofTarget: typeof first) => (): Record<string, Tensor> => ({
      y: model.forward(source, target, { source: ofSource, target: ofTarget }).output,
    });
    const parameters = parametersOf(model, { 'in.src': source, 'in.tgt': target });
    const comparisons = evaluate(fixture, parameters, compute(first));
    for (const same of others) comparisons.push(...outputsOf(fixture, compute(same)));
    const depth = 2 * layers.encoderLayers + 3 * layers.decoderLayers;
    return { comparisons, arithmetic: { approximations: depth } };
  },
};
