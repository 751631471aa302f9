import { add } from '../ops/elementwise.ts';
import { linear } from '../ops/linear.ts';
import { PackedWeight } from '../ops/packedWeight.ts';
import type { HiddenState, SequenceOptions } from '../ops/recurrence.ts';
import { rnnSequence } from '../ops/rnn.ts';
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

export type RNNConfig = RecurrentConfig;

/** Options of `RNN.forward`. */
export type RNNForwardOptions = RecurrentForwardOptions<HiddenState>;

/** What `RNN.step` works in. */
export type RNNStepState = StepState<HiddenState, Scratch>;

/** Of a step: gates [batch, hidden], the summed biases, and what an 8-bit weight quantises inputs in. */
type Scratch = {
  readonly gates: Tensor;
  readonly bias: Tensor | undefined;
  readonly quantised: Tensor | undefined;
};

/**
 * Plain recurrent network (Elman 1990) with tanh, stacked and bidirectional, with PyTorch's parameters: `weight_ih_l0`
 * [hidden, input], `weight_hh_l0` [hidden, hidden], `bias_ih_l0`, `bias_hh_l0` [hidden], `..._reverse`, `..._l1`. The
 * recurrence is in f32 also where 8-bit weights are otherwise computed in int8.
 */
export class RNN extends Recurrent<HiddenState, Scratch, PackedWeight> {
  /** @throws ArgumentError for sizes that are not positive integers, or dropout outside [0, 1) */
  constructor(source: Parameters, config: RNNConfig) {
    super('RNN', 1, source, config, (parameters, ...weight) => new PackedWeight(parameters.get(...weight)));
  }

  static create(runtime: Runtime, config: RNNConfig, random: Random): RNN {
    return createParameters(runtime, random, (parameters) => new RNN(parameters, config));
  }

  /** @throws FormatError */
  static load(runtime: Runtime, weights: WeightSource, config: RNNConfig & LoadOptions): RNN {
    return loadParameters(
      runtime,
      weights,
      config.prefix ?? '',
      (parameters) => new RNN(parameters, config),
      config.arithmetic,
    );
  }

  protected sequence(direction: Direction<PackedWeight>, x: Tensor, options: SequenceOptions<HiddenState>) {
    const { input, recurrent, inputBias, recurrentBias } = direction;
    const bias = inputBias && recurrentBias && add(inputBias, recurrentBias);
    return rnnSequence(linear(x, input, bias), recurrent, options);
  }

  protected stepBuffers(direction: Direction<PackedWeight>, batch: number) {
    const zeros = (): Tensor => Tensor.persistent(this.runtime, [batch, this.config.hiddenSize]);
    return {
      state: { hidden: zeros() },
      scratch: {
        gates: zeros(),
        bias: summedBias(direction),
        quantised: quantisedActivations(direction, batch),
      },
    };
  }

  protected stepDirection(
    direction: Direction<PackedWeight>,
    x: Tensor,
    { hidden }: HiddenState,
    { gates, bias, quantised }: Scratch,
  ): Tensor {
    const { hiddenSize } = this.config;
    projectStep(gates, x, direction.input, bias, quantised);
    this.runtime.kernels.f32_rnn_sequence(
      hidden.pointer,
      hidden.pointer,
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
