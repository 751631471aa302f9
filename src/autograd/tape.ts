/**
 * Reverse-mode differentiation: ops append a closure that turns the gradients of their outputs into gradients of
 * their inputs; replaying runs the closures backwards. The tape knows no op by name.
 *
 * A gradient belongs to a block of memory, not to a tensor object: a view's gradient is the same view of the block's
 * gradient, so reshaping and slicing need no entry. Every closure adds to what is already there.
 */
import { ArgumentError, UnsupportedError } from '../errors.ts';
import type { Storage } from '../memory/arena.ts';
import type { TrainingKernels } from '../runtime/abi.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { describe } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

interface Entry {
  readonly outputs: readonly Tensor[];
  readonly backward: (tape: Tape) => void;
}

export class Tape {
  readonly kernels: TrainingKernels;
  readonly #runtime: Runtime;
  readonly #entries: Entry[] = [];
  readonly #differentiable: Set<Storage>;
  readonly #gradients = new Map<Storage, Storage>();

  constructor(runtime: Runtime, parameters: Iterable<Tensor>) {
    this.#runtime = runtime;
    this.kernels = runtime.trainingKernels;
    this.#differentiable = new Set(Array.from(parameters, (parameter) => parameter.storage));
  }

  /** Whether the loss may depend on a parameter through this tensor. */
  needs(tensor: Tensor): boolean {
    return this.#differentiable.has(tensor.storage);
  }

  /** The gradient of a tensor, to be added to: zeros when first asked for. */
  gradient(tensor: Tensor): Tensor {
    let storage = this.#gradients.get(tensor.storage);
    if (!storage) {
      storage = this.#runtime.allocate(tensor.storage.bytes);
      this.#runtime.kernels.f32_fill(storage.pointer, storage.bytes / 4, 0);
      this.#gradients.set(tensor.storage, storage);
    }
    return new Tensor(this.#runtime, storage, tensor.shape, 'f32', tensor.offset);
  }

  /** Appends an op; does nothing when no input is differentiable. */
  record(outputs: readonly Tensor[], inputs: readonly Tensor[], backward: (tape: Tape) => void): void {
    if (!inputs.some((input) => this.needs(input))) return;
    for (const output of outputs) this.#differentiable.add(output.storage);
    this.#entries.push({ outputs, backward });
  }

  /** Runs all closures backwards from a scalar loss. */
  replay(loss: Tensor): void {
    const seed = this.gradient(loss);
    this.#runtime.kernels.f32_fill(seed.pointer, 1, 1);
    for (const { outputs, backward } of this.#entries.reverse()) {
      if (outputs.some((output) => this.#gradients.has(output.storage))) backward(this);
    }
  }
}

/** Records an op on the runtime's tape, if it has one. */
export function record(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  backward: (tape: Tape) => void,
): void {
  const tape = outputs[0]?.runtime.tape;
  if (tape instanceof Tape) tape.record(outputs, inputs, backward);
}

/** Whether gradients are being recorded: ops keep what only their backward pass needs. */
export function isRecording(runtime: Runtime): boolean {
  return runtime.tape instanceof Tape;
}

/** Whether gradients are being recorded and will pass through one of the inputs. */
export function isDifferentiated(inputs: readonly (Tensor | undefined)[]): boolean {
  return inputs.some((input) => input?.runtime.tape instanceof Tape && input.runtime.tape.needs(input));
}

/**
 * For ops that have no backward pass: a loss must not pass through them unnoticed.
 * @throws UnsupportedError when gradients are being recorded and would have to pass through one of the inputs
 */
export function refuseGradient(where: string, inputs: readonly (Tensor | undefined)[]): void {
  if (isDifferentiated(inputs)) {
    throw new UnsupportedError(
      `${where}: has no backward pass: the loss must not depend on parameters through it`,
    );
  }
}

/** What `gradients` returns: the loss and, by parameter name, dloss / dparameter of the parameter's shape. */
export interface GradientResult {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Tensor>;
}

/**
 * Runs `body`, which returns a scalar loss, and differentiates it by the parameters. All temporaries are freed; the
 * gradients (zeros for a parameter the loss does not depend on) pass to the enclosing scope or the caller.
 * @throws ArgumentError when the body's result is not a scalar, or when called while recording
 * @throws UnsupportedError on an inference binary
 */
export function gradients(
  runtime: Runtime,
  body: () => Tensor,
  parameters: ReadonlyMap<string, Tensor>,
): GradientResult {
  if (runtime.tape !== undefined) throw new ArgumentError('gradients: cannot be nested');
  return runtime.scope(() => {
    const tape = new Tape(runtime, parameters.values());
    runtime.tape = tape;
    try {
      const loss = body();
      if (loss.size !== 1) {
        throw new ArgumentError(
          `gradients: the loss must have one element, its shape is ${describe(loss.shape)}`,
        );
      }
      tape.replay(loss);
      const result = new Map<string, Tensor>();
      for (const [name, parameter] of parameters) result.set(name, tape.gradient(parameter));
      return { loss: loss.item(), gradients: result };
    } finally {
      runtime.tape = undefined;
    }
  });
}
