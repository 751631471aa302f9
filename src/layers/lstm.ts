import { ArgumentError, UnsupportedError } from '../errors.ts';
import { dropout } from '../ops/dropout.ts';
import { add } from '../ops/elementwise.ts';
import { concatenate } from '../ops/join.ts';
import { checkLengths } from '../ops/lengths.ts';
import { linear } from '../ops/linear.ts';
import { type LSTMState, lstmSequence } from '../ops/lstm.ts';
import { PackedWeight } from '../ops/packedWeight.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { createParameters, loadParameters, type Parameters } from './parameters.ts';

export interface LSTMConfig {
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** Stacked layers; 1 by default. */
  readonly layers?: number;
  /** Whether each layer also runs backwards in time; false by default. */
  readonly bidirectional?: boolean;
  /** Whether there are biases; true by default. */
  readonly bias?: boolean;
  /** Dropout between stacked layers while training, in [0, 1); 0 by default. */
  readonly dropout?: number;
}

/** Options of `LSTM.forward`. */
export interface LSTMForwardOptions {
  /** i32 [batch]: steps of each row that count; all by default. */
  readonly lengths?: Tensor;
  /** Initial state of each layer and direction (forward, reverse, forward, ...); zeros by default. */
  readonly state?: readonly LSTMState[];
  /** Where the dropout between layers gets its seeds; needed only when there is dropout and gradients are recorded. */
  readonly random?: Random;
}

/** One direction of one layer, in PyTorch's names. */
class Direction {
  readonly input: PackedWeight;
  readonly recurrent: PackedWeight;
  readonly inputBias: Tensor | undefined;
  readonly recurrentBias: Tensor | undefined;

  constructor(parameters: Parameters, suffix: string, inputSize: number, hiddenSize: number, bias: boolean) {
    const bound = 1 / Math.sqrt(hiddenSize);
    const rows = 4 * hiddenSize;
    this.input = new PackedWeight(parameters.get(`weight_ih_${suffix}`, [rows, inputSize], { bound }));
    this.recurrent = new PackedWeight(parameters.get(`weight_hh_${suffix}`, [rows, hiddenSize], { bound }));
    if (!bias) return;
    this.inputBias = parameters.get(`bias_ih_${suffix}`, [rows], { bound });
    this.recurrentBias = parameters.get(`bias_hh_${suffix}`, [rows], { bound });
  }

  get bias(): Tensor | undefined {
    return this.inputBias && this.recurrentBias && add(this.inputBias, this.recurrentBias);
  }

  dispose(): void {
    this.input.dispose();
    this.recurrent.dispose();
    for (const tensor of [this.input.weight, this.recurrent.weight, this.inputBias, this.recurrentBias])
      tensor?.dispose();
  }
}

/** What `LSTM.step` works in: state and scratch, allocated once. */
export class LSTMStepState {
  readonly batch: number;
  /** By layer: hidden and cell state [batch, hidden]; readable and writable between steps. */
  readonly layers: readonly LSTMState[];
  /** @internal by layer: gates [batch, 4 * hidden] and the summed biases */
  readonly scratch: readonly { readonly gates: Tensor; readonly bias: Tensor | undefined }[];

  constructor(batch: number, layers: readonly LSTMState[], scratch: LSTMStepState['scratch']) {
    this.batch = batch;
    this.layers = layers;
    this.scratch = scratch;
  }

  dispose(): void {
    for (const { hidden, cell } of this.layers) {
      hidden.dispose();
      cell.dispose();
    }
    for (const { gates, bias } of this.scratch) {
      gates.dispose();
      bias?.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Long short-term memory, stacked and bidirectional, with PyTorch's parameters: `weight_ih_l0` [4 * hidden, input],
 * `weight_hh_l0` [4 * hidden, hidden], `bias_ih_l0`, `bias_hh_l0` [4 * hidden], `..._reverse`, `..._l1`, gates in the
 * order i, f, g, o.
 */
export class LSTM {
  readonly runtime: Runtime;
  readonly config: Required<LSTMConfig>;
  readonly #directions: readonly Direction[];
  readonly #parameters = new Map<string, Tensor>();

  /** @throws ArgumentError for sizes that are not positive integers, or dropout outside [0, 1) */
  constructor(source: Parameters, config: LSTMConfig) {
    const parameters = source.into(this.#parameters);
    const { inputSize, hiddenSize, layers = 1, bidirectional = false, bias = true, dropout = 0 } = config;
    for (const [name, value] of Object.entries({ inputSize, hiddenSize, layers })) {
      if (!(Number.isInteger(value) && value > 0))
        throw new ArgumentError(`LSTM: ${name} must be a positive integer, got ${value}`);
    }
    if (!(dropout >= 0 && dropout < 1)) {
      throw new ArgumentError(`LSTM: dropout must lie in [0, 1), got ${dropout}`);
    }
    this.runtime = parameters.runtime;
    this.config = { inputSize, hiddenSize, layers, bidirectional, bias, dropout };
    const ways = bidirectional ? ['', '_reverse'] : [''];
    this.#directions = Array.from({ length: layers }, (_, layer) =>
      ways.map((way) => {
        const size = layer === 0 ? inputSize : hiddenSize * ways.length;
        return new Direction(parameters, `l${layer}${way}`, size, hiddenSize, bias);
      }),
    ).flat();
  }

  static create(runtime: Runtime, config: LSTMConfig, random: Random): LSTM {
    return createParameters(runtime, random, (parameters) => new LSTM(parameters, config));
  }

  /** @throws FormatError */
  static load(runtime: Runtime, weights: WeightSource, config: LSTMConfig & { prefix?: string }): LSTM {
    return loadParameters(
      runtime,
      weights,
      config.prefix ?? '',
      (parameters) => new LSTM(parameters, config),
    );
  }

  /**
   * Runs whole sequences.
   * @param x [batch, time, input]
   * @returns output [batch, time, hidden * directions], zeros from a row's length on; the final state of each layer and
   *   direction, at each row's own last step
   * @throws ShapeError, DTypeError, ArgumentError
   */
  forward(x: Tensor, options: LSTMForwardOptions = {}): { output: Tensor; state: LSTMState[] } {
    const { lengths, state: initial, random } = options;
    const { inputSize, layers, bidirectional, dropout: rate } = this.config;
    expectShape('LSTM.forward', 'x', x.shape, [null, null, inputSize]);
    if (lengths) checkLengths('LSTM.forward', lengths, x.shape[0]!, x.shape[1]!);
    const ways = bidirectional ? 2 : 1;
    if (initial && initial.length !== layers * ways) {
      throw new ArgumentError(
        `LSTM.forward: state must have ${layers * ways} entries (layers x directions), got ${initial.length}`,
      );
    }
    return this.runtime.scope(() => {
      const state: LSTMState[] = [];
      let output = x;
      for (let layer = 0; layer < layers; layer++) {
        if (layer > 0 && rate > 0 && random) output = dropout(output, rate, random.bits());
        const results = this.#directions.slice(layer * ways, (layer + 1) * ways).map((direction, way) => {
          const projected = linear(output, direction.input, direction.bias);
          return lstmSequence(projected, direction.recurrent, {
            lengths,
            state: initial?.[layer * ways + way],
            reverse: way === 1,
          });
        });
        state.push(...results.map((result) => result.state));
        output =
          results.length === 1 ? results[0]!.output : concatenate(results.map((result) => result.output));
      }
      return { output, state };
    });
  }

  /**
   * The buffers that `step` needs: zero state for `batch` rows. They outlive any scope; dispose of them after use. The
   * weights must not change while steps are taken.
   * @throws UnsupportedError for a bidirectional LSTM, which needs the whole sequence
   */
  startSteps(batch = 1): LSTMStepState {
    if (this.config.bidirectional)
      throw new UnsupportedError('LSTM.startSteps: a bidirectional LSTM cannot run step by step');
    const { hiddenSize } = this.config;
    const { runtime } = this;
    const zeros = (size: number): Tensor => Tensor.persistent(runtime, [batch, size]);
    const layers = this.#directions.map(() => ({ hidden: zeros(hiddenSize), cell: zeros(hiddenSize) }));
    const scratch = this.#directions.map(({ input, recurrent, inputBias, recurrentBias }) => {
      // Packed now, so that no step has to.
      void input.forward;
      void recurrent.forward;
      const gates = zeros(4 * hiddenSize);
      if (!inputBias || !recurrentBias) return { gates, bias: undefined };
      const bias = Tensor.persistent(runtime, inputBias.shape);
      runtime.kernels.f32_add(bias.pointer, inputBias.pointer, recurrentBias.pointer, bias.size);
      return { gates, bias };
    });
    return new LSTMStepState(batch, layers, scratch);
  }

  /**
   * One step of time, synchronous and without allocation; the state is updated in place. Not differentiable.
   * @param x [batch, input]
   * @returns the last layer's hidden state [batch, hidden], which the next step overwrites
   * @throws ShapeError
   */
  step(x: Tensor, state: LSTMStepState): Tensor {
    const { inputSize, hiddenSize } = this.config;
    const { batch } = state;
    expectShape('LSTM.step', 'x', x.shape, [batch, inputSize]);
    const { kernels } = this.runtime;
    let input = x;
    for (let layer = 0; layer < this.#directions.length; layer++) {
      const direction = this.#directions[layer]!;
      const { hidden, cell } = state.layers[layer]!;
      const { gates, bias } = state.scratch[layer]!;
      const width = direction.input.inputs;
      const rows = 4 * hiddenSize;
      const g = gates.pointer;
      kernels.f32_matmul(
        g,
        input.pointer,
        direction.input.forward,
        bias?.pointer ?? 0,
        batch,
        rows,
        width,
        width,
        rows,
        0,
        0,
      );
      kernels.f32_matmul(
        g,
        hidden.pointer,
        direction.recurrent.forward,
        0,
        batch,
        rows,
        hiddenSize,
        hiddenSize,
        rows,
        1,
        0,
      );
      kernels.f32_lstm_cell(hidden.pointer, cell.pointer, g, cell.pointer, batch, hiddenSize);
      input = hidden;
    }
    return input;
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    for (const direction of this.#directions) direction.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
