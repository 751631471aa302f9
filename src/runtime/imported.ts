import { UnsupportedError } from '../errors.ts';

/**
 * The text that a module of data holds.
 * @throws UnsupportedError when it cannot be imported: worklets and service workers forbid `import()`
 */
export async function imported(module: Promise<{ readonly default: string }>): Promise<string> {
  try {
    return (await module).default;
  } catch (cause) {
    throw new UnsupportedError(
      `heed: cannot import a binary or weights (${(cause as Error).message}); where import() is forbidden, worklets take heed/single, service workers that or heed/assets`,
      { cause },
    );
  }
}
