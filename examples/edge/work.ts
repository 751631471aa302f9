/** Work that is done in slices, so that one long request holds no other one up, nor the health check. */
import type { Pronouncer, Pronunciation } from 'heed/pronounce';
import { ServiceError } from './errors.ts';
import type { Limits } from './limits.ts';

/** Letters times hypotheses in a slice: some 16 common words with a beam of 4. */
const SLICE = 512;

/**
 * Pronounces words in their order, some at a time. A short list is done at once.
 * @throws the signal's reason, between two slices
 */
export async function pronounceInSlices(
  pronouncer: Pronouncer,
  words: readonly string[],
  { beam, signal }: { readonly beam: number; readonly signal: AbortSignal },
): Promise<Pronunciation[]> {
  const results: Pronunciation[] = [];
  for (const slice of slicesOf(words, SLICE / beam)) {
    if (results.length > 0) await turn();
    signal.throwIfAborted();
    results.push(...pronouncer.pronounceAll(slice, { beam }));
  }
  return results;
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

/** Lets so many requests be worked on at once, each for so long, and none whose client has gone. */
export function workplace(limits: Pick<Limits, 'requests' | 'milliseconds'>) {
  let running = 0;
  return async <Result>(client: AbortSignal, work: (signal: AbortSignal) => Promise<Result>) => {
    if (running >= limits.requests) {
      const message = `${running} requests are being worked on; come back in a second`;
      throw new ServiceError(503, 'busy', message, { headers: { 'retry-after': '1' } });
    }
    running += 1;
    try {
      return await work(AbortSignal.any([client, AbortSignal.timeout(limits.milliseconds)]));
    } catch (error) {
      if (client.aborted) throw new ServiceError(503, 'client_gone', 'the client has gone');
      throw error;
    } finally {
      running -= 1;
    }
  };
}
