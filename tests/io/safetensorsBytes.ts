/** Builds safetensors files by hand, well-formed or not, without the code under test. */

/** A file of that header text (or raw bytes) and data; `headerLength` replaces the true one. */
export function fileOf(
  header: string | Uint8Array,
  data: Uint8Array | number = 0,
  headerLength?: bigint,
): Uint8Array {
  const headerBytes = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const dataBytes = typeof data === 'number' ? Uint8Array.from({ length: data }, (_, i) => i) : data;
  const file = new Uint8Array(8 + headerBytes.length + dataBytes.length);
  new DataView(file.buffer).setBigUint64(0, headerLength ?? BigInt(headerBytes.length), true);
  file.set(headerBytes, 8);
  file.set(dataBytes, 8 + headerBytes.length);
  return file;
}

/** The text of one tensor's entry. */
export function entry(
  name: string,
  dtype: string,
  shape: readonly number[],
  begin: number,
  end: number,
): string {
  return `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${begin},${end}]}`;
}
