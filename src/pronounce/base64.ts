/** What some hosts have, and this TypeScript's library does not know yet. */
interface Decoders {
  readonly Uint8Array: { readonly fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };
  readonly Buffer?: { from(text: string, encoding: 'base64'): Uint8Array<ArrayBuffer> };
}

/**
 * The bytes of an embedded file. Cold, a loop over `atob` takes longer than compiling the binary it decodes: whatever
 * the host brings along is asked first.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const host = globalThis as unknown as Decoders;
  if (host.Uint8Array.fromBase64) return host.Uint8Array.fromBase64(text);
  if (host.Buffer) return new Uint8Array(host.Buffer.from(text, 'base64'));
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
