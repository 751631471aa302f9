/** "Show, attend and tell" written out, one image at a time, in double precision. Soft attention. */
import { conv, type Window } from './conv.ts';
import { lstmCell } from './lstm.ts';
import { largestIndices } from './pool.ts';

type Vector = Float64Array;
type Parameters = ReadonlyMap<string, ArrayLike<number>>;

/** An image is [channels, height, width]; blocks are channels and the pooling's window. */
export interface CaptionerSizes {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly blocks: readonly (readonly [number, number])[];
  readonly vocabulary: number;
  readonly hidden: number;
}

const SAME: Window = { kernel: [3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1] };

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const plus = (a: Vector, b: ArrayLike<number>): Vector => a.map((value, i) => value + b[i]!);

/** W x for W [rows, x.length] that begins in a row of `stride` at column `from`. */
function times(weight: ArrayLike<number>, x: Vector, stride = x.length, from = 0): Vector {
  const rows = weight.length / stride;
  return Float64Array.from({ length: rows }, (_, r) =>
    x.reduce((sum, value, i) => sum + weight[r * stride + from + i]! * value, 0),
  );
}

/** The annotations a_i, row after row of the grid. */
function annotationsOf(w: Parameters, sizes: CaptionerSizes, image: ArrayLike<number>): Vector[] {
  let { channels, height, width } = sizes;
  let x: ArrayLike<number> = image;
  sizes.blocks.forEach(([outputs, pool], i) => {
    const [weight, bias] = [w.get(`encoder.${i}.weight`)!, w.get(`encoder.${i}.bias`)!];
    const relu = conv(x, weight, bias, [1, channels, height, width], outputs, 1, SAME).map((v) =>
      Math.max(v, 0),
    );
    const window = { kernel: [pool, pool], stride: [pool, pool], padding: [0, 0] } as const;
    x = Float64Array.from(largestIndices(relu, outputs, height, width, window), (at) => relu[at]!);
    channels = outputs;
    [height, width] = [Math.floor(height / pool), Math.floor(width / pool)];
  });
  return Array.from({ length: height * width }, (_, place) =>
    Float64Array.from({ length: channels }, (_, c) => x[c * height * width + place]!),
  );
}

/**
 * Teacher forcing on one image.
 * @param words y_0 (`<sos>`) to y_{T-1}
 * @param hard whether a step reads the most probable place alone
 * @returns the logits of y_1 to y_T, and alpha of each step
 */
export function tell(
  w: Parameters,
  sizes: CaptionerSizes,
  image: ArrayLike<number>,
  words: readonly number[],
  hard = false,
): { logits: Vector[]; alphas: Vector[] } {
  const a = annotationsOf(w, sizes, image);
  const size = a[0]!.length;
  const linear = (name: string, x: Vector): Vector =>
    plus(times(w.get(`${name}.weight`)!, x), w.get(`${name}.bias`)!);
  const mean = a.reduce((sum, each) => plus(sum, each), new Float64Array(size)).map((v) => v / a.length);
  let h = linear('init_h', mean).map(Math.tanh);
  let c = linear('init_c', mean).map(Math.tanh);
  const [logits, alphas]: [Vector[], Vector[]] = [[], []];
  const table = w.get('embedding.weight')!;
  const width = table.length / sizes.vocabulary;
  for (const word of words) {
    const e = Float64Array.from({ length: width }, (_, i) => table[word * width + i]!);
    const asked = times(w.get('attn_q.weight')!, h);
    const scores = a.map((each) => {
      const compared = plus(asked, times(w.get('attn_k.weight')!, each)).map(Math.tanh);
      return times(w.get('attn_v.weight')!, compared)[0]!;
    });
    const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
    const alpha = Float64Array.from(scores, (score) => Math.exp(score) / total);
    const read = hard
      ? a[alpha.indexOf(Math.max(...alpha))]!
      : a.reduce(
          (sum, each, i) =>
            plus(
              sum,
              each.map((v) => v * alpha[i]!),
            ),
          new Float64Array(size),
        );
    const beta = sigmoid(linear('beta', h)[0]!);
    const z = read.map((v) => beta * v);
    const input = w.get('cell.weight_ih')!;
    let gates = plus(times(input, e, width + size), times(input, z, width + size, width));
    gates = plus(plus(gates, times(w.get('cell.weight_hh')!, h)), w.get('cell.bias_ih')!);
    const next = lstmCell(plus(gates, w.get('cell.bias_hh')!), c, 1, sizes.hidden);
    [h, c] = [Float64Array.from(next.hidden), Float64Array.from(next.cell)];
    const deep = plus(plus(e, times(w.get('out_h.weight')!, h)), times(w.get('out_z.weight')!, z));
    logits.push(linear('out', deep));
    alphas.push(alpha);
  }
  return { logits, alphas };
}

/** -log p(y) + lambda sum_i (1 - sum_t alpha_ti)^2 of one caption; `targets` are y_1 to y_T. */
export function captionCost(
  { logits, alphas }: ReturnType<typeof tell>,
  targets: readonly number[],
  lambda: number,
): number {
  let cost = 0;
  targets.forEach((target, t) => {
    const row = logits[t]!;
    cost += Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[target]!;
  });
  for (let i = 0; i < alphas[0]!.length; i++) {
    cost += lambda * (1 - alphas.reduce((sum, alpha) => sum + alpha[i]!, 0)) ** 2;
  }
  return cost;
}
