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
      `heed: cannot import a binary or weights (${(cause as Error).message}); worklets and service workers need heed/single, or a bundle without import()`,
      { cause },
    );
  }
}
