/** The encoder as a graph of ONNX's own operators. */
import type { GraphRun } from '../engines/onnxruntime.ts';
import type { Graph, Operator } from '../onnx.ts';
import {
  D,
  HEAD_SIZE,
  HEADS,
  type Layer,
  NORM_EPSILON,
  type Problem,
  projection,
  S,
  transposed,
  type Weight,
} from './encoderProblem.ts';

/** The operators that an exporter writes; onnxruntime fuses them when it loads the graph. */
class GraphBuilder {
  readonly operators: Operator[] = [];
  readonly weights: Record<string, Graph['weights'][string]> = {};

  add(type: string, inputs: readonly string[], rest: Partial<Operator> = {}): string {
    const output = `${type}${this.operators.length}`;
    this.operators.push({ type, inputs, output, ...rest });
    return output;
  }

  constant(shape: readonly number[], data: Graph['weights'][string]['data']): string {
    const name = `constant${Object.keys(this.weights).length}`;
    this.weights[name] = { shape, data };
    return name;
  }

  shape(sizes: readonly number[]): string {
    return this.constant([sizes.length], BigInt64Array.from(sizes, BigInt));
  }

  /** x · weight^T + bias */
  linear(x: string, weight: Float32Array, bias: Float32Array): string {
    const outputs = bias.length;
    const matrix = this.constant([weight.length / outputs, outputs], transposed(weight, outputs));
    return this.add('Add', [this.add('MatMul', [x, matrix]), this.constant([outputs], bias)]);
  }

  norm(x: string, weight: Weight, bias: Weight): string {
    const parameters = [this.constant(weight.shape, weight.data), this.constant(bias.shape, bias.data)];
    return this.add('LayerNormalization', [x, ...parameters], { attributes: { epsilon: NORM_EPSILON } });
  }
}

/** The model as an ONNX graph. */
export function encoderGraph({ x, layers }: Problem): GraphRun {
  const builder = new GraphBuilder();
  const output = layers.reduce((hidden, layer) => addLayer(builder, hidden, layer), 'x');
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

function addLayer(builder: GraphBuilder, x: string, layer: Layer): string {
  const [q, k, v] = ([0, 1, 2] as const).map((which) => {
    const { weight, bias } = projection(layer, which);
    return builder.linear(x, weight, bias);
  });
  const attended = addAttention(builder, q!, k!, v!);
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
function addAttention(builder: GraphBuilder, q: string, k: string, v: string): string {
  const heads = builder.shape([1, S, HEADS, HEAD_SIZE]);
  const split = (x: string, perm: readonly number[]): string =>
    builder.add('Transpose', [builder.add('Reshape', [x, heads])], { attributes: { perm } });
  const scale = builder.constant([1], Float32Array.of(1 / Math.sqrt(HEAD_SIZE)));
  const products = builder.add('MatMul', [split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])]);
  const weights = builder.add('Softmax', [builder.add('Mul', [products, scale])], {
    attributes: { axis: -1 },
  });
  const context = builder.add('MatMul', [weights, split(v, [0, 2, 1, 3])]);
  const merged = builder.add('Transpose', [context], { attributes: { perm: [0, 2, 1, 3] } });
  return builder.add('Reshape', [merged, builder.shape([1, S, D])]);
}
