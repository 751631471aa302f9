import { ArgumentError, UnsupportedError } from '../errors.ts';
import type { Files } from './byteFile.ts';
import type { FileCache } from './fileCache.ts';
import { fileHost, type Host, statOf } from './fileSystem.ts';
import { folderFiles } from './folderFiles.ts';
import { hostCache } from './hostCache.ts';
import type { HttpOptions } from './httpClient.ts';
import { type FileContents, memoryFiles, type PickedFiles, pickedFiles } from './memoryFiles.ts';
import { RemoteFiles } from './remoteFiles.ts';

/**
 * Where a model's files lie. A string is, by the first of these rules that fits:
 *
 * 1. a URL, if it begins with `https://` or `http://` (the files lie below it) or `file:` (a folder);
 * 2. a folder's path, if it begins with `/`, `./`, `../`, `~/` (or is `.`, `..`, `~`), with `\` or a drive like `C:\`;
 * 3. a folder's path, if there is a file system that may be read, and a folder of that name;
 * 4. a hub's model, if it looks like `organisation/name` or `name`: letters, digits, `-`, `_` and `.`;
 * 5. otherwise an error.
 *
 * To make sure, write `./organisation/name` for a folder. The rest are files from an input element or a dropped folder, and
 * maps from paths to bytes or Blobs.
 */
export type ModelSource = string | URL | PickedFiles | FileContents;

export interface ModelFolderOptions {
  /** A hub's branch, tag or commit; `main` by default. A commit's 40 digits are never asked for again once cached. */
  readonly revision?: string;
  /** A hub, or a mirror of one: files are at `{hub}/{id}/resolve/{revision}/{file}`. https://huggingface.co by default. */
  readonly hub?: string | URL;
  /** An access token. It is sent to the hub, or to the host of the source's URL, and to no other. */
  readonly token?: string;
  /** Where files from a hub or a URL are kept; false for nowhere. By default {@link hostCache}'s. */
  readonly cache?: FileCache | false;
  /** Takes everything from the cache, and asks nobody. */
  readonly offline?: boolean;
  /** Ends what the folder does, at once. A stream may have a signal of its own instead. */
  readonly signal?: AbortSignal;
  /** Instead of the platform's own. Must heed the signal that it is given. */
  readonly fetch?: typeof fetch;
  /** How many requests for a file may fail in a row, with no byte between them, before that is an error; 5 by default. */
  readonly retries?: number;
  /** The first pause before a request is repeated; each further one is twice as long, up to 30 s. 500 by default. */
  readonly retryDelayMilliseconds?: number;
  /** How long a connection may be silent before it is given up and counts as failed; 30 000 by default. */
  readonly timeoutMilliseconds?: number;
}

const HUB = 'https://huggingface.co';
const PATH = /^(?:[\\/]|\.{1,2}(?:$|[\\/])|~(?:$|[\\/])|[a-z]:[\\/])/i;
const SCHEME = /^[a-z][a-z\d+.-]+:/i;
const HUB_ID = /^[a-z\d][\w.-]*(?:\/[a-z\d][\w.-]*)?$/i;
const COMMIT = /^[\da-f]{40}$/;

/**
 * @throws {ArgumentError} for a source that is none, a folder that is not there, or options out of their range
 * @throws {UnsupportedError} for a path where there is no file system, or a URL where there is no `fetch`
 */
export async function filesOf(source: ModelSource, options: ModelFolderOptions): Promise<Files> {
  if (typeof source === 'string') return filesOfText(source, options);
  if (source instanceof URL) return filesOfUrl(source, options);
  if (isPicked(source)) return pickedFiles(source);
  if (typeof source === 'object' && source !== null) return memoryFiles(source);
  throw new ArgumentError(`openModelFolder: ${described(source)}`);
}

async function filesOfText(text: string, options: ModelFolderOptions): Promise<Files> {
  const isDrive = /^[a-z]:[\\/]/i.test(text);
  if (SCHEME.test(text) && !isDrive) return filesOfUrl(parsedUrl('the source', text), options);
  const host = fileHost();
  if (PATH.test(text)) {
    if (host) return folderFiles(host, text);
    throw new UnsupportedError(`openModelFolder: there is no file system here, for the path ${quote(text)}`);
  }
  if (host && text !== '' && (await isFolder(host, text))) return folderFiles(host, text);
  if (HUB_ID.test(text)) return filesOfHub(text, options);
  throw new ArgumentError(`openModelFolder: ${described(text)}`);
}

/** Whoever may not look (in Deno, or under Node's permissions) has no folder there, if it may be a hub's id. */
async function isFolder(host: Host, text: string): Promise<boolean> {
  try {
    return (await statOf(host.files, text))?.isDirectory() ?? false;
  } catch (error) {
    const { name, code } = error as { name?: unknown; code?: unknown };
    if (HUB_ID.test(text) && (name === 'NotCapable' || code === 'ERR_ACCESS_DENIED')) return false;
    throw error;
  }
}

async function filesOfUrl(url: URL, options: ModelFolderOptions): Promise<Files> {
  if (url.protocol === 'file:') {
    const host = fileHost();
    if (host) return folderFiles(host, host.pathOf(url));
    throw new UnsupportedError(`openModelFolder: there is no file system here, for ${url.href}`);
  }
  checkWeb('the source', url);
  return remoteFiles(new URL(url), url.origin, false, options);
}

function filesOfHub(id: string, options: ModelFolderOptions): Files {
  const { revision = 'main', hub = HUB } = options;
  if (typeof revision !== 'string' || revision === '') {
    throw new ArgumentError('openModelFolder: expected revision to be a branch, a tag or a commit');
  }
  const folder = parsedUrl('hub', String(hub));
  checkWeb('hub', folder);
  const { origin } = folder;
  folder.pathname = `${folder.pathname.replace(/\/$/, '')}/${id}/resolve/${encodeURIComponent(revision)}`;
  return remoteFiles(folder, origin, COMMIT.test(revision), options);
}

function remoteFiles(folder: URL, origin: string, immutable: boolean, options: ModelFolderOptions): Files {
  folder.hash = '';
  const cache = options.cache === false ? undefined : (options.cache ?? hostCache());
  const offline = options.offline ?? false;
  if (offline && !cache) throw new ArgumentError('openModelFolder: offline needs a cache, there is none');
  return new RemoteFiles(folder, { http: httpOptions(origin, options), cache, immutable, offline });
}

function httpOptions(origin: string, options: ModelFolderOptions): HttpOptions {
  const { token, retries = 5, retryDelayMilliseconds = 500, timeoutMilliseconds = 30_000 } = options;
  // Called without an object: browsers refuse `options.fetch(...)`.
  const fetch = options.fetch ?? globalThis.fetch;
  if (typeof fetch !== 'function') {
    throw new UnsupportedError('openModelFolder: there is no fetch here; give one as an option');
  }
  const range = (name: string, value: number, isRight: boolean, expected: string): void => {
    if (!isRight) throw new ArgumentError(`openModelFolder: ${name} is ${value}, expected ${expected}`);
  };
  range('retries', retries, Number.isSafeInteger(retries) && retries >= 0, 'an integer from 0');
  for (const [name, value] of Object.entries({ retryDelayMilliseconds, timeoutMilliseconds })) {
    // A longer one does not fit the platform's timers.
    range(name, value, value > 0 && value < 2 ** 31, 'a number above 0, below 2^31');
  }
  return { fetch, token, origin, retries, retryDelayMilliseconds, timeoutMilliseconds };
}

function parsedUrl(what: string, text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new ArgumentError(`openModelFolder: ${what} is ${quote(text)}, expected a URL`);
  }
}

function checkWeb(what: string, url: URL): void {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new ArgumentError(
      `openModelFolder: ${what} is a ${url.protocol} URL, expected https:, http: or file:`,
    );
  }
  if (url.username || url.password) {
    throw new ArgumentError(
      `openModelFolder: ${what} has a user or a password in it; give a token as an option`,
    );
  }
}

function isPicked(source: object): source is PickedFiles {
  return Array.isArray(source) || (typeof FileList !== 'undefined' && source instanceof FileList);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

function described(source: unknown): string {
  const got = typeof source === 'string' ? quote(source) : String(source);
  return (
    `the source is ${got}, expected a folder's path (./folder, /folder, or one that exists), a URL, a hub's model ` +
    '(organisation/name), picked files, or a map from paths to bytes'
  );
}
