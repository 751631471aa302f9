/**
 * Packages that only those need who begin or end with text. Bundlers let a package be absent only if it is imported
 * within `try`: webpack and Parcel fail otherwise.
 */
import { UnsupportedError } from '../errors.ts';

/** @throws UnsupportedError where the package is not installed */
export async function importTokenizers(): Promise<typeof import('@huggingface/tokenizers')> {
  try {
    return await import('@huggingface/tokenizers');
  } catch (cause) {
    return missing('tokenizers', '@huggingface/tokenizers', cause);
  }
}

/** @throws UnsupportedError where the package is not installed */
export async function importJinja(): Promise<typeof import('@huggingface/jinja')> {
  try {
    return await import('@huggingface/jinja');
  } catch (cause) {
    return missing('chat templates', '@huggingface/jinja', cause);
  }
}

function missing(what: string, name: string, cause: unknown): never {
  throw new UnsupportedError(`${what} need the package ${name}: npm install ${name}`, { cause });
}
