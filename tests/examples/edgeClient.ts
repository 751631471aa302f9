/** Asks an app of examples/edge without a server. */
import type { Hono } from 'hono';

export const json = { 'content-type': 'application/json' };

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: whatever was sent
  readonly body: any;
}

/** GET without a body, POST with one: a value, or a text as it is. */
export function clientOf(app: Hono) {
  return async (path: string, body?: unknown, init: RequestInit = {}): Promise<Answer> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const sent = body === undefined ? init : { method: 'POST', headers: json, body: text, ...init };
    const response = await app.request(path, sent);
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
}
