import { FormatError, UnsupportedError } from '../errors.ts';
import { type Checkpoint, openShard, ShardedCheckpoint } from './checkpoint.ts';
import { fileHost } from './fileSystem.ts';
import { folderFiles } from './folderFiles.ts';

/**
 * Opens one safetensors file of the file system, whatever its name. Reads its header only.
 * @throws {ArgumentError} without such a folder, {FormatError} for another file or none, {UnsupportedError} without files
 */
export async function openCheckpointFile(folder: string, name: string): Promise<Checkpoint> {
  const host = fileHost();
  if (!host) throw new UnsupportedError('openCheckpointFile: there is no file system here');
  const file = await (await folderFiles(host, folder)).open(name);
  if (!file) throw new FormatError(`${host.join(folder, name)}: there is no such file`);
  return new ShardedCheckpoint([await openShard(file, undefined)]);
}
