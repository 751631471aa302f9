import { FormatError, UnsupportedError } from '../errors.ts';
import type { CachedFile, CacheWriter, FileCache } from './fileCache.ts';
import {
  type FileHandle,
  type FileSystem,
  fileHost,
  type Host,
  readBlocks,
  readOpened,
  statOf,
} from './fileSystem.ts';

/**
 * An entry is the file's bytes, then a JSON object of its tag and size, then that object's length in four bytes,
 * little-endian, and these eight: one file, so that one renaming makes it appear, and its end proves it whole.
 */
const MAGIC = 'heedfile';
const TRAILER = 4 + MAGIC.length;
const LONGEST_ABOUT = 1 << 16;

/** Of a file that is being written; one that was left lying by a killed process goes after a day. */
const UNFINISHED = '.part';
const DAY = 86_400_000;

/**
 * A cache in a folder of the file system.
 *
 * A file is written under a name of its own and renamed when it is whole: a process that is killed leaves no half file,
 * and two processes that fetch the same do not disturb each other. Nothing is ever thrown out to make room: delete the
 * folder, or files in it, to that end.
 *
 * @param folder made when it is needed. By default `heed` under $XDG_CACHE_HOME, else under %LOCALAPPDATA% on Windows,
 * else under ~/.cache.
 * @throws {UnsupportedError} where there is no file system
 */
export function cacheFolder(folder?: string): FileCache {
  const host = fileHost();
  if (!host) throw new UnsupportedError('cacheFolder: there is no file system here');
  const { files, join } = host;
  // Not before it is used: to ask for the home folder may be forbidden, and then the cache fails as one that is full.
  const pathOfFolder = (): string => folder ?? defaultFolder(host);
  const pathOf = async (key: string): Promise<string> => join(pathOfFolder(), await fileNameOf(key));
  return {
    async get(key) {
      return openEntry(files, await pathOf(key));
    },
    async put(key, tag, size) {
      const path = pathOfFolder();
      await files.mkdir(path, { recursive: true });
      await removeUnfinished(host, path);
      return FolderWriter.begin(files, await pathOf(key), { tag, size });
    },
    async delete(key) {
      await files.rm(await pathOf(key), { force: true });
    },
  };
}

function defaultFolder({ environment, platform, home, join }: Host): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = environment;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'heed');
  if (platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'heed');
  return join(home(), '.cache', 'heed');
}

/** The end of the URL, for people, and a hash of all of it. Its query, which may hold a secret, is not to be read. */
async function fileNameOf(key: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key)));
  const hex = Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${key
    .replace(/\?.*/, '')
    .replace(/[^\w.-]+/g, '-')
    .slice(-80)}-${hex}`;
}

interface About {
  readonly tag: string;
  readonly size: number;
}

/** The entry at a path; undefined if there is none, or one that is not whole. */
async function openEntry(files: FileSystem, path: string): Promise<CachedFile | undefined> {
  const stats = await statOf(files, path);
  if (!stats || stats.size < TRAILER) return undefined;
  const trailer = await readPart(files, path, stats.size - TRAILER, stats.size);
  const length = new DataView(trailer.buffer).getUint32(0, true);
  if (textOf(trailer.subarray(4)) !== MAGIC || length > LONGEST_ABOUT) return undefined;
  const size = stats.size - TRAILER - length;
  if (size < 0) return undefined;
  const about = aboutOf(textOf(await readPart(files, path, size, size + length)));
  if (about?.size !== size || typeof about.tag !== 'string') return undefined;
  return {
    size,
    tag: about.tag,
    reading: 'anywhere',
    read: (from, to, signal) => readOpened(files, { path, size }, from, to, signal),
  };
}

function aboutOf(json: string): Partial<About> | undefined {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A part of a file; zeros where it has shrunk since. */
async function readPart(files: FileSystem, path: string, from: number, to: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(to - from);
  let position = 0;
  for await (const chunk of readBlocks(files, path, from, to, undefined)) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return bytes;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

async function removeUnfinished({ files, join }: Host, folder: string): Promise<void> {
  const names = await files.readdir(folder);
  for (const name of names.filter((each) => each.endsWith(UNFINISHED))) {
    const stats = await statOf(files, join(folder, name));
    if (stats && Date.now() - stats.mtimeMs > DAY) await files.rm(join(folder, name), { force: true });
  }
}

class FolderWriter implements CacheWriter {
  readonly #files: FileSystem;
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #unfinished: string;
  readonly #about: About;
  #written = 0;

  private constructor(files: FileSystem, handle: FileHandle, path: string, unfinished: string, about: About) {
    this.#files = files;
    this.#handle = handle;
    this.#path = path;
    this.#unfinished = unfinished;
    this.#about = about;
  }

  static async begin(files: FileSystem, path: string, about: About): Promise<FolderWriter> {
    const unfinished = `${path}.${crypto.randomUUID()}${UNFINISHED}`;
    return new FolderWriter(files, await files.open(unfinished, 'wx'), path, unfinished, about);
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let position = 0; position < chunk.length; ) {
      const { bytesWritten } = await this.#handle.write(chunk.subarray(position));
      position += bytesWritten;
    }
    this.#written += chunk.length;
  }

  async keep(): Promise<void> {
    const { size } = this.#about;
    if (this.#written !== size) {
      throw new FormatError(`${this.#path}: ${this.#written} bytes came, ${size} were announced`);
    }
    await this.write(trailerOf(this.#about));
    await this.#handle.sync();
    await this.#handle.close();
    await this.#files.rename(this.#unfinished, this.#path);
  }

  async drop(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await this.#files.rm(this.#unfinished, { force: true }).catch(() => {});
  }
}

function trailerOf(about: About): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(about));
  const trailer = new Uint8Array(json.length + TRAILER);
  trailer.set(json);
  new DataView(trailer.buffer).setUint32(json.length, json.length, true);
  trailer.set(new TextEncoder().encode(MAGIC), json.length + 4);
  return trailer;
}
