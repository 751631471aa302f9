/** `heed inspect`: what a file of weights holds. */
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Command } from 'commander';
import type { Checkpoint } from '../io/checkpoint.ts';
import { openCheckpointFile } from '../io/checkpointFile.ts';
import { openModelFolder } from '../io/modelFolder.ts';
import { int8PackedBytes } from '../ops/int8Weight.ts';
import { packedBytes } from '../ops/packedWeight.ts';
import { standardOutput } from './output.ts';

interface InspectFlags {
  readonly json?: boolean;
}

/** What is told of a checkpoint. */
interface Inspection {
  readonly tensors: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly shape: readonly number[];
    readonly parameters: number;
    readonly bytes: number;
  }[];
  readonly parameters: number;
  readonly bytes: number;
  /** Bytes that the weights take when they are loaded to run, as they are and in 8 bits. */
  readonly memory: { readonly f32: number; readonly int8: number };
  readonly metadata: Readonly<Record<string, string>>;
}

const HELP = `
Examples:
  $ heed inspect model.safetensors
  $ heed inspect ./MiniLM
  $ heed inspect --json organisation/name | jq .parameters

Only headers are read. Memory is that of the weights alone: matrices as the products want them, all else in 32 bits.
`;

/** @param finished takes the exit code of a run that came to its end */
export function inspectCommand(finished: (code: number) => void): Command {
  return new Command('inspect')
    .description('What a file of weights holds: tensors, shapes, types, parameters, memory.')
    .argument('<source>', "a safetensors file, a model's folder, a URL, or a hub's organisation/name")
    .option('--json', 'write one object of JSON')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .action(async (source: string, flags: InspectFlags) => {
      const found = inspection(await open(source));
      await standardOutput(process.stdout).write(flags.json ? `${JSON.stringify(found)}\n` : told(found));
      finished(0);
    });
}

async function open(source: string): Promise<Checkpoint> {
  const isFile = await stat(source).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (isFile) return openCheckpointFile(dirname(source), basename(source));
  return (await openModelFolder(source)).checkpoint();
}

function inspection(checkpoint: Checkpoint): Inspection {
  const tensors = checkpoint.names().map((name) => {
    const { dtype, shape, byteLength: bytes } = checkpoint.info(name)!;
    return { name, dtype, shape, parameters: shape.reduce((a, b) => a * b, 1), bytes };
  });
  const sum = (of: (tensor: (typeof tensors)[number]) => number): number =>
    tensors.reduce((total, tensor) => total + of(tensor), 0);
  return {
    tensors,
    parameters: sum(({ parameters }) => parameters),
    bytes: checkpoint.byteLength,
    memory: {
      f32: sum(({ shape, parameters }) =>
        shape.length === 2 ? packedBytes(shape[0]!, shape[1]!) : 4 * parameters,
      ),
      int8: sum(({ shape, parameters }) =>
        shape.length === 2 ? int8PackedBytes(shape[0]!, shape[1]!) + 4 * shape[0]! : 4 * parameters,
      ),
    },
    metadata: checkpoint.metadata,
  };
}

/** As a table, with sums below it. */
function told({ tensors, parameters, bytes, memory }: Inspection): string {
  const rows = tensors.map(({ name, dtype, shape, parameters: own }) => [
    name,
    dtype,
    `[${shape.join(', ')}]`,
    whole(own),
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (i === 3 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  return [
    ...lines,
    `${whole(tensors.length)} tensors, ${whole(parameters)} parameters, ${megabytes(bytes)}`,
    `in memory: ${megabytes(memory.f32)} in 32 bits, about ${megabytes(memory.int8)} in 8`,
    '',
  ].join('\n');
}

function whole(value: number): string {
  return value.toLocaleString('en-US');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 1)} MB`;
}
