// Where the engines lie that npm brings: in a folder of their own, so that they do not shadow the project's node.
import { accessSync, chmodSync, constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** @returns the path of a package's program */
export function packaged(name, program) {
  const path = join(here, 'node_modules', name, program);
  try {
    accessSync(path, constants.X_OK);
  } catch {
    // Some have their install script do this, and none is run.
    chmodSync(path, 0o755);
  }
  return path;
}
