/** The encoder of MiniLM's shape, whole: the same weights for every engine. */
import type { Case, Contender } from '../case.ts';
import { encoderLayer, heed, heedContender, type RuntimeChoice, weightSource } from '../engines/heed.ts';
import { onnxNative, onnxWeb } from '../engines/onnxruntime.ts';
import { EPSILON } from '../tolerance.ts';
import { encoderGraph } from './encoderGraph.ts';
import { createProblem, D, HEADS, INNER, LAYERS, type Problem, S } from './encoderProblem.ts';
import { encoderTensorflow } from './encoderTensorflow.ts';

const base = {
  name: `encoder MiniLM S${S}`,
  flops: LAYERS * (2 * S * D * (4 * D + 2 * INNER) + 4 * S * S * D),
  // No reference in double precision: the engines are held against one another. A layer's deepest sum has INNER terms
  // of values of about 1, and its norms pass relative errors on.
  tolerance: 2 * LAYERS * (INNER + 4 * D + S) * EPSILON,
};

/** On one thread. */
export function encoderCases(): Case[] {
  const problem = createProblem();
  const run = encoderGraph(problem);
  return [
    { ...base, heed: ours(problem), peers: [onnxWeb(run), encoderTensorflow(problem), onnxNative(run)] },
  ];
}

/** On two threads, against heed on one and the peers that have them. */
export function threadedEncoderCases(): Case[] {
  const problem = createProblem();
  const run = encoderGraph(problem);
  const name = `${base.name} 2 threads`;
  const peers = [ours(problem), onnxWeb(run), onnxNative(run, 2)];
  return [{ ...base, name, threaded: true, heed: ours(problem, { threads: 2 }), peers }];
}

function ours({ x, layers }: Problem, choice?: RuntimeChoice): Contender {
  return heedContender((runtime) => {
    const input = heed.Tensor.from(runtime, x, [1, S, D]);
    const encoder = layers.map((layer) =>
      encoderLayer(runtime, weightSource(layer), { modelSize: D, heads: HEADS, feedForwardSize: INNER }),
    );
    return () => encoder.reduce((hidden, layer) => layer(hidden), input);
  }, choice);
}
