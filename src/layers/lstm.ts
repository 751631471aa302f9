import { add } from '../ops/elementwise.ts';
import { linear } from '../ops/linear.ts';
import { type LSTMState, lstmSequence } from '../ops/lstm.ts';
import type { SequenceOptions } from '../ops/recurrence.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { createParameters, loadParameters, type Parameters } from './parameters.ts';
import {
  type Direction,
  projectStep,
  Recurrent,
  type RecurrentConfig,
  type RecurrentForwardOptions,
  type StepState,
} from './recurrent.ts';

export type LSTMConfig = RecurrentConfig;

/** Options of `LSTM.forward`. */
export type LSTMForwardOptions = RecurrentForwardOptions<LSTMState>;

/** What `LSTM.step` works in. */
export type LSTMStepState = StepState<LSTMState, Scratch>;

/** Of a step: gates [batch, 4 * hidden], and the summed biases. */
type Scratch = { readonly gates: Tensor; readonly bias: Tensor | undefined };

/**
 * Long short-term memory, stacked and bidirectional, with PyTorch's parameters: `weight_ih_l0` [4 * hidden, input],
 * `weight_hh_l0` [4 * hidden, hidden], `bias_ih_l0`, `bias_hh_l0` [4 * hidden], `..._reverse`, `..._l1`, gates in the
 * order i, f, g, o.
 */
export class LSTM extends Recurrent<LSTMState, Scratch> {
  /** @throws ArgumentError for sizes that are not positive integers, or dropout outside [0, 1) */
  constructor(source: Parameters, config: LSTMConfig) {
    super('LSTM', 4, source, config);
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

  protected sequence(direction: Direction, x: Tensor, options: SequenceOptions<LSTMState>) {
    const { input, recurrent, inputBias, recurrentBias } = direction;
    const bias = inputBias && recurrentBias && add(inputBias, recurrentBias);
    return lstmSequence(linear(x, input, bias), recurrent, options);
  }

  protected stepBuffers({ inputBias, recurrentBias }: Direction, batch: number) {
    const { runtime } = this;
    const { hiddenSize } = this.config;
    const zeros = (...shape: number[]): Tensor => Tensor.persistent(runtime, shape);
    const state = { hidden: zeros(batch, hiddenSize), cell: zeros(batch, hiddenSize) };
    const gates = zeros(batch, 4 * hiddenSize);
    if (!inputBias || !recurrentBias) return { state, scratch: { gates, bias: undefined } };
    const bias = zeros(4 * hiddenSize);
    runtime.kernels.f32_add(bias.pointer, inputBias.pointer, recurrentBias.pointer, bias.size);
    return { state, scratch: { gates, bias } };
  }

  protected stepDirection(
    direction: Direction,
    x: Tensor,
    { hidden, cell }: LSTMState,
    scratch: Scratch,
  ): Tensor {
    const { gates, bias } = scratch;
    const { hiddenSize } = this.config;
    projectStep(gates, x, direction.input, bias);
    this.runtime.kernels.f32_lstm_sequence(
      hidden.pointer,
      hidden.pointer,
      cell.pointer,
      0,
      0,
      gates.pointer,
      direction.recurrent.forward,
      0,
      hidden.shape[0]!,
      1,
      hiddenSize,
      hiddenSize,
      0,
    );
    return hidden;
  }
}
