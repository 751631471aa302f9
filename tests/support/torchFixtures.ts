/**
 * The PyTorch fixtures in ../shared/data/torch (see its README.md for names and tolerances). They are no part of the
 * repository: where they are absent one line is printed, and the tests count as skipped.
 */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { toFloat32, toInt32 } from '../../src/io/conversion.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { StoredTensor, WeightSource } from '../../src/tensor/weights.ts';
import type { TrainingRuntime } from '../../src/train/trainingRuntime.ts';
import { sharedRuntime, variants } from './runtimes.ts';

const FOLDER = new URL('../../../shared/data/torch/', import.meta.url);

type Part = 'layers' | 'attention';
type Group = 'out' | 'grad';

/** What a case's row in index.json says of it. */
interface Row {
  readonly case: string;
  readonly file: string;
  readonly module: string;
  readonly ctor: Readonly<Record<string, number | boolean | string | readonly number[] | null>>;
  readonly call?: { readonly max_len: number; readonly beam: number };
  readonly compare?: 'tensor' | 'elementwise';
  readonly tol: {
    readonly out: number;
    readonly grad?: number;
    readonly out_rel?: number;
    readonly grad_rel?: number;
  };
}

/** One case: its row, its tensors, and comparison with its tolerance. */
export class TorchCase {
  readonly runtime: TrainingRuntime;
  readonly row: Row;
  readonly source: WeightSource;

  constructor(runtime: TrainingRuntime, row: Row, source: WeightSource) {
    this.runtime = runtime;
    this.row = row;
    this.source = source;
  }

  has(name: string): boolean {
    return this.source.get(name) !== undefined;
  }

  stored(name: string): StoredTensor {
    return this.source.get(name) ?? expect.fail(`${this.row.case} has no tensor ${name}`);
  }

  /** Names with the prefix, without it. */
  names(prefix: string): string[] {
    return this.source
      .names()
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
  }

  floats(name: string): Float32Array {
    return toFloat32(this.stored(name));
  }

  integers(name: string): Int32Array {
    return toInt32(this.stored(name));
  }

  /** A stored tensor in the runtime's memory, under another shape if given. */
  tensor(name: string, shape = this.source.get(name)?.shape): Tensor {
    const { dtype } = this.stored(name);
    return dtype === 'I64'
      ? Tensor.from(this.runtime, this.integers(name), shape, 'i32')
      : Tensor.from(this.runtime, this.floats(name), shape);
  }

  optional(name: string): Tensor | undefined {
    return this.has(name) ? this.tensor(name) : undefined;
  }

  /**
   * Compares with `<group>.<name>`, or its float64 twin, within the case's tolerance: relative to the largest of
   * the tensor, or to a thousandth of the largest of the group where the whole tensor is small.
   */
  expectEqual(group: Group, name: string, actual: ArrayLike<number>): void {
    const { tol, compare } = this.row;
    const twin = `${group}64.${name}`;
    const expected = doubles(this.stored(this.has(twin) ? twin : `${group}.${name}`));
    expect(actual.length, `${name}: length`).toBe(expected.length);
    const relative = compare === 'elementwise' ? undefined : tol[`${group}_rel`];
    const largest = relative === undefined ? 1 : Math.max(largestOf(expected), 1e-3 * this.#largestOf(group));
    const bound = relative === undefined ? (tol[group] ?? tol.out) : relative * largest;
    for (let i = 0; i < expected.length; i++) {
      const allowed = compare === 'elementwise' ? bound * Math.max(1, Math.abs(expected[i]!)) : bound;
      const same = Object.is(actual[i], expected[i]) || Math.abs(actual[i]! - expected[i]!) <= allowed;
      if (!same) {
        expect.fail(`${group}.${name}[${i}] is ${actual[i]}, torch has ${expected[i]}, allowed ${allowed}`);
      }
    }
  }

  /** Compares all gradients, by name (`w.weight`, `in.x`), with all that the case has. */
  expectGradients(gradients: ReadonlyMap<string, Tensor>): void {
    expect([...gradients.keys()].sort()).toEqual(this.names('grad.').sort());
    for (const [name, gradient] of gradients) this.expectEqual('grad', name, gradient.toArray());
  }

  #largestOf(group: Group): number {
    const names = this.names(`${group}.`).filter((name) => !/^(greedy|beam)/.test(name));
    return Math.max(...names.map((name) => largestOf(doubles(this.stored(`${group}.${name}`)))));
  }
}

/** A layer's parameters under the fixtures' names. */
export function fixtureNames(layer: { parameters(): ReadonlyMap<string, Tensor> }): Map<string, Tensor> {
  return new Map([...layer.parameters()].map(([name, tensor]) => [`w.${name}`, tensor]));
}

/** A source of tensors given by name. */
export function sourceOf(tensors: Readonly<Record<string, StoredTensor>>): WeightSource {
  return { metadata: {}, names: () => Object.keys(tensors), get: (name) => tensors[name] };
}

/** Cases of this file that cannot run. */
let absent = 0;
afterAll(() => {
  if (absent > 0) console.log(`SKIPPED: ../shared/data is absent, ${absent} cases`);
});

/** Runs `body` on each case with each variant, in a scope, after which nothing may be left of it. */
export function torchCases(part: Part, names: readonly string[], body: (fixture: TorchCase) => void): void {
  const present = existsSync(new URL(`${part}/index.json`, FOLDER));
  if (!present) absent += names.length * variants.length;
  const rows = present ? rowsOf(part) : undefined;
  describe.each(variants)('PyTorch, %s', (variant) => {
    for (const name of names) {
      it(name, async (context) => {
        if (!rows) return context.skip();
        const row = rows.get(name) ?? expect.fail(`index.json has no case ${name}`);
        const source = readSafetensors(readFileSync(new URL(`${part}/${row.file}`, FOLDER)));
        const runtime = await sharedRuntime(variant);
        const before = runtime.memory.usedBytes;
        runtime.scope(() => body(new TorchCase(runtime, row, source)));
        expect(runtime.memory.usedBytes, 'memory after the case').toBe(before);
      });
    }
  });
}

/** Names of the cases that index.json lists, in its order; none where the fixtures are absent. */
export function torchCaseNames(part: Part, wanted: RegExp): string[] {
  const names = existsSync(new URL(`${part}/index.json`, FOLDER)) ? [...rowsOf(part).keys()] : [];
  return names.filter((name) => wanted.test(name));
}

function rowsOf(part: Part): Map<string, Row> {
  const index = JSON.parse(readFileSync(new URL(`${part}/index.json`, FOLDER), 'utf8')) as { cases: Row[] };
  return new Map(index.cases.map((row) => [row.case, row]));
}

/** Elements in double precision. */
export function doubles(tensor: StoredTensor): Float64Array {
  if (tensor.dtype !== 'F64') return Float64Array.from(toFloat32(tensor));
  const view = new DataView(tensor.bytes.buffer, tensor.bytes.byteOffset, tensor.bytes.byteLength);
  return Float64Array.from({ length: tensor.bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
}

/** The largest finite magnitude. */
function largestOf(values: Float64Array): number {
  return values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
}
