import type { Parameters } from '../../layers/parameters.ts';
import type { Storage } from '../../memory/arena.ts';
import { type Activation, activationCode } from '../../ops/activation.ts';
import { packedBytes } from '../../ops/packedWeight.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** What a product multiplies by, in a file's names. */
export interface FrameProductConfig {
  readonly weight: string;
  /** Each [outputs]; their sum is added. None by default. */
  readonly biases?: readonly string[];
  /** [outputs, inputs] or, over several frames, [outputs, inputs, kernel], as the file has it. */
  readonly shape: readonly [outputs: number, inputs: number, kernel?: number];
  /** Frames from one result to the next; 1 by default. */
  readonly stride?: number;
  readonly activation?: Activation;
}

/**
 * A linear map or a convolution along time over frames that lie one after another, [frames, inputs]. What a kernel covers
 * is then contiguous, and the convolution is a matrix product whose left rows overlap: nothing is gathered. With one input
 * a frame is a sample.
 */
export class FrameProduct {
  readonly #runtime: Runtime;
  readonly #outputs: number;
  /** Elements that a kernel covers. */
  readonly #depth: number;
  readonly #inputs: number;
  /** Elements from one kernel's place to the next. */
  readonly #advance: number;
  readonly #activation: number;
  readonly #biases: readonly Tensor[];
  readonly #weight: Tensor;
  #packed: Storage | undefined;

  constructor(source: Parameters, config: FrameProductConfig) {
    const { weight, biases = [], shape, stride = 1, activation = 'none' } = config;
    const [outputs, inputs, kernel = 1] = shape;
    this.#runtime = source.runtime;
    this.#outputs = outputs;
    this.#inputs = inputs;
    this.#depth = kernel * inputs;
    this.#advance = stride * inputs;
    this.#activation = activationCode('FrameProduct', activation);
    const bound = 1 / Math.sqrt(this.#depth);
    this.#weight = source.get(weight, shape as readonly number[], { bound });
    this.#biases = biases.map((name) => source.get(name, [outputs], { bound }));
  }

  /** Once everything is loaded: packs the weight, of which no other copy stays, and sums the biases. @throws OutOfMemoryError */
  prepare(): void {
    const [bias, ...others] = this.#biases;
    const { kernels } = this.#runtime;
    for (const other of others) {
      kernels.f32_add(bias!.pointer, bias!.pointer, other.pointer, this.#outputs);
      other.dispose();
    }
    this.#packed = this.#runtime.memory.allocate(packedBytes(this.#outputs, this.#depth));
    this.#weight.set(framesFirst(this.#weight.toFloat32Array(), this.#inputs, this.#depth));
    kernels.f32_pack_transposed(
      this.#packed.pointer,
      this.#weight.pointer,
      this.#depth,
      this.#outputs,
      this.#depth,
    );
    this.#weight.dispose();
  }

  /** Byte address of the packed weight. */
  get packed(): number {
    return this.#packed!.pointer;
  }

  /**
   * @param input [at least what the kernels cover, inputs]
   * @param output [frames, outputs], of which all are computed
   */
  apply(input: Tensor, output: Tensor): void {
    this.#runtime.kernels.f32_matmul(
      output.pointer,
      input.pointer,
      this.packed,
      this.#biases.length > 0 ? this.#biases[0]!.pointer : 0,
      output.shape[0]!,
      this.#outputs,
      this.#depth,
      this.#advance,
      this.#outputs,
      0,
      this.#activation,
    );
  }

  dispose(): void {
    this.#weight.dispose();
    this.#packed?.dispose();
    for (const bias of this.#biases) bias.dispose();
  }
}

/** Rows [inputs, kernel], of `depth` elements each, to rows [kernel, inputs]. */
function framesFirst(weight: Float32Array, inputs: number, depth: number): Float32Array {
  const kernel = depth / inputs;
  return weight.map((_, at) => {
    const row = at - (at % depth);
    const [frame, input] = [Math.floor((at % depth) / inputs), at % inputs];
    return weight[row + input * kernel + frame]!;
  });
}
