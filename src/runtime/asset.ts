import { NetworkError } from '../errors.ts';

/** Of `node:fs/promises`, what is used here. */
interface Files {
  readFile(url: URL): Promise<Uint8Array<ArrayBuffer>>;
}

interface Host {
  readonly process?: { getBuiltinModule?: (name: string) => Files | undefined };
}

/**
 * The bytes of a file that lies beside heed's modules: read in Node, Deno and Bun, fetched elsewhere.
 * @throws NetworkError when a server does not have it; the host's own error when a folder does not
 */
export async function readAsset(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (url.protocol === 'file:') {
    const files = (globalThis as Host).process?.getBuiltinModule?.('node:fs/promises');
    // A copy: Node's buffers share their bytes when they are sliced.
    if (files) return new Uint8Array(await files.readFile(url));
  }
  const response = await fetch(url).catch((cause: unknown) => missing(url, undefined, cause));
  // Servers of single-page applications answer with their page where there is no file.
  const isPage = response.headers.get('content-type')?.startsWith('text/html');
  if (!response.ok || isPage) missing(url, response.status);
  return new Uint8Array(await response.arrayBuffer());
}

function missing(url: URL, status?: number, cause?: unknown): never {
  throw new NetworkError(
    `heed/assets: no file at ${url.href}${status === undefined ? '' : ` (status ${status})`}; serve dist/wasm and dist/weights beside dist/assets, or import the entry without /assets, which embeds them`,
    { url: url.href, status, attempts: 1, cause },
  );
}
