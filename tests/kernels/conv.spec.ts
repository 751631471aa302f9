import { f32_im2col } from '../../assembly/kernels/conv';
import { f32_max_pool } from '../../assembly/kernels/pool';
import { f32_col2im } from '../../assembly/gradients/conv';
import { f32_max_pool_backward } from '../../assembly/gradients/pool';
import { begin, doubles, expectIntact, integers, normals, output, outputFrom, seal, setFloat } from './support/buffers';
import { expectClose, expectExact, reportWorst } from './support/expect';
import { col2im, im2col, maxPool, maxPoolBackward } from './support/reference';

/** The sizes as one input: what the references take. */
function sizesInput(sizes: StaticArray<i32>): usize {
  const pointer = integers(sizes.length, 0, 0);
  for (let i = 0; i < sizes.length; ++i) store<i32>(pointer + ((<usize>i) << 2), sizes[i]);
  return pointer;
}

/** Different numbers in all lanes, an outlier, and what must pass through. */
function image(n: i32): usize {
  const x = normals(n);
  if (n > 3) { setFloat(x, n - 1, 1e4); setFloat(x, 1, NaN); setFloat(x, 2, -Infinity); }
  return x;
}

function places(size: i32, kernel: i32, stride: i32, padding: i32, dilation: i32): i32 {
  const span = dilation * (kernel - 1) + 1;
  return span > size + 2 * padding ? 0 : (size + 2 * padding - span) / stride + 1;
}

/** All positions but the first two and the last, gathered in panels and plain, and added back. */
function checkPatches(
  channels: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32, stride: i32, padding: i32, dilation: i32,
  misaligned: bool,
): void {
  const outHeight = places(height, kernelHeight, stride, padding, dilation);
  const outWidth = places(width, kernelWidth, stride, padding, dilation);
  if (outHeight == 0 || outWidth == 0) return;
  const from = min(2, outHeight * outWidth - 1), count = max(0, outHeight * outWidth - from - 1);
  const size = channels * height * width, depth = channels * kernelHeight * kernelWidth;
  const sizes: StaticArray<i32> = [
    channels, height, width, kernelHeight, kernelWidth, stride, stride, padding, padding, dilation, dilation, outWidth,
    from, count,
  ];
  begin('patches ' + sizes.join(' '), misaligned);
  const x = image(size), gradPatches = normals(depth * count), before = normals(size), packed = sizesInput(sizes);
  const panels = (count + 7) / 8 * 8 * depth;
  const out = output(panels), plain = output(count * depth), summed = outputFrom(before, size);
  const reference = doubles(panels), referencePlain = doubles(count * depth);
  const referenceSum = doubles(size), magnitude = doubles(size);
  seal();
  im2col(reference, x, size, packed, 8);
  im2col(referencePlain, x, size, packed, count);
  col2im(referenceSum, magnitude, before, gradPatches, size, packed);
  f32_im2col(
    out, x, channels, height, width, kernelHeight, kernelWidth, stride, stride, padding, padding, dilation, dilation,
    outWidth, from, count, 8,
  );
  f32_im2col(
    plain, x, channels, height, width, kernelHeight, kernelWidth, stride, stride, padding, padding, dilation, dilation,
    outWidth, from, count, count,
  );
  f32_col2im(
    summed, gradPatches, channels, height, width, kernelHeight, kernelWidth, stride, stride, padding, padding, dilation,
    dilation, outWidth, from, count,
  );
  expectIntact();
  expectExact(out, reference, panels);
  expectExact(plain, referencePlain, count * depth);
  expectClose(summed, referenceSum, magnitude, size, kernelHeight * kernelWidth);
}

function checkPool(
  planes: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32, stride: i32, paddingHeight: i32,
  paddingWidth: i32, misaligned: bool,
): void {
  const outHeight = places(height, kernelHeight, stride, paddingHeight, 1);
  const outWidth = places(width, kernelWidth, stride, paddingWidth, 1);
  if (outHeight == 0 || outWidth == 0) return;
  const sizes: StaticArray<i32> = [
    planes, height, width, kernelHeight, kernelWidth, stride, stride, paddingHeight, paddingWidth, outHeight, outWidth,
  ];
  begin('pool ' + sizes.join(' '), misaligned);
  const size = planes * height * width, outSize = planes * outHeight * outWidth;
  const x = image(size), gradY = normals(outSize), before = normals(size), packed = sizesInput(sizes);
  // Equals: the first of them counts.
  if (size > 9) { setFloat(x, 8, 50); setFloat(x, 9, 50); }
  const out = output(outSize), summed = outputFrom(before, size);
  const reference = doubles(outSize), referenceSum = doubles(size), magnitude = doubles(size);
  seal();
  maxPool(reference, x, size, packed);
  maxPoolBackward(referenceSum, magnitude, before, gradY, x, size, packed);
  f32_max_pool(
    out, x, planes, height, width, kernelHeight, kernelWidth, stride, stride, paddingHeight, paddingWidth, outHeight,
    outWidth,
  );
  f32_max_pool_backward(
    summed, gradY, x, planes, height, width, kernelHeight, kernelWidth, stride, stride, paddingHeight, paddingWidth,
    outHeight, outWidth,
  );
  expectIntact();
  expectExact(out, reference, outSize);
  expectClose(summed, referenceSum, magnitude, size, kernelHeight * kernelWidth);
}

const WIDTHS: i32[] = [1, 3, 4, 5, 8, 9, 17];

describe('convolution and pooling', () => {
  it('f32_im2col gathers, f32_col2im adds, from any position on', () => {
    for (let w = 0; w < WIDTHS.length; ++w) {
      for (let stride = 1; stride <= 3; ++stride) {
        for (let padding = 0; padding <= 2; ++padding) {
          checkPatches(2, 5, WIDTHS[w], 3, 3, stride, padding, 1, false);
          checkPatches(1, 7, WIDTHS[w], 2, 3, stride, padding, 2, true);
          checkPatches(3, 1, 2 * WIDTHS[w], 1, 5, stride, padding, 1, true);
          checkPatches(2, 3, WIDTHS[w], 1, 1, stride, padding, 1, false);
        }
      }
    }
    checkPatches(0, 3, 3, 2, 2, 1, 0, 1, false);
    checkPatches(2, 33, 31, 3, 3, 1, 1, 1, false);
  });
  it('f32_max_pool takes the first of the largest, or NaN', () => {
    for (let w = 0; w < WIDTHS.length; ++w) {
      for (let stride = 1; stride <= 3; ++stride) {
        checkPool(2, 4, WIDTHS[w], 2, 2, stride, 0, 0, false);
        checkPool(3, 7, WIDTHS[w], 3, 3, stride, 1, 1, true);
        checkPool(1, 1, WIDTHS[w], 1, 4, stride, 0, 2, true);
      }
    }
    checkPool(0, 4, 4, 2, 2, 2, 0, 0, false);
  });
  afterAll(() => reportWorst('f32_col2im'));
});
