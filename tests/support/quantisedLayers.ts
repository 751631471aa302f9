/**
 * Layers with 8-bit weights in double precision, and how far quantised activations take each number: rounding to steps
 * is off by step / sqrt(12) in the root mean square, which is carried through each op by its slopes. What is rounded
 * independently adds up in quadrature; what shares its error (a query's, over all keys) is added up as it is.
 */
import { toFloat32 } from '../../src/io/conversion.ts';
import type { WeightSource } from '../../src/tensor/weights.ts';
import { gelu } from '../reference/activation.ts';
import { dequantise, matmulTransposed, stepOf7Bits, stepOf16Bits } from '../reference/matmulInt8.ts';

/** Rows [rows, columns], and the standard deviation of each value's error. */
export interface Uncertain {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
  readonly deviations: Float64Array;
}

/** A weight [outputs, inputs] as it was dequantised, and a bias. */
interface Projection {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

export function exact(values: ArrayLike<number>, columns: number): Uncertain {
  const deviations = new Float64Array(values.length);
  return { rows: values.length / columns, columns, values: Float64Array.from(values), deviations };
}

const squares = (values: Float64Array): Float64Array => values.map((value) => value * value);

/** A product whose activations are quantised on the way: a row alone in 16 bits, several in 7. */
export function quantisedLinear(x: Uncertain, { weight, bias }: Projection): Uncertain {
  const { rows, columns: inputs } = x;
  const outputs = bias.length;
  const stepOf = rows === 1 ? stepOf16Bits : stepOf7Bits;
  const variances = squares(x.deviations);
  for (let i = 0; i < rows; i++) {
    const step = stepOf(x.values.subarray(i * inputs, (i + 1) * inputs));
    for (let c = 0; c < inputs; c++) variances[i * inputs + c]! += step ** 2 / 12;
  }
  const carried = matmulTransposed(variances, squares(weight), null, null, rows, outputs, inputs);
  const values = matmulTransposed(x.values, weight, bias, null, rows, outputs, inputs);
  return { rows, columns: outputs, values, deviations: carried.map(Math.sqrt) };
}

function columnsOf(x: Uncertain, from: number, to: number): Uncertain {
  const pick = (values: Float64Array): Float64Array =>
    values.filter((_, i) => i % x.columns >= from && i % x.columns < to);
  return { rows: x.rows, columns: to - from, values: pick(x.values), deviations: pick(x.deviations) };
}

function uncertainSum(a: Uncertain, b: Uncertain): Uncertain {
  const values = a.values.map((value, i) => value + b.values[i]!);
  return {
    ...a,
    values,
    deviations: a.deviations.map((deviation, i) => Math.hypot(deviation, b.deviations[i]!)),
  };
}

/** Slopes: of relu at most 1, of GELU at most 1.13. */
function uncertainActivation(x: Uncertain, activation: 'relu' | 'gelu'): Uncertain {
  if (activation === 'relu') return { ...x, values: x.values.map((value) => Math.max(value, 0)) };
  return { ...x, values: gelu(x.values), deviations: x.deviations.map((deviation) => 1.13 * deviation) };
}

/** One sequence's attention over its heads: d(sum w v) = sum w dv + sum w (v - mean) d score. */
export function uncertainAttention(q: Uncertain, k: Uncertain, v: Uncertain, heads: number): Uncertain {
  const size = q.columns / heads;
  const out = exact(new Float64Array(q.values.length), q.columns);
  for (let head = 0; head < heads; head++) {
    const columns = Array.from({ length: size }, (_, c) => head * size + c);
    for (let i = 0; i < q.rows; i++) {
      const scores = new Float64Array(k.rows);
      const variances = new Float64Array(k.rows);
      for (let j = 0; j < k.rows; j++) {
        for (const c of columns) {
          const [a, b] = [i * q.columns + c, j * k.columns + c];
          scores[j]! += (q.values[a]! * k.values[b]!) / Math.sqrt(size);
          variances[j]! +=
            ((q.values[a]! * k.deviations[b]!) ** 2 + (q.deviations[a]! * k.values[b]!) ** 2) / size;
        }
      }
      const largest = Math.max(...scores);
      const total = scores.reduce((sum, score) => sum + Math.exp(score - largest), 0);
      const weights = scores.map((score) => Math.exp(score - largest) / total);
      for (const c of columns) {
        const mean = weights.reduce((sum, w, j) => sum + w * v.values[j * v.columns + c]!, 0);
        const ofScores = weights.reduce((sum, w, j) => {
          return sum + w * Math.abs(v.values[j * v.columns + c]! - mean) * Math.sqrt(variances[j]!);
        }, 0);
        const ofValues = weights.reduce((sum, w, j) => sum + (w * v.deviations[j * v.columns + c]!) ** 2, 0);
        out.values[i * q.columns + c] = mean;
        out.deviations[i * q.columns + c] = Math.sqrt(ofScores ** 2 + ofValues);
      }
    }
  }
  return out;
}

/** y = (x - mean) / deviation: dy_c = (dx_c - mean(dx) - y_c mean(y dx)) / deviation. */
function uncertainLayerNorm(
  x: Uncertain,
  weight: Float64Array,
  bias: Float64Array,
  epsilon = 1e-5,
): Uncertain {
  const { rows, columns } = x;
  const out = exact(new Float64Array(x.values.length), columns);
  const meanOf = (row: Float64Array): number => row.reduce((a, b) => a + b, 0) / columns;
  for (let i = 0; i < rows; i++) {
    const row = x.values.subarray(i * columns, (i + 1) * columns);
    const variances = squares(x.deviations.subarray(i * columns, (i + 1) * columns));
    const centred = row.map((value) => value - meanOf(row));
    const deviation = Math.sqrt(meanOf(squares(centred)) + epsilon);
    const normed = centred.map((value) => value / deviation);
    normed.forEach((y, c) => {
      const variance = variances.reduce((sum, each, d) => {
        const slope = (c === d ? 1 : 0) - (1 + y * normed[d]!) / columns;
        return sum + slope ** 2 * each;
      }, 0);
      out.values[i * columns + c] = y * weight[c]! + bias[c]!;
      out.deviations[i * columns + c] = (Math.sqrt(variance) / deviation) * Math.abs(weight[c]!);
    });
  }
  return out;
}

/** A file's tensors in double precision. */
export function weightsOf(file: WeightSource, prefix: string) {
  const vector = (name: string): Float64Array => Float64Array.from(toFloat32(file.get(prefix + name)!));
  const matrix = (name: string): Float64Array => {
    const stored = file.get(prefix + name)!;
    return dequantise(toFloat32(stored), vector(`${name}.scale`), ...(stored.shape as [number, number]));
  };
  const projection = (weight: string, bias: string): Projection => ({
    weight: matrix(weight),
    bias: vector(bias),
  });
  return { vector, projection };
}

/** Self-attention of one sequence, by the file's weights. */
export function selfAttention(x: Uncertain, file: WeightSource, heads: number, prefix = ''): Uncertain {
  const { projection } = weightsOf(file, prefix);
  const projected = quantisedLinear(x, projection('in_proj_weight', 'in_proj_bias'));
  const [q, k, v] = [0, 1, 2].map((i) => columnsOf(projected, i * x.columns, (i + 1) * x.columns)) as [
    Uncertain,
    Uncertain,
    Uncertain,
  ];
  return quantisedLinear(uncertainAttention(q, k, v, heads), projection('out_proj.weight', 'out_proj.bias'));
}

/** An encoder layer over one sequence, by the file's weights. */
export function encode(
  x: Uncertain,
  file: WeightSource,
  heads: number,
  activation: 'relu' | 'gelu',
  normFirst: boolean,
) {
  const { vector, projection } = weightsOf(file, '');
  const norm = (rows: Uncertain, i: number): Uncertain =>
    uncertainLayerNorm(rows, vector(`norm${i}.weight`), vector(`norm${i}.bias`));
  const attend = (rows: Uncertain): Uncertain => selfAttention(rows, file, heads, 'self_attn.');
  const feedForward = (rows: Uncertain): Uncertain =>
    quantisedLinear(
      uncertainActivation(quantisedLinear(rows, projection('linear1.weight', 'linear1.bias')), activation),
      projection('linear2.weight', 'linear2.bias'),
    );
  if (normFirst) {
    const attended = uncertainSum(x, attend(norm(x, 1)));
    return uncertainSum(attended, feedForward(norm(attended, 2)));
  }
  const attended = norm(uncertainSum(x, attend(x)), 1);
  return norm(uncertainSum(attended, feedForward(attended)), 2);
}
