/** The encoder composed of TensorFlow.js's operators. */
import type { Contender } from '../case.ts';
import { type Tensor, tensorflow, tensorflowAttention, tf } from '../engines/tensorflow.ts';
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
} from './encoderProblem.ts';

/** The whole model. */
export function encoderTensorflow({ x, layers }: Problem): Contender {
  return tensorflow(() => {
    const input = tf.tensor(x, [S, D]);
    const encoder = layers.map(tensorflowLayer);
    return () => encoder.reduce((hidden, layer) => layer(hidden), input);
  });
}

function tensorflowLayer(layer: Layer): (x: Tensor) => Tensor {
  const linear = (weight: Float32Array, bias: Float32Array): ((x: Tensor) => Tensor) => {
    const outputs = bias.length;
    const matrix = tf.tensor(transposed(weight, outputs), [weight.length / outputs, outputs]);
    const vector = tf.tensor(bias, [outputs]);
    return (x) => x.matMul(matrix).add(vector);
  };
  const named = (name: string) => linear(layer[`${name}.weight`]!.data, layer[`${name}.bias`]!.data);
  const norm = (name: string): ((x: Tensor) => Tensor) => {
    const [weight, bias] = [layer[`${name}.weight`]!, layer[`${name}.bias`]!];
    const [scale, shift] = [tf.tensor(weight.data, weight.shape), tf.tensor(bias.data, bias.shape)];
    const epsilon = tf.tensor(new Float32Array([NORM_EPSILON]), [1]);
    return (x) => {
      const centred = x.sub(x.mean(1, true));
      const variance = centred.mul(centred).mean(1, true);
      return centred
        .mul(tf.rsqrt(variance.add(epsilon)))
        .mul(scale)
        .add(shift);
    };
  };
  const one = tf.tensor(new Float32Array([1]), [1]);
  const gelu = (x: Tensor): Tensor => x.mul(0.5).mul(tf.erf(x.mul(Math.SQRT1_2)).add(one));
  const [query, key, value] = ([0, 1, 2] as const).map((which) => {
    const { weight, bias } = projection(layer, which);
    return linear(weight, bias);
  });
  const [out, first, second] = [named('self_attn.out_proj'), named('linear1'), named('linear2')];
  const [norm1, norm2] = [norm('norm1'), norm('norm2')];
  const sizes = { rows: S, heads: HEADS, headSize: HEAD_SIZE };
  return (x) => {
    const attended = norm1(x.add(out(tensorflowAttention(query!(x), key!(x), value!(x), sizes))));
    return norm2(attended.add(second(gelu(first(attended)))));
  };
}
