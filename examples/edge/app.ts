/** The service: the same app in Node, Deno, Bun and workerd. */
import type { Alternative, Pronouncer, Pronunciation } from 'heed/pronounce';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { requestId } from 'hono/request-id';
import { Embedder } from './embedder.ts';
import { errorResponse, ServiceError } from './errors.ts';
import { health } from './health.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { embedRequest, expectJson, jsonBody, pronounceRequest } from './requests.ts';
import { pronounceWords, workplace } from './work.ts';

export interface AppOptions {
  readonly pronouncer: Pronouncer;
  /** Without one, or as long as it is not ready, `/embed` says so. */
  readonly embedder?: Embedder;
  readonly limits?: Partial<Limits>;
}

/**
 * - `POST /pronounce` `{ words, beam?, map? }`: how each word sounds, with its attention map on request
 * - `POST /embed` `{ texts }`: a vector of length 1 for each text
 * - `GET /health`: whether it is ready, and what it runs on
 *
 * What goes wrong is `{ error: { code, message, field? } }`. Each answer has an `x-request-id`, the client's if it sent one.
 */
export function createApp({ pronouncer, embedder = new Embedder(), limits: given }: AppOptions): Hono {
  const limits = { ...defaultLimits, ...given };
  const work = workplace(limits);
  const small = bodyLimit({ maxSize: limits.bodyBytes, onError: () => refuseBody(limits) });

  const app = new Hono();
  app.use(requestId());
  app.onError(errorResponse);
  app.notFound(() => {
    throw new ServiceError(404, 'not_found', 'there are POST /pronounce, POST /embed and GET /health');
  });

  app.get('/health', health(pronouncer, embedder));
  app.all('/health', () => refuseMethod('GET, HEAD'));

  app.post('/pronounce', expectJson, small, jsonBody(pronounceRequest(limits)), async (c) => {
    const { words, beam, map } = c.req.valid('json');
    const results = await pronounceWords(pronouncer, words, { beam, client: c.req.raw.signal, work });
    return c.json({ results: results.map((result) => pronunciation(result, map)) });
  });
  app.all('/pronounce', () => refuseMethod('POST'));

  app.post('/embed', expectJson, small, jsonBody(embedRequest(limits)), async (c) => {
    const { texts } = c.req.valid('json');
    const embed = embedder.embed ?? refuseToEmbed(embedder);
    const vectors = await work(c.req.raw.signal, (signal) => embed(texts, signal));
    return c.json({ embeddings: vectors.map((vector) => rounded(vector, FLOAT32_DIGITS)) });
  });
  app.all('/embed', () => refuseMethod('POST'));

  return app;
}

/** Enough to get the same float32 back. */
const FLOAT32_DIGITS = 9;
/** Enough to draw a map, or to compare scores. */
const SHOWN_DIGITS = 4;

function pronunciation({ word, changed, attention, alternatives, ...best }: Pronunciation, map: boolean) {
  const { letters, weights } = attention;
  return {
    word,
    ...alternative(best),
    changed,
    alternatives: alternatives.map(alternative),
    attention: map ? { letters, weights: weights.map((row) => rounded(row, SHOWN_DIGITS)) } : undefined,
  };
}

function alternative({ phonemes, ipa, score }: Alternative) {
  return { phonemes, ipa, score: Number(score.toPrecision(SHOWN_DIGITS)) };
}

function rounded(values: Float32Array, digits: number): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(digits)));
}

function refuseBody({ bodyBytes }: Limits): never {
  throw new ServiceError(413, 'body_too_large', `expected a body of at most ${bodyBytes} bytes`);
}

function refuseMethod(allow: string): never {
  throw new ServiceError(405, 'method_not_allowed', `expected ${allow}`, { headers: { allow } });
}

function refuseToEmbed({ state }: Embedder): never {
  const reasons = {
    absent: 'this service was started without a model',
    loading: 'the model is still loading',
    failed: 'the model could not be loaded; the log says why',
    ready: 'the model was disposed of',
  };
  throw new ServiceError(503, 'not_ready', reasons[state]);
}
