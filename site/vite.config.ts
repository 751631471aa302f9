import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { offline } from './offline.ts';

/** With these a page may share memory with its workers, so that threads can be tried. */
const headers = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // The folder may be put anywhere.
  base: './',
  build: {
    outDir: '../build/site',
    emptyOutDir: true,
    target: 'es2022',
    // The page's Content-Security-Policy forbids data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' },
  preview: { headers },
  plugins: [offline()],
});
