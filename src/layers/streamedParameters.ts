/**
 * Parameters that come from a checkpoint as it is read: layers are built first, with memory for all that they ask for, and
 * each piece of a tensor is then converted to where it belongs. Nothing is held twice. What is loaded so can be run, not
 * trained. I8 tensors are multiplied by the scales of their rows, `NAME.scale`.
 */
import { FormatError } from '../errors.ts';
import { toFloat32 } from '../io/conversion.ts';
import { SCALE_SUFFIX } from '../io/quantise.ts';
import { bytesPerElement } from '../io/storedDType.ts';
import { FrozenWeight } from '../ops/frozenWeight.ts';
import type { Weight } from '../ops/weight.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { describe, type Shape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { StreamOptions, WeightStream } from '../tensor/weights.ts';
import { type Layout, type StoredRows, storedRows } from './layout.ts';
import { type Columns, disposeAll, missing, type ParameterSource, Parameters } from './parameters.ts';
import { QuantisedRows } from './quantisedRows.ts';

export interface StreamedOptions extends Pick<StreamOptions, 'signal' | 'onProgress'> {
  /** Where the file keeps what has another name or form in heed. */
  readonly layout?: Layout;
  /** Stored tensors that may be there and are not wanted. */
  readonly ignored?: readonly RegExp[];
  /** Makes the matrices 8-bit ones, a row at a time. */
  readonly quantize?: 'int8';
}

/** Where rows of a matrix go, as they come: `FrozenWeight` is one. */
interface Rows {
  readonly inputs: number;
  write(start: number, values: Float32Array): void;
  writeTransposed(from: number, to: number, start: number, values: Float32Array): void;
}

/** Takes consecutive elements of a stored tensor, from that of index `start` on. */
type Take = (start: number, values: Float32Array) => void;

/**
 * Builds a model, and fills it from a checkpoint in one pass.
 * @throws FormatError that lists every missing, misshapen and unexpected tensor, before any is read; what reading throws.
 *   Nothing is leaked
 */
export async function streamParameters<Built extends { dispose(): void }>(
  runtime: Runtime,
  weights: WeightStream,
  build: (parameters: Parameters) => Built,
  options: StreamedOptions = {},
): Promise<Built> {
  const source = new StreamedParameters(runtime, weights, options);
  const named = new Map<string, Tensor>();
  let built: Built;
  try {
    built = build(new Parameters(runtime, source).into(named));
    source.expectAll();
  } catch (error) {
    disposeAll(named.values());
    disposeAll(source.made);
    throw error;
  }
  try {
    await source.read();
    return built;
  } catch (error) {
    built.dispose();
    throw error;
  }
}

class StreamedParameters implements ParameterSource {
  /** Weights that no parameter stands for. */
  readonly made: Weight[] = [];
  readonly #runtime: Runtime;
  readonly #weights: WeightStream;
  readonly #options: StreamedOptions;
  readonly #problems: string[] = [];
  /** Stored tensors that were asked for, there or not. */
  readonly #asked = new Set<string>();
  /** Who takes each stored tensor. */
  readonly #takers = new Map<string, Take[]>();

  constructor(runtime: Runtime, weights: WeightStream, options: StreamedOptions) {
    this.#runtime = runtime;
    this.#weights = weights;
    this.#options = options;
  }

  has(name: string, shape: Shape): boolean {
    const pieces = this.#piecesOf(name);
    for (const piece of pieces) this.#asked.add(piece.name);
    const infos = pieces.map(({ name: stored }) => this.#weights.info(stored));
    const absent = pieces.filter((_, i) => !infos[i]);
    for (const piece of absent) {
      this.#problems.push(missing(piece.name, pieces.length > 1 ? undefined : turned(shape, piece)));
    }
    if (absent.length > 0) return false;
    const shapes = infos.map((info, i) => withoutOnes(turned(info!.shape, pieces[i]!), shape.length));
    if (pieces.length === 1 ? describe(shapes[0]!) === describe(shape) : fitTogether(shapes, shape))
      return true;
    const found = pieces.map((piece, i) => `${piece.name} has shape ${describe(infos[i]!.shape)}`).join(', ');
    const expected = pieces.length > 1 ? `${describe(shape)} together` : describe(turned(shape, pieces[0]!));
    this.#problems.push(`weights: ${found}, expected ${expected}`);
    return false;
  }

  fill(name: string, parameter: Tensor): void {
    const { memory } = this.#runtime;
    const rowSize = sizeOf(parameter.shape.slice(1));
    this.#fillRows(name, {
      inputs: rowSize,
      write: (start, values) => memory.floats.set(values, parameter.pointer / 4 + start),
      writeTransposed: (from, to, start, values) => {
        const { floats } = memory;
        const first = parameter.pointer / 4 + from * rowSize;
        values.forEach((value, i) => {
          const [column, row] = [Math.floor((start + i) / (to - from)), (start + i) % (to - from)];
          floats[first + row * rowSize + column] = value;
        });
      },
    });
  }

  weights(name: string, shape: readonly [number, number], ranges: readonly Columns[]): Weight[] | undefined {
    // A weight in ranges of its columns belongs to a recurrent decoder, which is loaded from memory.
    if (ranges.length !== 1 || !this.has(name, shape)) return undefined;
    const [outputs, inputs] = shape;
    if (this.#options.quantize === 'int8') {
      const quantised = new QuantisedRows(this.#runtime, outputs, inputs);
      this.#fillRows(name, quantised);
      this.made.push(quantised.weight);
      return [quantised.weight];
    }
    const frozen = FrozenWeight.zeros(this.#runtime, outputs, inputs);
    this.made.push(frozen);
    this.#fillRows(name, frozen);
    return [frozen];
  }

  /** @throws FormatError */
  expectAll(): void {
    const { ignored = [] } = this.#options;
    const scalesOf = this.#scalesOf();
    const scales = new Set(scalesOf.values());
    for (const [name, scale] of scalesOf) {
      const rows = this.#weights.info(name)!.shape[0] ?? 1;
      const info = this.#weights.info(scale);
      if (info && sizeOf(info.shape) === rows) continue;
      this.#problems.push(`weights: ${name} is I8 and needs ${scale} of ${rows} scales`);
    }
    for (const name of this.#weights.names()) {
      if (this.#asked.has(name) || scales.has(name) || ignored.some((pattern) => pattern.test(name)))
        continue;
      this.#problems.push(`weights: ${name} is unexpected`);
    }
    if (this.#problems.length > 0) throw new FormatError([...new Set(this.#problems)]);
  }

  async read(): Promise<void> {
    const { signal, onProgress } = this.#options;
    const scales = await this.#readScales();
    await this.#weights.stream(
      (name, offset, bytes) => {
        const { dtype, shape } = this.#weights.info(name)!;
        const size = bytesPerElement[dtype];
        const start = offset / size;
        const values = toFloat32({ dtype, shape: [bytes.length / size], bytes });
        const own = scales.get(name);
        if (own) {
          const rowSize = sizeOf(shape.slice(1));
          values.forEach((value, i) => {
            values[i] = value * own[Math.floor((start + i) / rowSize)]!;
          });
        }
        for (const take of this.#takers.get(name)!) take(start, values);
      },
      { names: new Set(this.#takers.keys()), signal, onProgress },
    );
  }

  /** The scales of 8-bit tensors, which may lie behind them: they are few, and read first. */
  async #readScales(): Promise<Map<string, Float32Array>> {
    const scales = new Map<string, Float32Array>();
    const scalesOf = this.#scalesOf();
    if (scalesOf.size === 0) return scales;
    const read = new Map<string, Float32Array>();
    const names = new Set(scalesOf.values());
    await this.#weights.stream(
      (name, offset, bytes) => {
        const { dtype, shape } = this.#weights.info(name)!;
        const size = bytesPerElement[dtype];
        const whole = read.get(name) ?? new Float32Array(sizeOf(shape));
        whole.set(toFloat32({ dtype, shape: [bytes.length / size], bytes }), offset / size);
        read.set(name, whole);
      },
      { names, signal: this.#options.signal },
    );
    for (const [name, scale] of scalesOf) scales.set(name, read.get(scale)!);
    return scales;
  }

  /** By the names of 8-bit tensors, those of their rows' scales. */
  #scalesOf(): ReadonlyMap<string, string> {
    const taken = [...this.#takers.keys()].filter((name) => this.#weights.info(name)!.dtype === 'I8');
    return new Map(taken.map((name) => [name, name + SCALE_SUFFIX]));
  }

  #fillRows(name: string, rows: Rows): void {
    let from = 0;
    for (const piece of this.#piecesOf(name)) {
      const first = from;
      const to = first + (turned(this.#weights.info(piece.name)!.shape, piece)[0] ?? 1);
      this.#take(
        piece,
        piece.transposed
          ? (start, values) => rows.writeTransposed(first, to, start, values)
          : (start, values) => rows.write(first * rows.inputs + start, values),
      );
      from = to;
    }
  }

  #take({ name }: StoredRows, take: Take): void {
    const takers = this.#takers.get(name);
    if (takers) takers.push(take);
    else this.#takers.set(name, [take]);
  }

  #piecesOf(name: string): readonly StoredRows[] {
    return storedRows(this.#options.layout ?? {}, name);
  }
}

/** A shape as the parameter has it: that of a transposed tensor with its axes exchanged, and the other way round. */
function turned(shape: Shape, { transposed }: StoredRows): Shape {
  return transposed ? [...shape].reverse() : shape;
}

/** Without leading axes of length 1 that the parameter does not have: a bias may be stored as [1, outputs]. */
function withoutOnes(shape: Shape, axes: number): Shape {
  const spare = shape.length - axes;
  return spare > 0 && shape.slice(0, spare).every((extent) => extent === 1) ? shape.slice(spare) : shape;
}

/** Whether these lie under one another in a parameter of this shape. */
function fitTogether(shapes: readonly Shape[], shape: Shape): boolean {
  const rows = shapes.reduce((sum, each) => sum + (each[0] ?? 0), 0);
  return (
    rows === shape[0] &&
    shapes.every(
      (each) => each.length === shape.length && describe(each.slice(1)) === describe(shape.slice(1)),
    )
  );
}
