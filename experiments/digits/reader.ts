/** The reader of digits: a captioner whose attention is soft, hard, or switched off. */
import { greedyDecode } from '../../src/decode/greedy.ts';
import { type CaptionBatch, captionBatch } from '../../src/models/captioner/batch.ts';
import type { EncoderBlock } from '../../src/models/captioner/config.ts';
import { Captioner } from '../../src/models/captioner/model.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { TrainingRuntime } from '../../src/train/trainingRuntime.ts';
import type { Canvas, CanvasSettings } from './canvas.ts';
import type { Grid, Reading } from './reading.ts';

/** What the decoder reads at a step: an average of all places, one place, or always the same vector. */
export type Attention = 'soft' | 'hard' | 'off';

export interface ReaderSettings {
  readonly blocks: readonly EncoderBlock[];
  readonly embeddingSize: number;
  readonly decoderHidden: number;
  readonly attentionSize: number;
}

/** Ids of the vocabulary; a digit's is `first` and the digit. */
const IDS = { paddingId: 0, startId: 1, endId: 2 };
const FIRST = 3;

/** Canvases that are read at a time. */
const READ_AT_ONCE = 50;

export class Reader {
  readonly model: Captioner;
  /** All that learns. */
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly #runtime: TrainingRuntime;
  readonly #canvas: CanvasSettings;

  constructor(
    runtime: TrainingRuntime,
    attention: Attention,
    { canvas, reader }: { readonly canvas: CanvasSettings; readonly reader: ReaderSettings },
  ) {
    this.#runtime = runtime;
    this.#canvas = canvas;
    const { height, width } = canvas;
    const choice = attention === 'hard' ? 'hard' : 'soft';
    const config = { ...IDS, ...reader, channels: 2, height, width, vocabulary: FIRST + 10, choice } as const;
    this.model = Captioner.create(runtime, config, runtime.random);
    this.#widen();
    if (attention === 'off') this.#switchOff();
    const learns = (name: string): boolean => attention !== 'off' || !name.startsWith('attn_');
    this.parameters = new Map([...this.model.parameters()].filter(([name]) => learns(name)));
  }

  /** Begins with what another reader of this size has learnt. */
  copy({ parameters }: Reader): void {
    for (const [name, tensor] of this.parameters) tensor.set(parameters.get(name)!.toFloat32Array());
  }

  /**
   * He 2015: from PyTorch's bound sqrt(1 / fan-in) to sqrt(6 / fan-in), with which what passes a convolution and its ReLU is as
   * large as before. With the smaller one the annotations begin all but equal, and attention does not find out where to look.
   */
  #widen(): void {
    for (const [name, weight] of this.model.parameters()) {
      if (!/^encoder\..*weight$/.test(name)) continue;
      weight.set(weight.toFloat32Array().map((value) => Math.sqrt(6) * value));
    }
  }

  /**
   * With v = 0 in v · tanh(W h + U a), which learns no more, all places score alike: at every step the decoder reads the mean
   * of the annotations, one fixed vector. Nothing else is changed.
   */
  #switchOff(): void {
    const scores = this.model.parameters().get('attn_v.weight')!;
    scores.set(new Float32Array(scores.size));
  }

  get grid(): Grid {
    return this.model.gridSize;
  }

  get parameterCount(): number {
    return [...this.parameters.values()].reduce((sum, { size }) => sum + size, 0);
  }

  batch(canvases: readonly Canvas[]): CaptionBatch {
    const captions = canvases.map(({ digits }) => digits.map((digit) => FIRST + digit));
    return captionBatch(this.#runtime, this.#images(canvases), captions, IDS);
  }

  /** Greedily, without knowing how many digits there are. */
  read(canvases: readonly Canvas[]): Reading[] {
    const readings: Reading[] = [];
    for (let start = 0; start < canvases.length; start += READ_AT_ONCE) {
      const some = canvases.slice(start, start + READ_AT_ONCE);
      const written = this.#runtime.scope(() =>
        greedyDecode(this.model.stepModel(this.#images(some)), 2 * this.#canvas.most),
      );
      readings.push(
        ...written.map(({ ids, attention }) => ({ digits: ids.map((id) => id - FIRST), attention })),
      );
    }
    return readings;
  }

  /**
   * Two channels: the ink, and how far to the right a pixel is, from -1 to 1 (Liu 2018, "CoordConv"): convolutions alone see
   * the same digit the same wherever it is, and order is asked for.
   */
  #images(canvases: readonly Canvas[]): Tensor {
    const { height, width } = this.#canvas;
    const size = height * width;
    const values = new Float32Array(canvases.length * 2 * size);
    const abscissae = Float32Array.from({ length: size }, (_, i) => (2 * (i % width)) / (width - 1) - 1);
    canvases.forEach(({ pixels }, i) => {
      values.set(pixels, 2 * i * size);
      values.set(abscissae, (2 * i + 1) * size);
    });
    return Tensor.from(this.#runtime, values, [canvases.length, 2, height, width]);
  }

  [Symbol.dispose](): void {
    this.model.dispose();
  }
}
