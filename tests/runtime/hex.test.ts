import { afterEach, describe, expect, it, vi } from 'vitest';
import { decodeHex } from '../../src/runtime/hex.ts';
import { seededRandom } from '../support/random.ts';

afterEach(() => vi.unstubAllGlobals());

/** What a host may bring along; the rest is hidden. */
const hosts = ['fromHex', 'Buffer', 'nothing'] as const;

function become(host: (typeof hosts)[number]): void {
  const decode = Buffer.from;
  const fromHex = (text: string) => new Uint8Array(decode(text, 'hex'));
  const own = { fromHex: host === 'fromHex' ? fromHex : undefined };
  vi.stubGlobal('Uint8Array', Object.assign(class extends Uint8Array {}, own));
  if (host !== 'Buffer') vi.stubGlobal('Buffer', undefined);
}

describe.each(hosts)('decodeHex with %s', (host) => {
  it.each([0, 1, 2, 255, 256, 1000])('gives back %d bytes, none of the host around them', (length) => {
    const random = seededRandom(length);
    const bytes = Array.from({ length }, () => Math.floor(random.uniform() * 256));
    const text = Buffer.from(bytes).toString('hex');
    become(host);
    const decoded = decodeHex(text);
    expect(Array.from(decoded)).toEqual(bytes);
    expect(decoded.buffer.byteLength).toBe(length);
  });
});
