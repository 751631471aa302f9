/** The captioner as greedy, beam and sampled decoding see it. */
import type { StepModel } from '../../decode/stepModel.ts';
import type { LSTMState } from '../../ops/recurrence.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { CaptionerConfig } from './config.ts';
import type { Seen } from './state.ts';

/** What decoding needs of the model. */
export interface Teller {
  readonly runtime: Runtime;
  readonly config: CaptionerConfig;
  encode(images: Tensor): Seen;
  step(previous: Tensor, seen: Seen): { state: LSTMState; logProbabilities: Tensor; weights: Tensor };
}

/** Captioner behind the decoders' interface: an item is an image. */
export class CaptionerStepModel implements StepModel<Seen> {
  readonly items: number;
  readonly vocabulary: number;
  readonly startId: number;
  readonly endId: number;
  readonly #model: Teller;
  readonly #images: Tensor;

  constructor(model: Teller, images: Tensor) {
    this.items = images.shape[0]!;
    this.vocabulary = model.config.vocabulary;
    this.startId = model.config.startId;
    this.endId = model.config.endId;
    this.#model = model;
    this.#images = images;
  }

  start(): Seen {
    return this.#model.encode(this.#images);
  }

  step(
    seen: Seen,
    previous: Int32Array,
  ): { state: Seen; logProbabilities: Float32Array; attention: Float32Array } {
    const { runtime } = this.#model;
    return runtime.scope(() => {
      const ids = Tensor.from(runtime, previous, [previous.length], 'i32');
      const { state, logProbabilities, weights } = this.#model.step(ids, seen);
      return {
        state: { memory: seen.memory, state },
        logProbabilities: logProbabilities.toFloat32Array(),
        attention: weights.toFloat32Array(),
      };
    });
  }

  select({ memory, state }: Seen, rows: Int32Array, itemsChanged: boolean): Seen {
    const { runtime } = this.#model;
    const select = (x: Tensor): Tensor => selectRows(x, rows);
    return runtime.scope(() => ({
      memory: itemsChanged
        ? { keys: select(memory.keys), values: select(memory.values), lengths: undefined }
        : memory,
      state: { hidden: select(state.hidden), cell: select(state.cell) },
    }));
  }

  release({ memory, state }: Seen, kept?: Seen): void {
    state.hidden.dispose();
    state.cell.dispose();
    if (kept?.memory === memory) return;
    memory.keys.dispose();
    memory.values.dispose();
  }
}

/** x[rows[i]] for each i. */
function selectRows(x: Tensor, rows: Int32Array): Tensor {
  const [count, ...rest] = x.shape;
  const { runtime } = x;
  const y = Tensor.empty(runtime, [rows.length, ...rest]);
  const ids = Tensor.from(runtime, rows, [rows.length], 'i32');
  runtime.kernels.f32_gather(y.pointer, x.pointer, ids.pointer, rows.length, x.size / count!);
  ids.dispose();
  return y;
}
