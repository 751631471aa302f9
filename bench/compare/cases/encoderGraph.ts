/** The encoder as a graph of ONNX's own operators. */
import type { GraphRun } from '../engines/onnxruntime.ts';
import { D, HEAD_SIZE, HEADS, type Layer, type Problem, projection, S } from './encoderProblem.ts';
import { GraphBuilder } from './graphBuilder.ts';

/** The model as an ONNX graph. */
export function encoderGraph({ x, layers }: Problem): GraphRun {
  const builder = new GraphBuilder();
  const output = layers.reduce((hidden, layer) => addLayer(builder, hidden, layer, [1, S]), 'x');
  const { operators, weights } = builder;
  return {
    graph: {
      inputs: { x: [1, S, D] },
      output: { name: output, shape: [1, S, D] },
      weights,
      operators,
    },
    feeds: { x },
  };
}

/**
 * @param sizes the batch and the time; 0 for what they are in the input
 * @param mask added to the scores, [batch, 1, 1, time]
 */
export function addLayer(
  builder: GraphBuilder,
  x: string,
  layer: Layer,
  sizes: readonly [batch: number, time: number],
  mask?: string,
): string {
  const [q, k, v] = ([0, 1, 2] as const).map((which) => {
    const { weight, bias } = projection(layer, which);
    return builder.linear(x, weight, bias);
  });
  const attended = addAttention(builder, [q!, k!, v!], sizes, mask);
  const weightOf = (name: string): [Float32Array, Float32Array] => [
    layer[`${name}.weight`]!.data,
    layer[`${name}.bias`]!.data,
  ];
  const projected = builder.linear(attended, ...weightOf('self_attn.out_proj'));
  const first = builder.norm(
    builder.add('Add', [x, projected]),
    layer['norm1.weight']!,
    layer['norm1.bias']!,
  );
  const inner = builder.add('Gelu', [builder.linear(first, ...weightOf('linear1'))]);
  const second = builder.linear(inner, ...weightOf('linear2'));
  return builder.norm(builder.add('Add', [first, second]), layer['norm2.weight']!, layer['norm2.bias']!);
}

/** Attention as it is exported: a matrix of weights for each head. */
function addAttention(
  builder: GraphBuilder,
  [q, k, v]: readonly [string, string, string],
  sizes: readonly [batch: number, time: number],
  mask: string | undefined,
): string {
  const heads = builder.shape([...sizes, HEADS, HEAD_SIZE]);
  const split = (x: string, perm: readonly number[]): string =>
    builder.add('Transpose', [builder.add('Reshape', [x, heads])], { attributes: { perm } });
  const scale = builder.constant([1], Float32Array.of(1 / Math.sqrt(HEAD_SIZE)));
  const products = builder.add('MatMul', [split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])]);
  const scaled = builder.add('Mul', [products, scale]);
  const scores = mask === undefined ? scaled : builder.add('Add', [scaled, mask]);
  const weights = builder.add('Softmax', [scores], { attributes: { axis: -1 } });
  const context = builder.add('MatMul', [weights, split(v, [0, 2, 1, 3])]);
  const merged = builder.add('Transpose', [context], { attributes: { perm: [0, 2, 1, 3] } });
  return builder.add('Reshape', [merged, builder.shape([...sizes, D])]);
}
