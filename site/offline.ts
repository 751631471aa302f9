/** Writes the service worker beside a built page: it knows by name all that the page is made of. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

export function offline(): Plugin {
  return {
    name: 'offline',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const hash = createHash('sha256');
        for (const [name, output] of Object.entries(bundle).sort(([a], [b]) => (a < b ? -1 : 1))) {
          hash.update(name).update(output.type === 'chunk' ? output.code : output.source);
        }
        // The page itself is asked for by its folder.
        const files = Object.keys(bundle).map((name) => (name === 'index.html' ? './' : name));
        const source = readFileSync(new URL('service-worker.js', import.meta.url), 'utf8')
          .replace("'VERSION'", JSON.stringify(hash.digest('hex').slice(0, 16)))
          .replace("['FILES']", JSON.stringify(files));
        this.emitFile({ type: 'asset', fileName: 'service-worker.js', source });
      },
    },
  };
}
