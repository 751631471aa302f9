/**
 * Convolution (cross-correlation, as PyTorch and all the papers have it) as a matrix product: the patches of the image
 * are gathered, a block of positions at a time, and multiplied by the kernels where these lie.
 *
 * Measured (Node 24, `relaxed`, AMD EPYC Zen 4, one thread, where the product alone reaches 56 GFLOP/s; activation and bias
 * included): 3 x 3 kernels, 64 channels of 32 x 32 to 64 43 GFLOP/s (0.77), 16 to 32 30 (0.54), 64 to 64 with a stride of 2
 * 35 (0.63); along one axis, 80 channels to 256, 3 wide, over 100 frames 47 (0.83), to 128 over 16 frames 41 (0.73). A
 * panel has eight positions: fewer take as long, so a step of 1 to 4 frames, 64 to 129 channels to 64 or 128, 3 wide, takes
 * 11 to 24 us. Groups are products of their own: 64 channels by themselves (depthwise), 11 wide, over 100 frames, 68 us.
 */
import { isDifferentiated, record, type Tape } from '../autograd/tape.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { describe, expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type Activation, activationCode, activations } from './activation.ts';
import { multiplyPacked } from './matmul.ts';
import { expectFloats } from './operands.ts';
import { packedBytes } from './packedWeight.ts';
import { type Extent2d, pairOf, placesOf } from './window.ts';

/** How the kernels move over the image; PyTorch's names and defaults. Padding is with zeros. */
export interface ConvOptions<Extent = Extent2d> {
  /** 1 by default. */
  readonly stride?: Extent;
  /** Zeros added on either side, 0 by default. */
  readonly padding?: Extent;
  /** Distance of a kernel's elements, 1 by default. */
  readonly dilation?: Extent;
  /** Channels are cut into as many groups, each with kernels of its own; 1 by default. */
  readonly groups?: number;
  /** Applied to the result. */
  readonly activation?: Activation;
}

/** Gathered patches at a time: 512 kB, half of a usual second-level cache. */
const BLOCK = 2 ** 17;

/**
 * y[n][o] = activation(bias[o] + sum over the channels c of o's group of kernel[o][c] ⋆ x[n][c]).
 * @param x [batch, channels, height, width]
 * @param weight [outputs, channels / groups, kernel height, kernel width]
 * @param bias [outputs]
 * @returns [batch, outputs, height', width'] with size' = floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1
 * @throws ShapeError, DTypeError; ArgumentError for options that are no such integers
 */
export function conv2d(x: Tensor, weight: Tensor, bias?: Tensor, options: ConvOptions = {}): Tensor {
  return convolve('conv2d', x, weight, bias, options);
}

/**
 * `conv2d` along one axis.
 * @param x [batch, channels, length]
 * @param weight [outputs, channels / groups, kernel]
 * @param bias [outputs]
 * @returns [batch, outputs, length']
 * @throws ShapeError, DTypeError; ArgumentError for options that are no such integers
 */
export function conv1d(x: Tensor, weight: Tensor, bias?: Tensor, options: ConvOptions<number> = {}): Tensor {
  expectShape('conv1d', 'x', x.shape, [null, null, null]);
  expectShape('conv1d', 'weight', weight.shape, [null, null, null]);
  const { stride = 1, padding = 0, dilation = 1 } = options;
  const row = (tensor: Tensor): Tensor => {
    const [outer, inner, length] = tensor.shape as readonly [number, number, number];
    return tensor.reshape([outer, inner, 1, length]);
  };
  const y = convolve('conv1d', row(x), row(weight), bias, {
    ...options,
    stride: [1, stride],
    padding: [0, padding],
    dilation: [1, dilation],
  });
  return y.reshape([y.shape[0]!, y.shape[1]!, y.shape[3]!]);
}

function convolve(
  where: string,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  options: ConvOptions,
): Tensor {
  const convolution = convolutionOf(where, x, weight, options);
  const { groups, outputs, positions, shape } = convolution;
  const { activation = 'none' } = options;
  const code = activationCode(where, activation);
  if (bias) expectShape(where, 'bias', bias.shape, [groups * outputs]);
  expectFloats(where, { x, weight, bias });
  const inputs = bias ? [x, weight, bias] : [x, weight];
  // As in `linear`: the backward pass of an activation wants what the fused form does not keep.
  if (code !== 0 && isDifferentiated(inputs)) {
    return activations[activation](convolve(where, x, weight, bias, { ...options, activation: 'none' }));
  }
  // Asked for first: a disposed operand throws before anything is allocated.
  for (const input of inputs) void input.pointer;
  const y = Tensor.empty(x.runtime, shape);
  forward(x, weight, bias, y, convolution, code);
  record([y], inputs, (tape) => {
    if (tape.needs(x)) inputGradient(tape, x, weight, y, convolution);
    if (tape.needs(weight)) weightGradient(tape, x, weight, y, convolution);
    if (bias && tape.needs(bias)) biasGradient(tape, bias, y, positions);
  });
  return y;
}

type Convolution = ReturnType<typeof convolutionOf>;

/** All sizes of a convolution, checked. */
function convolutionOf(where: string, x: Tensor, weight: Tensor, options: ConvOptions) {
  expectShape(where, 'x', x.shape, [null, null, null, null]);
  expectShape(where, 'weight', weight.shape, [null, null, null, null]);
  const [batch, channels, height, width] = x.shape as readonly [number, number, number, number];
  const [outputs, inner, kernelHeight, kernelWidth] = weight.shape as readonly [
    number,
    number,
    number,
    number,
  ];
  const { groups = 1 } = options;
  if (!(Number.isInteger(groups) && groups > 0 && channels % groups === 0 && outputs % groups === 0)) {
    throw new ArgumentError(
      `${where}: groups must divide the ${channels} channels of x and the ${outputs} of the weight, got ${groups}`,
    );
  }
  if (inner * groups !== channels || kernelHeight * kernelWidth === 0) {
    throw new ShapeError(
      `${where}: x has ${channels} channels, so weight must be [${outputs}, ${channels / groups}, ...kernel], got ${describe(weight.shape)}`,
    );
  }
  const strides = pairOf(where, 'stride', options.stride ?? 1, 1);
  const paddings = pairOf(where, 'padding', options.padding ?? 0, 0);
  const dilations = pairOf(where, 'dilation', options.dilation ?? 1, 1);
  const [outHeight, outWidth] = [
    placesOf(where, height, kernelHeight, strides[0], paddings[0], dilations[0]),
    placesOf(where, width, kernelWidth, strides[1], paddings[1], dilations[1]),
  ];
  return {
    groups,
    /** Output channels of a group. */
    outputs: outputs / groups,
    /** Elements of a patch. */
    depth: inner * kernelHeight * kernelWidth,
    /** Positions of the output. */
    positions: outHeight * outWidth,
    /** Elements of a group's input. */
    inputSize: inner * height * width,
    /** What the patch kernels take: from the channels of a group to the width of the output. */
    sizes: [
      inner,
      height,
      width,
      kernelHeight,
      kernelWidth,
      ...strides,
      ...paddings,
      ...dilations,
      outWidth,
    ] as const,
    shape: [batch, outputs, outHeight, outWidth] as const,
  };
}

/** Visits the groups of all images: the how manieth of all, and the how manieth of its image. */
function forEachGroup({ groups, shape }: Convolution, body: (item: number, group: number) => void): void {
  for (let item = 0; item < shape[0] * groups; item++) body(item, item % groups);
}

/** Visits the positions of the output in blocks, whole panels but for the last. */
function forEachBlock({ depth, positions }: Convolution, body: (from: number, count: number) => void): void {
  const block = blockOf(depth);
  for (let from = 0; from < positions; from += block) body(from, Math.min(block, positions - from));
}

function blockOf(depth: number): number {
  return 8 * Math.max(1, Math.floor(BLOCK / (8 * depth)));
}

/** A matrix [depth, positions of a block], also when packed. */
function patchBytes({ depth, positions }: Convolution): number {
  return packedBytes(Math.min(positions, blockOf(depth)), depth);
}

function forward(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  y: Tensor,
  convolution: Convolution,
  activation: number,
): void {
  const { runtime } = x;
  const { outputs, depth, positions, inputSize, sizes } = convolution;
  const patches = runtime.allocate(patchBytes(convolution));
  const ones = bias && onesOf(bias, Math.min(positions, blockOf(depth)));
  forEachGroup(convolution, (item, group) => {
    const from = x.pointer + 4 * item * inputSize;
    const left = weight.pointer + 4 * group * outputs * depth;
    forEachBlock(convolution, (start, count) => {
      const to = y.pointer + 4 * (item * outputs * positions + start);
      const { kernels } = runtime;
      kernels.f32_im2col(patches.pointer, from, ...sizes, start, count, 8);
      // The bias, one for each row, is the product of a column and a row of ones, to which the patches' is added.
      if (ones) {
        const column = bias.pointer + 4 * group * outputs;
        kernels.f32_matmul(to, column, ones.pointer, 0, outputs, count, 1, 1, positions, 0, 0);
      }
      const accumulate = ones !== undefined;
      const product = { M: outputs, N: count, K: depth, cStride: positions, accumulate, activation };
      multiplyPacked(runtime, to, left, patches.pointer, 0, product);
    });
  });
  patches.dispose();
  ones?.dispose();
}

/** Ones, packed: as a row of `columns`, or as a column of 8 * `columns`. */
function onesOf({ runtime }: Tensor, columns: number) {
  const bytes = packedBytes(columns, 1);
  const ones = runtime.allocate(bytes);
  runtime.kernels.f32_fill(ones.pointer, bytes / 4, 1);
  return ones;
}

/** dx += col2im(W^T · dy). */
function inputGradient(tape: Tape, x: Tensor, weight: Tensor, y: Tensor, convolution: Convolution): void {
  const { outputs, depth, positions, inputSize, sizes } = convolution;
  const { kernels } = tape;
  const [gradX, gradY] = [tape.gradient(x).pointer, tape.gradient(y).pointer];
  const patches = x.runtime.allocate(patchBytes(convolution));
  const packed = x.runtime.allocate(packedBytes(Math.min(positions, blockOf(depth)), outputs));
  const left = x.runtime.allocate(4 * outputs * depth);
  forEachGroup(convolution, (item, group) => {
    const of = weight.pointer + 4 * group * outputs * depth;
    kernels.f32_transpose(left.pointer, of, outputs, depth, outputs, depth);
    forEachBlock(convolution, (start, count) => {
      const from = gradY + 4 * (item * outputs * positions + start);
      const to = gradX + 4 * item * inputSize;
      kernels.f32_pack(packed.pointer, from, outputs, count, positions);
      multiplyPacked(x.runtime, patches.pointer, left.pointer, packed.pointer, 0, {
        M: depth,
        N: count,
        K: outputs,
        accumulate: false,
        activation: 0,
      });
      kernels.f32_col2im(to, patches.pointer, ...sizes, start, count);
    });
  });
  patches.dispose();
  packed.dispose();
  left.dispose();
}

/** dW += dy · patches^T, gathered again rather than kept. */
function weightGradient(tape: Tape, x: Tensor, weight: Tensor, y: Tensor, convolution: Convolution): void {
  const { outputs, depth, positions, inputSize, sizes } = convolution;
  const { kernels } = tape;
  const [gradWeight, gradY] = [tape.gradient(weight).pointer, tape.gradient(y).pointer];
  const patches = x.runtime.allocate(patchBytes(convolution));
  const packed = x.runtime.allocate(packedBytes(depth, Math.min(positions, blockOf(depth))));
  forEachGroup(convolution, (item, group) => {
    const to = gradWeight + 4 * group * outputs * depth;
    forEachBlock(convolution, (start, count) => {
      const from = x.pointer + 4 * item * inputSize;
      const left = gradY + 4 * (item * outputs * positions + start);
      kernels.f32_im2col(patches.pointer, from, ...sizes, start, count, count);
      kernels.f32_pack_transposed(packed.pointer, patches.pointer, count, depth, count);
      kernels.f32_matmul(to, left, packed.pointer, 0, outputs, depth, count, positions, depth, 1, 0);
    });
  });
  patches.dispose();
  packed.dispose();
}

/** db += dy · 1. */
function biasGradient(tape: Tape, bias: Tensor, y: Tensor, positions: number): void {
  const [gradBias, gradY] = [tape.gradient(bias).pointer, tape.gradient(y).pointer];
  const ones = onesOf(bias, 8 * positions);
  for (let item = 0; item < y.shape[0]!; item++) {
    const from = gradY + 4 * item * bias.size * positions;
    tape.kernels.f32_matmul(gradBias, from, ones.pointer, 0, bias.size, 1, positions, positions, 1, 1, 0);
  }
  ones.dispose();
}
