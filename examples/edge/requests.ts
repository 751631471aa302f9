/** What clients send, checked before any work is done. */

import { normaliseSpelling } from 'heed/pronounce';
import type { MiddlewareHandler } from 'hono';
import { validator } from 'hono/validator';
import * as v from 'valibot';
import { ServiceError } from './errors.ts';
import type { Limits } from './limits.ts';

export function pronounceRequest(limits: Limits) {
  const word = v.pipe(
    v.string('expected a string'),
    v.rawCheck(({ dataset, addIssue }) => {
      const problem = dataset.typed && spellingProblem(dataset.value, limits.letters);
      if (problem) addIssue({ message: problem });
    }),
  );
  return fields({
    words: listOf(word, 'words', limits.words),
    beam: v.optional(integer(1, limits.beam), Math.min(4, limits.beam)),
    map: v.optional(v.boolean('expected true or false'), false),
  });
}

export function embedRequest(limits: Limits) {
  const message = `expected a text of 1 to ${limits.characters} characters`;
  const text = v.pipe(v.string(message), v.minLength(1, message), v.maxLength(limits.characters, message));
  return fields({ texts: listOf(text, 'texts', limits.texts) });
}

/** These and no others, so that a slip of the pen is not passed over. */
function fields<Entries extends v.ObjectEntries>(entries: Entries) {
  return v.strictObject(entries, ({ expected, received }) => {
    if (expected === 'never') return 'there is no such field';
    return received === 'undefined' ? 'this field is missing' : `expected an object, got ${received}`;
  });
}

/** How many there are is looked at first: a long list is not read to its end to be refused. */
function listOf<Item extends v.GenericSchema>(item: Item, name: string, most: number) {
  const message = `expected 1 to ${most} ${name}`;
  const counted = ({ received }: { readonly received: string }): string => `${message}, got ${received}`;
  return v.pipe(
    v.array(v.unknown(), `${message}, in a list`),
    v.minLength(1, counted),
    v.maxLength(most, counted),
    v.array(item),
  );
}

function integer(least: number, most: number) {
  const message = `expected an integer from ${least} to ${most}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(least, message), v.maxValue(most, message));
}

/** Why the pronouncer would not read it, in its own words. */
function spellingProblem(word: string, most: number): string | undefined {
  try {
    const { letters } = normaliseSpelling(word);
    return letters.length > most ? `expected at most ${most} letters, got ${letters.length}` : undefined;
  } catch (error) {
    return (error as Error).message.replace(/^normaliseSpelling: /, '');
  }
}

export const expectJson: MiddlewareHandler = async (c, next) => {
  if (/^application\/json *(;|$)/i.test(c.req.header('content-type') ?? '')) return next();
  throw new ServiceError(415, 'unsupported_media_type', 'expected content-type: application/json');
};

/** The body, or an error that names the field. */
export function jsonBody<Schema extends v.GenericSchema>(schema: Schema) {
  return validator('json', (value): v.InferOutput<Schema> => {
    const { success, output, issues } = v.safeParse(schema, value, { abortEarly: true });
    if (success) return output;
    throw new ServiceError(422, 'invalid', issues[0].message, { field: fieldOf(issues[0]) });
  });
}

/** `words[3]` for the third key of the path `words`, 3. */
function fieldOf({ path }: v.BaseIssue<unknown>): string | undefined {
  return path?.map(({ key }) => (typeof key === 'number' ? `[${key}]` : String(key))).join('');
}
