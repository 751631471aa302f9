import { ArgumentError, FormatError, UnsupportedError } from '../errors.ts';
import type { ModelFolder } from '../io/modelFolder.ts';
import { importJinja } from './optionalPackages.ts';

/** A turn of a conversation: `system`, `user`, `assistant`, or what else the model's template knows. */
export interface Message {
  readonly role: string;
  readonly content: string;
  readonly [field: string]: unknown;
}

/**
 * A conversation as one text, by the template of a folder, in the dialect of Jinja that transformers has.
 * @param stored what `tokenizer_config.json` has as `chat_template`: a text, or several by name
 */
export async function chatPrompt(
  folder: ModelFolder,
  stored: unknown,
  messages: readonly Message[],
  variables: Readonly<Record<string, unknown>>,
): Promise<string> {
  checkMessages(messages);
  const text = templateOf(stored) ?? (await templateFile(folder));
  if (text === undefined) throw new UnsupportedError(`${folder.name}: has no chat template`);
  const { Template } = await importJinja();
  const template = attempt(
    () => new Template(text),
    (message) => new FormatError(`chat template: ${message}`),
  );
  return attempt(
    () => template.render({ add_generation_prompt: true, ...variables, messages }),
    (message) => new ArgumentError(`chat template: ${message}`),
  );
}

function checkMessages(messages: readonly Message[]): void {
  if (messages.length === 0)
    throw new ArgumentError('chat template: expected at least one message, got none');
  messages.forEach((message, i) => {
    if (typeof message?.role === 'string' && 'content' in message) return;
    throw new ArgumentError(`chat template: messages[${i}] must have a role and a content`);
  });
}

function templateOf(stored: unknown): string | undefined {
  if (typeof stored === 'string') return stored;
  if (!Array.isArray(stored)) return undefined;
  const named = stored as readonly { name?: unknown; template?: unknown }[];
  const found = named.find(({ name }) => name === 'default')?.template;
  return typeof found === 'string' ? found : undefined;
}

async function templateFile(folder: ModelFolder): Promise<string | undefined> {
  const bytes = await folder.bytes('chat_template.jinja');
  return bytes && new TextDecoder().decode(bytes);
}

function attempt<Result>(body: () => Result, wrong: (message: string) => Error): Result {
  try {
    return body();
  } catch (error) {
    throw wrong((error as Error).message);
  }
}
