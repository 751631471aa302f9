import { ArgumentError } from '../../errors.ts';
import { Conv2d } from '../../layers/conv.ts';
import type { Parameters } from '../../layers/parameters.ts';
import { splitHeads } from '../../ops/heads.ts';
import { maxPool2d } from '../../ops/pool.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { CaptionerConfig, EncoderBlock } from './config.ts';

/**
 * Convolutions that turn an image into a grid of annotation vectors a_i (Xu 2015, section 3.1.1, whose encoder is a stack
 * like this one, from VGG). PyTorch's names: block i's convolution is `i.weight`, `i.bias`.
 */
export class GridEncoder {
  /** Places of the grid, whose rows follow one another in the annotations. */
  readonly gridSize: { readonly rows: number; readonly columns: number };
  readonly #blocks: readonly { convolution: Conv2d; pool: number }[];

  /** @throws ArgumentError for no block, a window that is no positive integer, or an image too small to be pooled */
  constructor(parameters: Parameters, { channels, height, width, blocks }: CaptionerConfig) {
    this.gridSize = gridOf(height, width, blocks);
    this.#blocks = blocks.map((block, i) => {
      const inputs = i === 0 ? channels : blocks[i - 1]!.channels;
      const config = { inputs, outputs: block.channels, kernel: 3, padding: 1 };
      return { convolution: new Conv2d(parameters.within(`${i}.`), config), pool: block.pool ?? 2 };
    });
  }

  /**
   * @param images [batch, channels, height, width]
   * @returns annotations [batch, rows * columns, channels of the last block]
   */
  forward(images: Tensor): Tensor {
    let x = images;
    for (const { convolution, pool } of this.#blocks) {
      x = convolution.forward(x, 'relu');
      if (pool > 1) x = maxPool2d(x, pool);
    }
    const [batch, size] = x.shape as readonly [number, number];
    const places = this.gridSize.rows * this.gridSize.columns;
    // Channel by channel as it comes; a place of a grid is what a head of width one is.
    const whole = { tensor: x, batch, rows: size, from: 0, width: places, stride: places };
    return splitHeads({ ...whole, batchStride: size * places }, places).reshape([batch, places, size]);
  }

  dispose(): void {
    for (const { convolution } of this.#blocks) convolution.dispose();
  }
}

function gridOf(height: number, width: number, blocks: readonly EncoderBlock[]) {
  if (!blocks?.length) {
    throw new ArgumentError(`Captioner: blocks must hold one block or more, got ${blocks ? 'none' : blocks}`);
  }
  let [rows, columns] = [height, width];
  for (const { pool = 2 } of blocks) {
    if (!(Number.isInteger(pool) && pool > 0)) {
      throw new ArgumentError(`Captioner: pool must be a positive integer, got ${pool}`);
    }
    [rows, columns] = [Math.floor(rows / pool), Math.floor(columns / pool)];
  }
  if (!(rows > 0 && columns > 0)) {
    throw new ArgumentError(
      `Captioner: images of ${height} x ${width} are too small for the blocks' pooling: nothing is left`,
    );
  }
  return { rows, columns };
}
