/** WebAssembly modules as bytes: small foreign ones made by hand, and what a binary exports, read without compiling it. */

interface ForeignModule {
  /** Exported functions without parameters, each returning this constant. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Whether it exports a memory of one page under the name `memory`. */
  readonly memory?: boolean;
  /** Whether it imports a function `env.log`. */
  readonly imports?: boolean;
}

const I32 = 0x7f;
const text = (value: string): number[] => [value.length, ...new TextEncoder().encode(value)];
const vector = (items: number[][]): number[] => [items.length, ...items.flat()];
const section = (id: number, content: number[]): number[] => [id, content.length, ...content];

/** Assembles a module. Everything in it must count below 64, so that each number is one LEB128 byte. */
export function assemble({ constants = {}, memory = false, imports = false }: ForeignModule): Uint8Array {
  const entries = Object.entries(constants);
  const imported = imports ? 1 : 0;
  const exported = entries.map(([name], i) => [...text(name), 0, i + imported]);
  if (memory) exported.push([...text('memory'), 2, 0]);
  const bodies = entries.map(([, value]) => [4, 0, 0x41, value, 0x0b]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector([[0x60, 0, 1, I32]])),
    ...(imports ? section(2, vector([[...text('env'), ...text('log'), 0, 0]])) : []),
    ...section(3, vector(entries.map(() => [0]))),
    ...(memory ? section(5, vector([[0, 1]])) : []),
    ...section(7, vector(exported)),
    ...section(10, vector(bodies)),
  ]);
}

/**
 * The exported functions of a binary by name, with their number of parameters. Reads the bytes alone, so that it also
 * works for instructions that this engine does not have.
 * @throws Error for a module that imports anything: function indices would be shifted
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
  const parameters: number[] = [];
  const types: number[] = [];
  const result = new Map<string, number>();
  while (at < bytes.length) {
    const id = bytes[at++]!;
    const end = number() + at;
    if (id === 2 && bytes[at] !== 0) throw new Error('the module has imports');
    if (id === 1) {
      for (let left = number(); left > 0; left--) {
        skip(1);
        parameters.push(skip(number()));
        skip(number());
      }
    }
    if (id === 3) for (let left = number(); left > 0; left--) types.push(number());
    if (id === 7) {
      for (let left = number(); left > 0; left--) {
        const length = number();
        const name = new TextDecoder().decode(bytes.subarray(at, at + length));
        skip(length);
        const kind = bytes[at++]!;
        const index = number();
        if (kind === 0) result.set(name, parameters[types[index]!]!);
      }
    }
    at = end;
  }
  return result;
}
