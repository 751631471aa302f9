/** Packages that only those need who begin or end with text. */
import { UnsupportedError } from '../errors.ts';

/** @throws UnsupportedError where the package is not installed */
export function importTokenizers(): Promise<typeof import('@huggingface/tokenizers')> {
  return import('@huggingface/tokenizers').catch((cause: unknown) =>
    missing('tokenizers', '@huggingface/tokenizers', cause),
  );
}

/** @throws UnsupportedError where the package is not installed */
export function importJinja(): Promise<typeof import('@huggingface/jinja')> {
  return import('@huggingface/jinja').catch((cause: unknown) =>
    missing('chat templates', '@huggingface/jinja', cause),
  );
}

function missing(what: string, name: string, cause: unknown): never {
  throw new UnsupportedError(`${what} need the package ${name}: npm install ${name}`, { cause });
}
