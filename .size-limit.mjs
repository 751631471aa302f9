// `npm run size`: gzipped bytes. Of an entry, those of every file that importing it loads; the binary comes on top
// (the first line has it), then heed/pronounce's weights.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A built module and all that it imports statically. */
function loadedBy(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*"(\.[^"]+)"/g)) {
    loadedBy(join(file, '..', path), found);
  }
  return found;
}

const line = (name, limit, ...path) => ({ name, path, limit, gzip: true });
const entry = (name, limit) => line(`heed/${name}`, limit, ...loadedBy(`dist/${name}.js`));

export default [
  line('heed and its binary simd.wasm', '40 kB', ...loadedBy('dist/index.js'), 'dist/wasm/simd.wasm'),
  line('heed/single, both binaries embedded', '60 kB', 'dist/heed.single.js'),
  line('heed, its embedded binary', '17 kB', 'dist/data/simd.js'),
  entry('models', '52 kB'),
  entry('train', '40 kB'),
  line('heed/train, its embedded binary', '22 kB', 'dist/data/simd.train.js'),
  entry('plot', '44 kB'),
  entry('pronounce', '54 kB'),
  line('heed/pronounce, its weights', '1.9 MB', 'dist/data/pronounce.js'),
  entry('pretrained', '82 kB'),
  entry('pipeline', '86 kB'),
  entry('worker', '5 kB'),
  line('heed/worker, its script', '135 kB', 'dist/worker/script.js'),
  line('heed.iife.js', '130 kB', 'dist/heed.iife.js'),
  line('heed.pronounce.iife.js', '2.1 MB', 'dist/heed.pronounce.iife.js'),
];
