import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** An entry of the packed package, in this process. */
export function importPacked(app, entry) {
  return import(pathToFileURL(join(app, `node_modules/heed/dist/${entry}.js`)));
}
