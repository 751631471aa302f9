import { ArgumentError, FormatError } from '../errors.ts';
import { type ByteFile, chunksOf, type Files, pathProblem } from './byteFile.ts';

/** Bytes that are already here, or can be read without a network. */
export type FileContent = Uint8Array | ArrayBuffer | Blob;

/** Files by their paths: `{ 'config.json': bytes, 'model.safetensors': blob }`. */
export type FileContents = ReadonlyMap<string, FileContent> | Readonly<Record<string, FileContent>>;

/** Bytes handed out at a time, so that there is progress to report. */
const BLOCK = 1 << 20;

/** What an input element or a dropped folder gives. */
export type PickedFiles = FileList | readonly File[];

/** @throws {ArgumentError} for a value that is no bytes, or a path that leaves the folder */
export function memoryFiles(contents: FileContents): Files {
  const entries = contents instanceof Map ? [...contents] : Object.entries(contents);
  return filesOf('the given files', entries);
}

/**
 * Picked files by their path in the folder that was picked (`webkitRelativePath` without its first part), or by their
 * name where they were picked one by one.
 *
 * @throws {ArgumentError} for two files of one path
 */
export function pickedFiles(picked: PickedFiles): Files {
  const files = Array.from(picked);
  const folder = files[0]?.webkitRelativePath?.split('/')[0];
  const entries = files.map((file): [string, Blob] => {
    if (!(file instanceof Blob)) throw new ArgumentError('openModelFolder: expected a list of files');
    const [, ...path] = (file.webkitRelativePath ?? '').split('/');
    return [path.length > 0 ? path.join('/') : file.name, file];
  });
  return filesOf(folder || 'the picked files', entries);
}

function filesOf(name: string, entries: readonly (readonly [string, FileContent])[]): Files {
  const byPath = new Map<string, ByteFile>();
  for (const [path, content] of entries) {
    const problem = pathProblem(path) ?? (byPath.has(path) ? 'is there twice' : undefined);
    if (problem) throw new ArgumentError(`openModelFolder: file ${JSON.stringify(path)} ${problem}`);
    byPath.set(path, fileOf(`${name}: ${path}`, content));
  }
  return { name, open: async (path) => byPath.get(path) };
}

function fileOf(name: string, content: FileContent): ByteFile {
  if (content instanceof Blob) return blobFile(name, content);
  const bytes = content instanceof ArrayBuffer ? new Uint8Array(content) : content;
  if (!(bytes instanceof Uint8Array)) {
    throw new ArgumentError(`openModelFolder: ${name}: expected a Uint8Array, an ArrayBuffer or a Blob`);
  }
  return {
    name,
    size: bytes.length,
    reading: 'anywhere',
    async *read(from, to, signal) {
      const end = Math.min(to, bytes.length);
      for (let position = from; position < end; position += BLOCK) {
        signal?.throwIfAborted();
        yield bytes.subarray(position, Math.min(end, position + BLOCK));
      }
    },
  };
}

function blobFile(name: string, blob: Blob): ByteFile {
  const { size } = blob;
  return {
    name,
    size,
    reading: 'anywhere',
    async *read(from, to, signal) {
      let left = Math.max(0, Math.min(to, size) - from);
      for await (const chunk of chunksOf(blob.slice(from, from + left).stream(), signal)) {
        left -= chunk.length;
        yield chunk;
      }
      // A picked file is read from the disk, where it may have changed.
      if (left !== 0) throw new FormatError(`${name}: changed while it was read`);
    },
  };
}
