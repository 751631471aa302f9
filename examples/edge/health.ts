import type { Pronouncer } from 'heed/pronounce';
import type { Context } from 'hono';
import type { Embedder } from './embedder.ts';

/** Of Node's `process`, which Deno and Bun have too, what tells of the memory. */
interface Host {
  readonly process?: { readonly versions?: { readonly node?: string }; memoryUsage?(): { rss: number } };
  readonly navigator?: { readonly userAgent?: string };
}

/** Answers what a balancer and a curious person ask for. */
export function health(pronouncer: Pronouncer, embedder: Embedder) {
  let started = Date.now();
  return (c: Context): Response => {
    // workerd has no clock before the first request.
    started ||= Date.now();
    const { process, navigator } = globalThis as Host;
    const { variant, memory } = pronouncer.runtime;
    const ready = !memory.disposed;
    const status = {
      ready,
      embed: embedder.state,
      variant,
      engine: navigator?.userAgent ?? `Node.js/${process?.versions?.node}`,
      // In bytes: what the pronouncer takes of WebAssembly's, and the whole process where it can be told.
      memory: { pronouncer: memory.capacityBytes, process: process?.memoryUsage?.().rss },
      uptimeSeconds: (Date.now() - started) / 1000,
    };
    return c.json(status, ready ? 200 : 503);
  };
}
