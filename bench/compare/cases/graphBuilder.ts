/** Puts an ONNX graph together, operator by operator. */
import type { Graph, Operator } from '../onnx.ts';
import { NORM_EPSILON, transposed, type Weight } from './encoderProblem.ts';

/** The operators that an exporter writes; onnxruntime fuses them when it loads the graph. */
export class GraphBuilder {
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
