/** A Transformer encoder of MiniLM's shape with random weights: 6 layers, 384 wide, 12 heads, GELU, norms after. */
import { transpose } from '../../../tests/reference/matmul.ts';
import { seededRandom } from '../../../tests/support/random.ts';

export const LAYERS = 6;
export const S = 128;
export const D = 384;
export const HEADS = 12;
export const HEAD_SIZE = D / HEADS;
export const INNER = 1536;
/** Of the layer norms: PyTorch's default. */
export const NORM_EPSILON = 1e-5;

export type Weight = { readonly shape: readonly number[]; readonly data: Float32Array<ArrayBuffer> };
/** A layer's parameters by PyTorch's names. */
export type Layer = Readonly<Record<string, Weight>>;

/** The whole model and its input. */
export interface Problem {
  /** [S, D] */
  readonly x: Float32Array;
  readonly layers: readonly Layer[];
}

export function createProblem(): Problem {
  const random = seededRandom(LAYERS);
  const weight = (outputs: number, inputs: number): Weight => {
    const data = Float32Array.from(random.normals(outputs * inputs, 1 / Math.sqrt(inputs)));
    return { shape: [outputs, inputs], data };
  };
  const vector = (size: number, around: number): Weight => ({
    shape: [size],
    data: Float32Array.from(random.normals(size, 0.1), (value) => around + value),
  });
  const layers = Array.from({ length: LAYERS }, () => ({
    'self_attn.in_proj_weight': weight(3 * D, D),
    'self_attn.in_proj_bias': vector(3 * D, 0),
    'self_attn.out_proj.weight': weight(D, D),
    'self_attn.out_proj.bias': vector(D, 0),
    'linear1.weight': weight(INNER, D),
    'linear1.bias': vector(INNER, 0),
    'linear2.weight': weight(D, INNER),
    'linear2.bias': vector(D, 0),
    'norm1.weight': vector(D, 1),
    'norm1.bias': vector(D, 0),
    'norm2.weight': vector(D, 1),
    'norm2.bias': vector(D, 0),
  }));
  return { x: random.normals(S * D), layers };
}

/** The rows of a stacked projection that make the queries (0), keys (1) or values (2). */
export function projection(layer: Layer, which: 0 | 1 | 2): { weight: Float32Array; bias: Float32Array } {
  return {
    weight: layer['self_attn.in_proj_weight']!.data.subarray(which * D * D, (which + 1) * D * D),
    bias: layer['self_attn.in_proj_bias']!.data.subarray(which * D, (which + 1) * D),
  };
}

/** [outputs, inputs] as ONNX and TensorFlow multiply: [inputs, outputs]. */
export function transposed(weight: Float32Array, outputs: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(transpose(weight, outputs, weight.length / outputs));
}
