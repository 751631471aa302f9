/** What RNN, LSTM and GRU share: parameters, stacking, both directions in time, and running step by step. */

import { ArgumentError, UnsupportedError } from '../errors.ts';
import { dropout } from '../ops/dropout.ts';
import { Int8Weight } from '../ops/int8Weight.ts';
import { checkLengths } from '../ops/lengths.ts';
import { expectFloats } from '../ops/operands.ts';
import type { RecurrentState, SequenceOptions } from '../ops/recurrence.ts';
import { disposeWeight, type Weight } from '../ops/weight.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { checkSizes, expectShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Initialisation, Parameters } from './parameters.ts';

export interface RecurrentConfig {
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

/** Options of `forward`. */
export interface RecurrentForwardOptions<State> {
  /** i32 [batch]: steps of each row that count; all by default. */
  readonly lengths?: Tensor;
  /** Initial state of each layer and direction (forward, reverse, forward, ...); zeros by default. */
  readonly state?: readonly State[];
  /** Where the dropout between layers gets its seeds; needed only when there is dropout and gradients are recorded. */
  readonly random?: Random;
}

/** Takes a recurrent weight from the parameters, in an arithmetic that the layer's kernel has. */
export type TakeWeight<Recurrence extends Weight> = (
  parameters: Parameters,
  name: string,
  shape: readonly [number, number],
  initialisation: Initialisation,
) => Recurrence;

/** One direction of one layer, in PyTorch's names. */
export class Direction<Recurrence extends Weight> {
  readonly runtime: Runtime;
  readonly input: Weight;
  readonly recurrent: Recurrence;
  readonly inputBias: Tensor | undefined;
  readonly recurrentBias: Tensor | undefined;

  constructor(
    parameters: Parameters,
    suffix: string,
    rows: number,
    inputSize: number,
    { hiddenSize, bias }: { hiddenSize: number; bias: boolean },
    takeRecurrent: TakeWeight<Recurrence>,
  ) {
    const bound = 1 / Math.sqrt(hiddenSize);
    this.runtime = parameters.runtime;
    this.input = parameters.weight(`weight_ih_${suffix}`, [rows, inputSize], { bound });
    this.recurrent = takeRecurrent(parameters, `weight_hh_${suffix}`, [rows, hiddenSize], { bound });
    if (!bias) return;
    this.inputBias = parameters.get(`bias_ih_${suffix}`, [rows], { bound });
    this.recurrentBias = parameters.get(`bias_hh_${suffix}`, [rows], { bound });
  }

  dispose(): void {
    disposeWeight(this.input);
    disposeWeight(this.recurrent);
    this.inputBias?.dispose();
    this.recurrentBias?.dispose();
  }
}

/** Buffers of one direction for a step. */
export type StepScratch = { readonly [name: string]: Tensor | undefined };

/** What `step` works in: state and scratch, allocated once. */
export class StepState<State extends RecurrentState, Scratch extends StepScratch> {
  readonly batch: number;
  /** By layer; readable and writable between steps. */
  readonly layers: readonly State[];
  /** @internal by layer */
  readonly scratch: readonly Scratch[];

  constructor(batch: number, layers: readonly State[], scratch: readonly Scratch[]) {
    this.batch = batch;
    this.layers = layers;
    this.scratch = scratch;
  }

  dispose(): void {
    for (const tensors of [...this.layers, ...this.scratch]) {
      for (const tensor of Object.values(tensors)) tensor?.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A stack of recurrent layers; RNN, LSTM and GRU say what one direction computes. */
export abstract class Recurrent<
  State extends RecurrentState,
  Scratch extends StepScratch,
  Recurrence extends Weight,
> {
  readonly runtime: Runtime;
  readonly config: Required<RecurrentConfig>;
  readonly #name: string;
  readonly #directions: readonly Direction<Recurrence>[];
  readonly #parameters = new Map<string, Tensor>();

  /**
   * @param name the layer's, for messages
   * @param gates rows of a weight, in units of hiddenSize
   * @throws ArgumentError for sizes that are not positive integers, or dropout outside [0, 1)
   */
  constructor(
    name: string,
    gates: number,
    source: Parameters,
    config: RecurrentConfig,
    takeRecurrent: TakeWeight<Recurrence>,
  ) {
    const parameters = source.into(this.#parameters);
    const { inputSize, hiddenSize, layers = 1, bidirectional = false, bias = true, dropout = 0 } = config;
    checkSizes(name, { inputSize, hiddenSize, layers });
    if (!(dropout >= 0 && dropout < 1)) {
      throw new ArgumentError(`${name}: dropout must lie in [0, 1), got ${dropout}`);
    }
    this.runtime = parameters.runtime;
    this.config = { inputSize, hiddenSize, layers, bidirectional, bias, dropout };
    this.#name = name;
    const ways = bidirectional ? ['', '_reverse'] : [''];
    this.#directions = Array.from({ length: layers }, (_, layer) =>
      ways.map((way) => {
        const size = layer === 0 ? inputSize : hiddenSize * ways.length;
        return new Direction(
          parameters,
          `l${layer}${way}`,
          gates * hiddenSize,
          size,
          this.config,
          takeRecurrent,
        );
      }),
    ).flat();
  }

  /** One direction over whole sequences. */
  protected abstract sequence(
    direction: Direction<Recurrence>,
    x: Tensor,
    options: SequenceOptions<State>,
  ): { output: Tensor; state: State };

  /** The buffers of one direction for `stepDirection`, which outlive scopes. */
  protected abstract stepBuffers(
    direction: Direction<Recurrence>,
    batch: number,
  ): { state: State; scratch: Scratch };

  /** One step of one direction, without allocation; the state is updated in place. */
  protected abstract stepDirection(
    direction: Direction<Recurrence>,
    x: Tensor,
    state: State,
    scratch: Scratch,
  ): Tensor;

  /**
   * Runs whole sequences.
   * @param x [batch, time, input]
   * @returns output [batch, time, hidden * directions], zeros from a row's length on; the final state of each layer and
   *   direction, at each row's own last step
   * @throws ShapeError, DTypeError, ArgumentError
   */
  forward(x: Tensor, options: RecurrentForwardOptions<State> = {}): { output: Tensor; state: State[] } {
    const { lengths, state: initial, random } = options;
    const { inputSize, hiddenSize, layers, bidirectional, dropout: rate } = this.config;
    expectShape(`${this.#name}.forward`, 'x', x.shape, [null, null, inputSize]);
    const [batch, time] = x.shape as readonly [number, number, number];
    if (lengths) checkLengths(`${this.#name}.forward`, lengths, batch, time, this.runtime);
    const ways = bidirectional ? 2 : 1;
    if (initial && initial.length !== layers * ways) {
      throw new ArgumentError(
        `${this.#name}.forward: state must have ${layers * ways} entries (layers x directions), got ${initial.length}`,
      );
    }
    return this.runtime.scope(() => {
      const state: State[] = [];
      let input = x;
      for (let layer = 0; layer < layers; layer++) {
        if (layer > 0 && rate > 0 && random) input = dropout(input, rate, random.bits());
        const output = Tensor.empty(this.runtime, [batch, time, ways * hiddenSize]);
        for (let way = 0; way < ways; way++) {
          const at = layer * ways + way;
          const result = this.sequence(this.#directions[at]!, input, {
            lengths,
            state: initial?.[at],
            reverse: way === 1,
            into: { output, column: way * hiddenSize },
          });
          state.push(result.state);
        }
        input = output;
      }
      return { output: input, state };
    });
  }

  /**
   * The buffers that `step` needs: zero state for `batch` rows. They outlive any scope; dispose of them after use. The
   * weights must not change while steps are taken.
   * @throws UnsupportedError for a bidirectional layer, which needs the whole sequence
   */
  startSteps(batch = 1): StepState<State, Scratch> {
    const name = this.#name;
    if (this.config.bidirectional)
      throw new UnsupportedError(`${name}.startSteps: a bidirectional ${name} cannot run step by step`);
    const buffers = this.#directions.map((direction) => {
      // Packed now, so that no step has to.
      for (const weight of [direction.input, direction.recurrent]) {
        if (!(weight instanceof Int8Weight)) void weight.forward;
      }
      return this.stepBuffers(direction, batch);
    });
    return new StepState(
      batch,
      buffers.map(({ state }) => state),
      buffers.map(({ scratch }) => scratch),
    );
  }

  /**
   * One step of time, synchronous and without allocation; the state is updated in place. Not differentiable.
   * @param x [batch, input]
   * @returns the last layer's hidden state [batch, hidden], which the next step overwrites
   * @throws ShapeError
   */
  step(x: Tensor, state: StepState<State, Scratch>): Tensor {
    expectShape(`${this.#name}.step`, 'x', x.shape, [state.batch, this.config.inputSize]);
    expectFloats(`${this.#name}.step`, { state: state.layers[0]!.hidden, x });
    let input = x;
    for (let layer = 0; layer < this.#directions.length; layer++) {
      input = this.stepDirection(
        this.#directions[layer]!,
        input,
        state.layers[layer]!,
        state.scratch[layer]!,
      );
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
