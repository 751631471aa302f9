/** The file system of Node, Deno and Bun, taken so that a bundle for browsers holds no trace of it. */
import { FormatError } from '../errors.ts';

export interface FileHandle {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  write(buffer: Uint8Array): Promise<{ readonly bytesWritten: number }>;
  stat(): Promise<FileStats>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileStats {
  readonly size: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly mtimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** Of `node:fs/promises`, what is used here. */
export interface FileSystem {
  open(path: string, flags: 'r' | 'wx'): Promise<FileHandle>;
  stat(path: string): Promise<FileStats>;
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
  readdir(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: true }): Promise<void>;
}

export interface Host {
  readonly files: FileSystem;
  readonly platform: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  home(): string;
  join(...parts: string[]): string;
  /** The path of a `file:` URL. */
  pathOf(url: URL): string;
}

interface Process {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  getBuiltinModule?: (name: string) => unknown;
}

/** What the host offers, or undefined where it has no file system. Node has `getBuiltinModule` since 20.16. */
export function fileHost(): Host | undefined {
  const { process } = globalThis as { process?: Process };
  const files = process?.getBuiltinModule?.('node:fs/promises') as FileSystem | undefined;
  if (!process?.getBuiltinModule || !files) return undefined;
  const path = process.getBuiltinModule('node:path') as { join(...parts: string[]): string };
  const os = process.getBuiltinModule('node:os') as { homedir(): string };
  const url = process.getBuiltinModule('node:url') as { fileURLToPath(url: URL): string };
  return {
    files,
    platform: process.platform,
    environment: process.env,
    home: () => os.homedir(),
    join: (...parts) => path.join(...parts),
    pathOf: (given) => url.fileURLToPath(given),
  };
}

/** What `path` is, or undefined where there is nothing. */
export async function statOf(files: FileSystem, path: string): Promise<FileStats | undefined> {
  try {
    return await files.stat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Bytes read from a file at a time. */
const BLOCK = 1 << 20;

/** Bytes `from` to `to` of a file, in one buffer that is used again; fewer where the file ends before. */
export async function* readBlocks(
  files: FileSystem,
  path: string,
  from: number,
  to: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, undefined> {
  signal?.throwIfAborted();
  if (from >= to) return undefined;
  const handle = await files.open(path, 'r');
  try {
    const buffer = new Uint8Array(Math.min(BLOCK, to - from));
    for (let position = from; position < to; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, Math.min(BLOCK, to - position), position);
      signal?.throwIfAborted();
      if (bytesRead === 0) return undefined;
      yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

/** Bytes of a file that had `size` when it was opened, up to `to` or its end. @throws FormatError where it has shrunk since */
export async function* readOpened(
  files: FileSystem,
  { path, size }: { readonly path: string; readonly size: number },
  from: number,
  to: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, undefined> {
  const end = Math.min(to, size);
  let position = from;
  for await (const chunk of readBlocks(files, path, from, end, signal)) {
    position += chunk.length;
    yield chunk;
  }
  if (position < end) {
    throw new FormatError(`${path}: ends after ${position} bytes, it had ${size} when it was opened`);
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ENOENT' || code === 'ENOTDIR';
}
