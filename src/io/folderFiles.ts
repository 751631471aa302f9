import { ArgumentError } from '../errors.ts';
import type { ByteFile, Files } from './byteFile.ts';
import { type Host, readOpened, statOf } from './fileSystem.ts';

/**
 * The files of a folder of the file system.
 *
 * @param path `~` at its start is the user's home
 * @throws {ArgumentError} if there is no such folder
 */
export async function folderFiles(host: Host, path: string): Promise<Files> {
  const folder = /^~(?=$|[\\/])/.test(path) ? host.join(host.home(), path.slice(1)) : path;
  const stats = await statOf(host.files, folder);
  if (!stats?.isDirectory()) {
    const found = stats ? 'it is a file' : 'there is nothing';
    throw new ArgumentError(`openModelFolder: expected the folder of a model at ${folder}, ${found}`);
  }
  return { name: folder, open: (file) => openFile(host, host.join(folder, file)) };
}

async function openFile({ files }: Host, path: string): Promise<ByteFile | undefined> {
  const stats = await statOf(files, path);
  if (!stats?.isFile()) return undefined;
  const { size } = stats;
  return {
    name: path,
    size,
    reading: 'anywhere',
    read: (from, to, signal) => readOpened(files, { path, size }, from, to, signal),
  };
}
