/** One step of a recurrent network as a layer of its own, of which decoders are built: RNNCell, GRUCell, LSTMCell. */

import { ArgumentError } from '../errors.ts';
import { add } from '../ops/elementwise.ts';
import { gruCell } from '../ops/gru.ts';
import { addLinear, linear } from '../ops/linear.ts';
import { lstmCell } from '../ops/lstm.ts';
import type { HiddenState, LSTMState } from '../ops/recurrence.ts';
import { rnnCell } from '../ops/rnn.ts';
import { disposeWeight, type Weight } from '../ops/weight.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { checkSizes } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';

export interface CellConfig {
  /** Widths of the inputs, whose concatenation PyTorch's cell would take. They are never concatenated. */
  readonly inputSizes: readonly number[];
  readonly hiddenSize: number;
  /** Whether there are biases; true by default. */
  readonly bias?: boolean;
}

/** What a cell hands from step to step, each [batch, hidden]: `hidden`, and an LSTM's `cell`. */
export type CellState = { readonly hidden: Tensor; readonly cell?: Tensor };

type CellClass<Cell> = new (source: Parameters, config: CellConfig) => Cell;

/**
 * A cell in PyTorch's parameters: `weight_ih` [gates * hidden, sum of inputSizes], `weight_hh` [gates * hidden, hidden],
 * `bias_ih`, `bias_hh` [gates * hidden]. A step sums the shares that the inputs have in the gates. What is known of many
 * steps beforehand (all true tokens, a context that stays) is projected once, outside the loop over time:
 *
 *   const projected = cell.project(0, embedded);           // [time, batch, gates * hidden]
 *   const share = cell.project(1, fed, projected.at(t));   // [batch, gates * hidden]
 *   state = cell.step(share, state);
 */
export abstract class RecurrentCell<State extends CellState = CellState> {
  readonly runtime: Runtime;
  readonly config: Required<CellConfig>;
  /** What `State` consists of: a decoder needs an initial value of each. */
  readonly stateNames: readonly (keyof CellState)[];
  protected readonly recurrent: Weight;
  protected readonly inputBias: Tensor | undefined;
  protected readonly recurrentBias: Tensor | undefined;
  readonly #inputs: readonly Weight[];
  readonly #parameters = new Map<string, Tensor>();

  /** @throws ArgumentError for sizes that are not positive integers, or no input */
  constructor(
    gates: number,
    stateNames: readonly (keyof CellState)[],
    source: Parameters,
    { inputSizes, hiddenSize, bias = true }: CellConfig,
  ) {
    const parameters = source.into(this.#parameters);
    if (!inputSizes?.length) {
      throw new ArgumentError(`cell: inputSizes must name one input or more, got ${inputSizes ?? 'nothing'}`);
    }
    checkSizes('cell', { hiddenSize });
    for (const size of inputSizes) checkSizes('cell', { 'each of inputSizes': size });
    this.runtime = parameters.runtime;
    this.config = { inputSizes, hiddenSize, bias };
    this.stateNames = stateNames;
    const rows = gates * hiddenSize;
    const width = inputSizes.reduce((a, b) => a + b);
    const bound = { bound: 1 / Math.sqrt(hiddenSize) };
    this.#inputs = parameters.weightColumns('weight_ih', [rows, width], bound, inputSizes);
    this.recurrent = parameters.weight('weight_hh', [rows, hiddenSize], bound);
    if (!bias) return;
    this.inputBias = parameters.get('bias_ih', [rows], bound);
    this.recurrentBias = parameters.get('bias_hh', [rows], bound);
  }

  static create<Cell>(this: CellClass<Cell>, runtime: Runtime, config: CellConfig, random: Random): Cell {
    return createParameters(runtime, random, (parameters) => new this(parameters, config));
  }

  /** @throws FormatError */
  static load<Cell>(
    this: CellClass<Cell>,
    runtime: Runtime,
    weights: WeightSource,
    config: CellConfig & LoadOptions,
  ): Cell {
    const { prefix = '', arithmetic } = config;
    return loadParameters(runtime, weights, prefix, (parameters) => new this(parameters, config), arithmetic);
  }

  /** The bias that the share of input 0 carries. */
  protected shareBias(): Tensor | undefined {
    return this.inputBias;
  }

  /**
   * The share of the gates that one input gives, for any number of rows; that of input 0 carries the bias.
   * @param index which of the inputs, in the order of `inputSizes`
   * @param x [..., inputSizes[index]]
   * @param base [..., gates * hidden], the shares of other inputs, to which this one is added
   * @returns [..., gates * hidden]
   * @throws ShapeError, DTypeError; ArgumentError for an input that does not exist
   */
  project(index: number, x: Tensor, base?: Tensor): Tensor {
    const weight = this.#inputs[index];
    if (!weight)
      throw new ArgumentError(`cell.project: index must be below ${this.#inputs.length}, got ${index}`);
    if (base && index > 0) return addLinear(base, x, weight);
    const share = linear(x, weight, index === 0 ? this.shareBias() : undefined);
    return base ? add(base, share) : share;
  }

  /**
   * One step of time; differentiable.
   * @param share [batch, gates * hidden], the summed shares of all inputs; stays as it is
   * @throws ShapeError, DTypeError
   */
  abstract step(share: Tensor, state: State): State;

  /**
   * `project` and `step` in one.
   * @param inputs [batch, size] each, in the order of `inputSizes`
   * @param state zeros by default
   * @throws ShapeError, DTypeError; ArgumentError for more or fewer inputs than the cell has
   */
  forward(inputs: readonly Tensor[], state?: State): State {
    const [first, ...rest] = inputs;
    if (!first || inputs.length !== this.#inputs.length) {
      throw new ArgumentError(`cell.forward: expected ${this.#inputs.length} inputs, got ${inputs.length}`);
    }
    return this.runtime.scope(() => {
      const share = rest.reduce((base, x, i) => this.project(i + 1, x, base), this.project(0, first));
      return this.step(share, state ?? this.startState(first.shape[0]!));
    });
  }

  /** The state of zeros. */
  startState(batch: number): State {
    const zeros = () => Tensor.zeros(this.runtime, [batch, this.config.hiddenSize]);
    return Object.fromEntries(this.stateNames.map((name) => [name, zeros()])) as unknown as State;
  }

  /** Parameters by PyTorch's names: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    for (const weight of [...this.#inputs, this.recurrent]) disposeWeight(weight);
    this.inputBias?.dispose();
    this.recurrentBias?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** h' = tanh(W_ih x + b_ih + W_hh h + b_hh) (Elman 1990), as PyTorch's RNNCell. */
export class RNNCell extends RecurrentCell<HiddenState> {
  constructor(source: Parameters, config: CellConfig) {
    super(1, ['hidden'], source, config);
  }

  step(share: Tensor, { hidden }: HiddenState): HiddenState {
    return { hidden: rnnCell(share, linear(hidden, this.recurrent, this.recurrentBias)) };
  }
}

/** Gated recurrent unit, as PyTorch's GRUCell: see `gruSequence`. Gates in the order r, z, n. */
export class GRUCell extends RecurrentCell<HiddenState> {
  constructor(source: Parameters, config: CellConfig) {
    super(3, ['hidden'], source, config);
  }

  step(share: Tensor, { hidden }: HiddenState): HiddenState {
    return { hidden: gruCell(share, linear(hidden, this.recurrent, this.recurrentBias), hidden) };
  }
}

/** Long short-term memory, as PyTorch's LSTMCell: see `lstmCell`. Gates in the order i, f, g, o. */
export class LSTMCell extends RecurrentCell<LSTMState> {
  constructor(source: Parameters, config: CellConfig) {
    super(4, ['hidden', 'cell'], source, config);
  }

  /** Both biases: nothing comes between them, as in the other cells' candidate. */
  protected override shareBias(): Tensor | undefined {
    return this.inputBias && this.recurrentBias && add(this.inputBias, this.recurrentBias);
  }

  step(share: Tensor, { hidden, cell }: LSTMState): LSTMState {
    if (!cell) throw new ArgumentError('LSTMCell.step: state must have hidden and cell, got hidden alone');
    return lstmCell(addLinear(share, hidden, this.recurrent), cell);
  }
}

const CELLS = { rnn: RNNCell, gru: GRUCell, lstm: LSTMCell };

export type CellKind = keyof typeof CELLS;

/** @throws ArgumentError for an unknown kind, sizes that are not positive integers, or no input */
export function createCell(
  source: Parameters,
  { kind, ...config }: CellConfig & { kind: CellKind },
): RecurrentCell {
  if (!Object.hasOwn(CELLS, kind)) {
    throw new ArgumentError(`cell: kind must be ${Object.keys(CELLS).join(', ')}, got ${String(kind)}`);
  }
  return new CELLS[kind](source, config);
}
