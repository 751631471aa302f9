/** The encoder-decoder as greedy and beam search see it. */
import type { StepModel } from '../../decode/stepModel.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { padRows } from './batch.ts';
import type { Seq2SeqConfig } from './config.ts';
import type { DecoderState, Encoded } from './state.ts';

/** What decoding needs of the model. */
export interface EncoderDecoder {
  readonly runtime: Runtime;
  readonly config: Seq2SeqConfig;
  encode(source: Tensor, lengths: Tensor): Encoded;
  step(
    previous: Tensor,
    encoded: Encoded,
  ): { state: DecoderState; logProbabilities: Tensor; weights: Tensor };
}

/** Seq2Seq behind the decoders' interface. */
export class Seq2SeqStepModel implements StepModel<Encoded> {
  readonly items: number;
  readonly vocabulary: number;
  readonly startId: number;
  readonly endId: number;
  readonly #model: EncoderDecoder;
  readonly #sources: readonly (readonly number[])[];

  constructor(model: EncoderDecoder, sources: readonly (readonly number[])[]) {
    this.items = sources.length;
    this.vocabulary = model.config.targetVocabulary;
    this.startId = model.config.startId;
    this.endId = model.config.endId;
    this.#model = model;
    this.#sources = sources;
  }

  start(): Encoded {
    const { runtime, config } = this.#model;
    return runtime.scope(() => {
      const { ids, lengths } = padRows(this.#sources, config.paddingId);
      const [rows, columns] = [this.#sources.length, lengths.reduce((a, b) => Math.max(a, b), 0)];
      const source = Tensor.from(runtime, ids, [rows, columns], 'i32');
      return this.#model.encode(source, Tensor.from(runtime, lengths, [rows], 'i32'));
    });
  }

  step(
    state: Encoded,
    previous: Int32Array,
  ): { state: Encoded; logProbabilities: Float32Array; attention: Float32Array } {
    const { runtime } = this.#model;
    return runtime.scope(() => {
      const ids = Tensor.from(runtime, previous, [previous.length], 'i32');
      const result = this.#model.step(ids, state);
      return {
        state: { memory: state.memory, state: result.state },
        logProbabilities: result.logProbabilities.toFloat32Array(),
        attention: result.weights.toFloat32Array(),
      };
    });
  }

  select(state: Encoded, rows: Int32Array, itemsChanged: boolean): Encoded {
    const { runtime } = this.#model;
    const select = (x: Tensor): Tensor => selectRows(x, rows);
    return runtime.scope(() => {
      const { hidden, cell, attentional } = state.state;
      const { keys, values, lengths } = state.memory;
      const sameKeys = keys.storage === values.storage;
      const newKeys = itemsChanged ? select(keys) : keys;
      const memory = itemsChanged
        ? { keys: newKeys, values: sameKeys ? newKeys : select(values), lengths: lengths && select(lengths) }
        : state.memory;
      return {
        memory,
        state: { hidden: select(hidden), cell: select(cell), attentional: select(attentional) },
      };
    });
  }

  release(state: Encoded, kept?: Encoded): void {
    for (const tensor of [state.state.hidden, state.state.cell, state.state.attentional]) tensor.dispose();
    if (kept && kept.memory === state.memory) return;
    state.memory.keys.dispose();
    state.memory.values.dispose();
    state.memory.lengths?.dispose();
  }
}

/** x[rows[i]] for each i; 32-bit elements of any type. */
function selectRows(x: Tensor, rows: Int32Array): Tensor {
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
