/** WebAssembly modules as bytes: small foreign ones made by hand, and what a binary exports, read without compiling it. */

/** Something imported from `env`, or, where `module` is given, from elsewhere. */
export type Import = { readonly name: string; readonly module?: string } & (
  | { readonly kind: 'function' }
  | { readonly kind: 'memory'; readonly initial: number; readonly maximum: number; readonly shared?: boolean }
  | { readonly kind: 'global'; readonly type: 'i32' | 'i64' | 'externref'; readonly mutable?: boolean }
);

interface ForeignModule {
  /** Exported functions without parameters, each returning this constant, or trapping. */
  readonly constants?: Readonly<Record<string, number | 'trap'>>;
  /** Whether it exports its memory, imported or one page of its own, under the name `memory`. */
  readonly memory?: boolean;
  readonly imports?: readonly Import[];
  /** Whether it traps when it is instantiated. */
  readonly trapsAtStart?: boolean;
}

/** What every binary of heed imports. */
export const ourImports: readonly Import[] = [
  { name: 'microKernel', kind: 'global', type: 'i32' },
  { name: 'memory', kind: 'memory', initial: 1, maximum: 65_536 },
];

const VALUE_TYPES = { i32: 0x7f, i64: 0x7e, externref: 0x6f };
const IMPORT_SECTION = 2;
const KINDS = ['function', 'table', 'memory', 'global'] as const;

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [0x80 | (value & 0x7f), ...unsigned(value >>> 7)];
}

const text = (value: string): number[] => [value.length, ...new TextEncoder().encode(value)];
const vector = (items: number[][]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: number[]): number[] => [id, ...unsigned(content.length), ...content];

function importEntry(entry: Import): number[] {
  const names = [...text(entry.module ?? 'env'), ...text(entry.name), KINDS.indexOf(entry.kind)];
  switch (entry.kind) {
    case 'function':
      return [...names, 0];
    case 'memory':
      return [...names, entry.shared ? 3 : 1, ...unsigned(entry.initial), ...unsigned(entry.maximum)];
    case 'global':
      return [...names, VALUE_TYPES[entry.type], entry.mutable ? 1 : 0];
  }
}

/** Assembles a module. Constants must lie in 0..63, so that each is one byte. */
export function assemble({
  constants = {},
  memory = false,
  imports = [],
  trapsAtStart = false,
}: ForeignModule): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(constants);
  const count = (kind: Import['kind']): number => imports.filter((each) => each.kind === kind).length;
  const exported = entries.map(([name], i) => [...text(name), 0, i + count('function')]);
  if (memory) exported.push([...text('memory'), 2, 0]);
  const trap = [3, 0, 0x00, 0x0b];
  const bodies = entries.map(([, value]) => (value === 'trap' ? trap : [4, 0, 0x41, value, 0x0b]));
  const types = entries.map(() => [0]);
  if (trapsAtStart) {
    types.push([1]);
    bodies.push(trap);
  }
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(
      1,
      vector([
        [0x60, 0, 1, VALUE_TYPES.i32],
        [0x60, 0, 0],
      ]),
    ),
    ...(imports.length > 0 ? section(IMPORT_SECTION, vector(imports.map(importEntry))) : []),
    ...section(3, vector(types)),
    ...(memory && count('memory') === 0 ? section(5, vector([[0, 1]])) : []),
    ...section(7, vector(exported)),
    ...(trapsAtStart ? section(8, unsigned(count('function') + entries.length)) : []),
    ...section(10, vector(bodies)),
  ]);
}

/**
 * The exported functions of a binary by name, with their number of parameters. Reads the bytes alone, so that it also
 * works for instructions that this engine does not have.
 * @throws Error for a module that imports a function: function indices would be shifted
 */
export function exportedFunctions(bytes: Uint8Array): Map<string, number> {
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const skip = (count: number): number => {
    at += count;
    return count;
  };
  const name = (): string => {
    const length = number();
    return new TextDecoder().decode(bytes.subarray(at, at + skip(length)));
  };
  const skipImport = (): void => {
    name();
    name();
    const kind = KINDS[bytes[at++]!];
    if (kind === 'global') skip(2);
    else if (kind === 'memory') {
      const flags = number();
      number();
      if (flags & 1) number();
    } else throw new Error(`the module imports a ${kind}`);
  };
  const parameters: number[] = [];
  const types: number[] = [];
  const result = new Map<string, number>();
  while (at < bytes.length) {
    const id = bytes[at++]!;
    const end = number() + at;
    if (id === 1) {
      for (let left = number(); left > 0; left--) {
        skip(1);
        parameters.push(skip(number()));
        skip(number());
      }
    }
    if (id === IMPORT_SECTION) for (let left = number(); left > 0; left--) skipImport();
    if (id === 3) for (let left = number(); left > 0; left--) types.push(number());
    if (id === 7) {
      for (let left = number(); left > 0; left--) {
        const exported = name();
        const kind = bytes[at++]!;
        const index = number();
        if (kind === 0) result.set(exported, parameters[types[index]!]!);
      }
    }
    at = end;
  }
  return result;
}
