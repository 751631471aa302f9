/** Attention decoders as greedy, beam and sampled decoding see them. */
import type { StepModel } from '../decode/stepModel.ts';
import type { Decoding } from '../layers/decoder.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Tensor } from '../tensor/tensor.ts';

/** What decoding needs of a model and its sources. */
export interface DecodingModelParts {
  readonly runtime: Runtime;
  readonly items: number;
  readonly vocabulary: number;
  readonly startId: number;
  readonly endId: number;
  start(): Decoding;
  /** @param previous i32 [rows] */
  step(
    previous: Tensor,
    decoding: Decoding,
  ): { readonly next: Decoding; readonly logProbabilities: Tensor; readonly weights: Tensor };
}

/** A model that writes with a `Decoder`, behind the decoders' interface; states may hold any tensors. */
export class DecodingModel implements StepModel<Decoding> {
  readonly items: number;
  readonly vocabulary: number;
  readonly startId: number;
  readonly endId: number;
  readonly #parts: DecodingModelParts;

  constructor(parts: DecodingModelParts) {
    this.items = parts.items;
    this.vocabulary = parts.vocabulary;
    this.startId = parts.startId;
    this.endId = parts.endId;
    this.#parts = parts;
  }

  start(): Decoding {
    return this.#parts.runtime.scope(() => this.#parts.start());
  }

  step(
    state: Decoding,
    previous: Int32Array,
  ): { state: Decoding; logProbabilities: Float32Array; attention: Float32Array } {
    const { runtime } = this.#parts;
    return runtime.scope(() => {
      const ids = Tensor.from(runtime, previous, [previous.length], 'i32');
      const { next, logProbabilities, weights } = this.#parts.step(ids, state);
      return {
        state: next,
        logProbabilities: logProbabilities.toFloat32Array(),
        attention: weights.toFloat32Array(),
      };
    });
  }

  select(decoding: Decoding, rows: Int32Array, itemsChanged: boolean): Decoding {
    return this.#parts.runtime.scope(() => ({
      ...decoding,
      memory: itemsChanged ? selectRows(decoding.memory, rows) : decoding.memory,
      state: selectRows(decoding.state, rows),
    }));
  }

  release(decoding: Decoding, kept?: Decoding): void {
    const stays = new Set(kept && tensorsOf(kept).map(({ storage }) => storage));
    for (const tensor of tensorsOf(decoding)) if (!stays.has(tensor.storage)) tensor.dispose();
  }
}

function tensorsOf({ memory, state }: Decoding): Tensor[] {
  return [...Object.values(memory), ...Object.values(state)].filter((value) => value instanceof Tensor);
}

/** The rows of every tensor; what was one tensor stays one. */
function selectRows<Tensors extends object>(tensors: Tensors, rows: Int32Array): Tensors {
  const selected = new Map<unknown, Tensor>();
  const select = (value: unknown): unknown => {
    if (!(value instanceof Tensor)) return value;
    const y = selected.get(value) ?? rowsOf(value, rows);
    selected.set(value, y);
    return y;
  };
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, select(value)])) as Tensors;
}

/** x[rows[i]] for each i; 32-bit elements of any type. */
function rowsOf(x: Tensor, rows: Int32Array): Tensor {
  const [count, ...rest] = x.shape;
  const { runtime } = x;
  const y = Tensor.empty(runtime, [rows.length, ...rest], x.dtype);
  if (count) {
    const ids = Tensor.from(runtime, rows, [rows.length], 'i32');
    runtime.kernels.f32_gather(y.pointer, x.pointer, ids.pointer, rows.length, x.size / count);
    ids.dispose();
  }
  return y;
}
