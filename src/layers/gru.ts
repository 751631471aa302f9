import { type GRUState, gruSequence } from '../ops/gru.ts';
import { linear } from '../ops/linear.ts';
import { PackedWeight } from '../ops/packedWeight.ts';
import type { SequenceOptions } from '../ops/recurrence.ts';
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
import { projectStep, quantisedActivations } from './recurrentStep.ts';

export type GRUConfig = RecurrentConfig;

/** Options of `GRU.forward`. */
export type GRUForwardOptions = RecurrentForwardOptions<GRUState>;

/** What `GRU.step` works in. */
export type GRUStepState = StepState<GRUState, Scratch>;

/** Of a step: gates and recurrent products, [batch, 3 * hidden] each; what an 8-bit weight quantises inputs in. */
type Scratch = {
  readonly gates: Tensor;
  readonly products: Tensor;
  readonly quantised: Tensor | undefined;
};

/**
 * Gated recurrent unit (Cho et al. 2014, in PyTorch's form, which resets after the product with the state), stacked and
 * bidirectional, with PyTorch's parameters: `weight_ih_l0` [3 * hidden, input], `weight_hh_l0` [3 * hidden, hidden],
 * `bias_ih_l0`, `bias_hh_l0` [3 * hidden], `..._reverse`, `..._l1`, gates in the order r, z, n. The recurrence is in f32
 * also where 8-bit weights are otherwise computed in int8.
 */
export class GRU extends Recurrent<GRUState, Scratch, PackedWeight> {
  /** @throws ArgumentError for sizes that are not positive integers, or dropout outside [0, 1) */
  constructor(source: Parameters, config: GRUConfig) {
    super('GRU', 3, source, config, (parameters, ...weight) => new PackedWeight(parameters.get(...weight)));
  }

  static create(runtime: Runtime, config: GRUConfig, random: Random): GRU {
    return createParameters(runtime, random, (parameters) => new GRU(parameters, config));
  }

  /** @throws FormatError */
  static load(runtime: Runtime, weights: WeightSource, config: GRUConfig & LoadOptions): GRU {
    return loadParameters(
      runtime,
      weights,
      config.prefix ?? '',
      (parameters) => new GRU(parameters, config),
      config.arithmetic,
    );
  }

  protected sequence(direction: Direction<PackedWeight>, x: Tensor, options: SequenceOptions<GRUState>) {
    const { input, recurrent, inputBias, recurrentBias } = direction;
    return gruSequence(linear(x, input, inputBias), recurrent, { ...options, bias: recurrentBias });
  }

  protected stepBuffers(direction: Direction<PackedWeight>, batch: number) {
    const { hiddenSize } = this.config;
    const zeros = (width: number): Tensor => Tensor.persistent(this.runtime, [batch, width]);
    return {
      state: { hidden: zeros(hiddenSize) },
      scratch: {
        gates: zeros(3 * hiddenSize),
        products: zeros(3 * hiddenSize),
        quantised: quantisedActivations(direction, batch),
      },
    };
  }

  protected stepDirection(
    direction: Direction<PackedWeight>,
    x: Tensor,
    { hidden }: GRUState,
    scratch: Scratch,
  ): Tensor {
    const { gates, products, quantised } = scratch;
    const { hiddenSize } = this.config;
    projectStep(gates, x, direction.input, direction.inputBias, quantised);
    this.runtime.kernels.f32_gru_sequence(
      hidden.pointer,
      hidden.pointer,
      0,
      0,
      gates.pointer,
      products.pointer,
      direction.recurrent.forward,
      direction.recurrentBias?.pointer ?? 0,
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
