/**
 * GPT-2 (Radford 2019):
 *
 *   x = words(ids) + positions     x += attention(LN(x)), x += feedForward(LN(x)) in each layer     logits = head(LN(x))
 */
import { Embedding } from '../../layers/embedding.ts';
import { TransformerEncoderLayer } from '../../layers/encoderLayer.ts';
import { Linear } from '../../layers/linear.ts';
import { LayerNorm } from '../../layers/norm.ts';
import type { Parameters } from '../../layers/parameters.ts';
import { LearnedPositions } from '../../layers/positions.ts';
import { TiedEmbedding } from '../../layers/tiedEmbedding.ts';
import { CausalModel } from '../causal/model.ts';
import type { GPT2Config } from './config.ts';

/** @throws ArgumentError for sizes that do not fit */
export function gpt2Model(parameters: Parameters, config: GPT2Config): CausalModel<GPT2Config> {
  const { vocabulary, modelSize, maxLength, epsilon } = config;
  const table = { count: vocabulary, size: modelSize };
  const tied = config.tiedEmbeddings ? new TiedEmbedding(parameters.within('words.'), table) : undefined;
  const words = tied ?? new Embedding(parameters.within('words.'), table);
  const positions = new LearnedPositions(parameters.within('positions.'), { maxLength, size: modelSize });
  const layers = Array.from(
    { length: config.layers },
    (_, i) => new TransformerEncoderLayer(parameters.within(`layers.${i}.`), { ...config, normFirst: true }),
  );
  const norm = new LayerNorm(parameters.within('norm.'), { size: modelSize, epsilon });
  const sizes = { inputs: modelSize, outputs: vocabulary, bias: false };
  const head = tied ? undefined : new Linear(parameters.within('head.'), sizes);
  return new CausalModel('gpt2', parameters.runtime, config, {
    layers: layers.map((layer) => ({
      forward: (x, { cache, lengths, returnWeights }) =>
        layer.forward(x, { causal: true, cache, lengths, returnWeights }),
      dispose: () => layer.dispose(),
    })),
    keySize: modelSize,
    embed: (ids, first) => positions.forward(words.forward(ids), first),
    finish: (x) => norm.forward(x),
    score: (x) => tied?.score(x) ?? head!.forward(x),
    dispose() {
      for (const part of [words, positions, ...layers, norm, head]) part?.dispose();
    },
  });
}
