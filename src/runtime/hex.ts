/** What some hosts have, and this TypeScript's library does not know yet. */
interface Decoders {
  readonly Uint8Array: { readonly fromHex?: (text: string) => Uint8Array<ArrayBuffer> };
  readonly Buffer?: { from(text: string, encoding: 'hex'): Uint8Array<ArrayBuffer> };
}

/**
 * The bytes of an embedded binary. Hexadecimal digits and not base64: gzip still finds the repetitions in them, and an
 * AudioWorklet, which has no `atob`, decodes them too.
 */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> {
  const host = globalThis as unknown as Decoders;
  if (host.Uint8Array.fromHex) return host.Uint8Array.fromHex(text);
  if (host.Buffer) return new Uint8Array(host.Buffer.from(text, 'hex'));
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
