import { pathProblem } from './byteFile.ts';
import type { Shard } from './checkpoint.ts';
import { Problems, quoted } from './problems.ts';

/** Which file holds which tensor. */
export interface ShardIndex {
  /** Paths in the folder, each once, sorted. */
  readonly files: readonly string[];
  /** The file of each tensor. */
  readonly fileOf: ReadonlyMap<string, string>;
}

/**
 * Reads the value of a `model.safetensors.index.json`.
 *
 * @param where its name, for messages
 * @throws {FormatError} listing every problem: no `weight_map`, files that are not strings or leave the folder
 */
export function readShardIndex(where: string, json: unknown): ShardIndex {
  const problems = new Problems();
  const weightMap = isObject(json) ? json.weight_map : undefined;
  if (!isObject(weightMap)) {
    problems.add(`${where}: expected an object with weight_map, the file of each tensor by its name`);
    throw problems.toError();
  }
  const fileOf = new Map<string, string>();
  for (const [tensor, file] of Object.entries(weightMap)) {
    const problem = typeof file === 'string' ? pathProblem(file) : 'is not a string';
    if (problem)
      problems.add(`${where}: weight_map: the file of ${quoted(tensor)}, ${shown(file)}, ${problem}`);
    else fileOf.set(tensor, file as string);
  }
  if (problems.count > 0) throw problems.toError();
  return { files: [...new Set(fileOf.values())].sort(), fileOf };
}

/**
 * Holds the files against their index. A tensor that the index does not name is taken along, as the reference library
 * does.
 *
 * @param shards those of the index's files that are there, by their paths
 * @throws {FormatError} listing the files that are missing, the tensors that are missing in theirs, and those in two
 */
export function checkShards(where: string, index: ShardIndex, shards: ReadonlyMap<string, Shard>): void {
  const problems = new Problems();
  for (const file of index.files) {
    if (!shards.has(file)) problems.add(`${where}: the file ${quoted(file)} is missing`);
  }
  for (const [tensor, file] of index.fileOf) {
    const shard = shards.get(file);
    if (shard && !shard.header.tensors.has(tensor)) {
      problems.add(`${where}: tensor ${quoted(tensor)} is not in ${quoted(file)}`);
    }
  }
  const found = new Map<string, string>();
  for (const [file, { header }] of shards) {
    for (const tensor of header.tensors.keys()) {
      const other = found.get(tensor);
      if (other === undefined) found.set(tensor, file);
      else
        problems.add(`${where}: tensor ${quoted(tensor)} is both in ${quoted(other)} and in ${quoted(file)}`);
    }
  }
  if (problems.count > 0) throw problems.toError();
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? quoted(value) : `a ${value === null ? 'null' : typeof value}`;
}
