import { browserCache, hasBrowserCache } from './browserCache.ts';
import { cacheFolder } from './cacheFolder.ts';
import type { FileCache } from './fileCache.ts';
import { fileHost } from './fileSystem.ts';

/**
 * The cache of this host: a folder where there is a file system (Node, Deno, Bun), the Cache API in browsers' pages and
 * workers, none elsewhere (workerd has a Cache API, but it is not this program's own).
 */
export function hostCache(): FileCache | undefined {
  const { navigator } = globalThis as { navigator?: { userAgent?: string } };
  if (navigator?.userAgent === 'Cloudflare-Workers') return undefined;
  if (fileHost()) return cacheFolder();
  return hasBrowserCache() ? browserCache() : undefined;
}
