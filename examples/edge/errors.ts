import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** What a client gets instead of an answer: `{ "error": { "code", "message", "field"? } }`. */
export class ServiceError extends Error {
  readonly status: ContentfulStatusCode;
  readonly code: string;
  /** Where in the body it is wrong: `words[3]`. */
  readonly field: string | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    { field, headers }: { readonly field?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
    this.headers = headers;
  }
}

/** Clients are told what they can act on. What went wrong in here goes to the log, under the request's id. */
export function errorResponse(error: Error, c: Context): Response {
  const { status, code, message, field, headers } = toServiceError(error);
  if (code === 'internal') {
    const { method, path } = c.req;
    console.error(JSON.stringify({ requestId: c.get('requestId'), method, path, error: error.stack }));
  }
  return c.json({ error: { code, message, field } }, status, { ...headers });
}

function toServiceError(error: Error): ServiceError {
  if (error instanceof ServiceError) return error;
  // Hono's validator: it reads the body.
  if (error instanceof HTTPException && error.status === 400) {
    return new ServiceError(400, 'malformed_json', 'the body is not JSON');
  }
  if (error.name === 'OutOfMemoryError') {
    return new ServiceError(
      503,
      'out_of_memory',
      'there is not enough memory for this; ask for less at once',
    );
  }
  return new ServiceError(500, 'internal', 'something went wrong here; the log has it under the request id');
}
