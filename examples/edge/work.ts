/** Work that is done in slices, so that one long request holds no other one up, nor the health check. */
import type { Pronouncer, Pronunciation } from 'heed/pronounce';
import { ServiceError } from './errors.ts';
import type { Limits } from './limits.ts';

/** Letters times hypotheses in a slice: some 16 common words with a beam of 4. */
const SLICE = 512;

/**
 * Pronounces words in their order: a short list at once, a long one slice by slice in a place of the workplace.
 * @throws ServiceError where there is no place, the time is over or the client has gone
 */
export async function pronounceWords(
  pronouncer: Pronouncer,
  words: readonly string[],
  { beam, client, work }: { readonly beam: number; readonly client: AbortSignal; readonly work: Workplace },
): Promise<Pronunciation[]> {
  const slices = [...slicesOf(words, SLICE / beam)];
  if (slices.length === 1) return pronouncer.pronounceAll(words, { beam });
  return work(client, async (signal) => {
    const results: Pronunciation[] = [];
    for (const slice of slices) {
      signal.throwIfAborted();
      results.push(...pronouncer.pronounceAll(slice, { beam }));
      await turn();
    }
    return results;
  });
}

/** Runs of words with at most so many letters; a longer word is a run of its own. */
export function* slicesOf(words: readonly string[], letters: number): Generator<string[], void> {
  let slice: string[] = [];
  let length = 0;
  for (const word of words) {
    if (slice.length > 0 && length + word.length > letters) {
      yield slice;
      [slice, length] = [[], 0];
    }
    slice.push(word);
    length += word.length;
  }
  if (slice.length > 0) yield slice;
}

/** Lets everybody else have a turn. Every host has this one, and in workerd its clock goes on by it. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

type Workplace = ReturnType<typeof workplace>;

/** Lets so many long requests be worked on at once, each for so long, and none whose client has gone. */
export function workplace(limits: Pick<Limits, 'requests' | 'milliseconds'>) {
  const places = new Set<{ readonly until: number }>();
  return async <Result>(
    client: AbortSignal,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> => {
    const now = Date.now();
    // A host may cancel a request whose client hangs up, and then not even run what is in `finally`.
    for (const place of places) if (place.until < now) places.delete(place);
    if (places.size >= limits.requests) {
      const message = `${places.size} long requests are being worked on; come back in a second`;
      throw new ServiceError(503, 'busy', message, { headers: { 'retry-after': '1' } });
    }
    const place = { until: now + limits.milliseconds };
    places.add(place);
    // Not AbortSignal.any() and timeout(): those are kept until the time is over, thousands of them under load.
    const stop = new AbortController();
    const leave = (): void => {
      places.delete(place);
      stop.abort(new ServiceError(503, 'client_gone', 'the client has gone'));
    };
    const message = `this took more than ${limits.milliseconds} ms; ask for less at once`;
    const timer = setTimeout(
      () => stop.abort(new ServiceError(504, 'timeout', message)),
      limits.milliseconds,
    );
    if (client.aborted) leave();
    client.addEventListener('abort', leave);
    try {
      return await work(stop.signal);
    } finally {
      client.removeEventListener('abort', leave);
      clearTimeout(timer);
      places.delete(place);
    }
  };
}
