/** What the decoders of the RNN encoder-decoder family have in common. */
import type { Runtime } from '../runtime/runtime.ts';
import type { Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource } from '../tensor/weights.ts';
import type { Attention, AttentionMemory, AttentionRead } from './attention.ts';
import type { CellKind, CellState } from './cell.ts';
import { createParameters, type LoadOptions, loadParameters, type Parameters } from './parameters.ts';

export interface DecoderConfig {
  /** Size of an embedded target token. */
  readonly embeddingSize: number;
  readonly hiddenSize: number;
  /** Size of each of the encoder's outputs. */
  readonly keySize: number;
  /** Size of the encoder's final state, its directions side by side; keySize by default. */
  readonly finalSize?: number;
}

/** A decoder whose cell is PyTorch's. */
export interface CellDecoderConfig extends DecoderConfig {
  /** 'lstm' by default. */
  readonly cell?: CellKind;
}

/** What an encoder has read. */
export interface DecoderSource {
  /** Its outputs [batch, length, keySize]. */
  readonly values: Tensor;
  /** i32 [batch]: positions that exist; all by default. */
  readonly lengths?: Tensor;
  /** Its final state [batch, size], the top layer's, of each direction: forward, then reverse. */
  readonly final: readonly CellState[];
}

/** What a decoder makes of the source, once for all steps. */
export interface DecoderMemory {
  readonly values: Tensor;
}

/** What changes from step to step, each [batch, hidden]. */
export type DecoderState = CellState & {
  /** Luong's attentional vector, where it is fed into the next step. */
  readonly attentional?: Tensor;
};

/** Where decoding stands. */
export interface Decoding<Memory extends DecoderMemory = DecoderMemory> {
  readonly memory: Memory;
  readonly state: DecoderState;
  /** Steps taken. */
  readonly position: number;
}

/** What a step yields: what it read of the source, once for each row of the batch, and what it made of it. */
export interface DecoderStep<Memory extends DecoderMemory = DecoderMemory>
  extends Omit<AttentionRead, 'context'> {
  readonly next: Decoding<Memory>;
  /** [batch, featureSize]: what the logits are a linear map of. */
  readonly features: Tensor;
  /** [batch, keySize] */
  readonly context: Tensor;
  /** [batch, 1, length]; [batch, 1, 0] from a decoder without attention. */
  readonly weights: Tensor;
}

type DecoderClass<Config, Built> = new (source: Parameters, config: Config) => Built;

/**
 * Writes one token at a time:
 *
 *   let decoding = decoder.start(source);
 *   const inputs = decoder.project(embedded);                          // all steps at once where tokens are known
 *   const step = decoder.step(inputs.map((x) => x.at(t)), decoding);   // and on with step.next
 *   const logits = out.forward(step.features);
 */
export abstract class Decoder<Memory extends DecoderMemory = DecoderMemory> {
  readonly runtime: Runtime;
  /** Width of a step's features. */
  abstract readonly featureSize: number;
  readonly #parameters = new Map<string, Tensor>();
  readonly #parts: { dispose(): void }[] = [];

  constructor(source: Parameters) {
    this.runtime = source.runtime;
  }

  static create<Config, Built>(
    this: DecoderClass<Config, Built>,
    runtime: Runtime,
    config: Config,
    random: Random,
  ): Built {
    return createParameters(runtime, random, (parameters) => new this(parameters, config));
  }

  /** @throws FormatError */
  static load<Config, Built>(
    this: DecoderClass<Config, Built>,
    runtime: Runtime,
    weights: WeightSource,
    config: Config & LoadOptions,
  ): Built {
    const { prefix = '', arithmetic } = config;
    return loadParameters(runtime, weights, prefix, (parameters) => new this(parameters, config), arithmetic);
  }

  /** Enters what is taken from the source in the list of parameters. */
  protected enter(source: Parameters): Parameters {
    return source.into(this.#parameters);
  }

  /** A part that is disposed of with the decoder. */
  protected own<Part extends { dispose(): void }>(part: Part): Part {
    this.#parts.push(part);
    return part;
  }

  /** The memory, and the state before the first step. @throws ShapeError, DTypeError */
  abstract start(source: DecoderSource): Decoding<Memory>;

  /**
   * The share that embedded tokens have in a step, for any number of steps: all that needs no state.
   * @param embedded [..., embeddingSize]
   * @returns tensors [..., n], of which `step` takes those of one step
   * @throws ShapeError, DTypeError
   */
  abstract project(embedded: Tensor): readonly Tensor[];

  /**
   * One step; differentiable.
   * @param inputs what `project` gave, [batch, n] each
   * @param random where hard attention draws positions from; without it the likeliest is taken
   * @throws ShapeError, DTypeError
   */
  abstract step(inputs: readonly Tensor[], decoding: Decoding<Memory>, random?: Random): DecoderStep<Memory>;

  /** Parameters by name: what an optimizer steps and a file stores. */
  parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  dispose(): void {
    for (const part of this.#parts) part.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Reads the memory with one query for each row of the batch: context [batch, keySize]. */
export function readMemory(
  attention: Attention,
  query: Tensor,
  { memory, position }: Decoding<AttentionMemory>,
  random: Random | undefined,
): AttentionRead {
  const [batch, size] = query.shape as readonly [number, number];
  const read = attention.read(query.reshape([batch, 1, size]), memory, { position, random });
  return { ...read, context: read.context.reshape([batch, attention.config.keySize]) };
}

/** The same memory, one step later. */
export function advance<Memory extends DecoderMemory>(
  { memory, position }: Decoding<Memory>,
  state: DecoderState,
): Decoding<Memory> {
  return { memory, state, position: position + 1 };
}
