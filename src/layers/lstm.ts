import { add } from '../ops/elementwise.ts';
import { Int8Weight } from '../ops/int8Weight.ts';
import { linear } from '../ops/linear.ts';
import { lstmSequence } from '../ops/lstm.ts';
import type { LSTMState, SequenceOptions } from '../ops/recurrence.ts';
import type { Weight } from '../ops/weight.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';
import {
  type Direction,
  Recurrent,
  type RecurrentConfig,
  type RecurrentForwardOptions,
  type StepState,
} from './recurrent.ts';
import { projectStep, quantisedActivations, summedBias } from './recurrentStep.ts';

export type LSTMConfig = RecurrentConfig;

/** Options of `LSTM.forward`. */
export type LSTMForwardOptions = RecurrentForwardOptions<LSTMState>;

/** What `LSTM.step` works in. */
export type LSTMStepState = StepState<LSTMState, Scratch>;

/** Of a step: gates [batch, 4 * hidden], the summed biases, and what 8-bit weights quantise activations in. */
type Scratch = {
  readonly gates: Tensor;
  readonly bias: Tensor | undefined;
  readonly quantised: Tensor | undefined;
};

/**
 * Long short-term memory, stacked and bidirectional, with PyTorch's parameters: `weight_ih_l0` [4 * hidden, input],
 * `weight_hh_l0` [4 * hidden, hidden], `bias_ih_l0`, `bias_hh_l0` [4 * hidden], `..._reverse`, `..._l1`, gates in the
 * order i, f, g, o.
 */
export class LSTM extends Recurrent<LSTMState, Scratch, Weight> {
  /** @throws ArgumentError for sizes that are not positive integers, or dropout outside [0, 1) */
  constructor(source: Parameters, config: LSTMConfig) {
    super('LSTM', 4, source, config, (parameters, ...weight) => parameters.weight(...weight));
  }

  static create(runtime: Runtime, config: LSTMConfig, random: Random): LSTM {
    return createParameters(runtime, random, (parameters) => new LSTM(parameters, config));
  }

  /** @throws FormatError */
  static load(runtime: Runtime, weights: WeightSource, config: LSTMConfig & LoadOptions): LSTM {
    return loadParameters(
      runtime,
      weights,
      config.prefix ?? '',
      (parameters) => new LSTM(parameters, config),
      config.arithmetic,
    );
  }

  protected sequence(direction: Direction<Weight>, x: Tensor, options: SequenceOptions<LSTMState>) {
    const { input, recurrent, inputBias, recurrentBias } = direction;
    const bias = inputBias && recurrentBias && add(inputBias, recurrentBias);
    return lstmSequence(linear(x, input, bias), recurrent, options);
  }

  protected stepBuffers(direction: Direction<Weight>, batch: number) {
    const { hiddenSize } = this.config;
    const zeros = (width: number): Tensor => Tensor.persistent(this.runtime, [batch, width]);
    return {
      state: { hidden: zeros(hiddenSize), cell: zeros(hiddenSize) },
      scratch: {
        gates: zeros(4 * hiddenSize),
        bias: summedBias(direction),
        quantised: quantisedActivations(direction, batch),
      },
    };
  }

  protected stepDirection(
    direction: Direction<Weight>,
    x: Tensor,
    { hidden, cell }: LSTMState,
    scratch: Scratch,
  ): Tensor {
    const { gates, bias, quantised } = scratch;
    const { hiddenSize } = this.config;
    const { recurrent } = direction;
    projectStep(gates, x, direction.input, bias, quantised);
    if (recurrent instanceof Int8Weight) {
      this.runtime.kernels.qi8_lstm_sequence(
        hidden.pointer,
        hidden.pointer,
        cell.pointer,
        gates.pointer,
        quantised!.pointer,
        recurrent.packed,
        recurrent.scales,
        0,
        hidden.shape[0]!,
        1,
        hiddenSize,
        hiddenSize,
        0,
      );
      return hidden;
    }
    this.runtime.kernels.f32_lstm_sequence(
      hidden.pointer,
      hidden.pointer,
      cell.pointer,
      0,
      0,
      gates.pointer,
      recurrent.forward,
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
