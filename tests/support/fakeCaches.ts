/** As much of a browser's Cache API as the loader uses: a body that fails, or finds no room, is not stored. */

interface Stored {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Headers;
}

export class FakeCaches {
  readonly stored = new Map<string, Stored>();
  /** Most bytes of one body. */
  room = Infinity;
  /** Bodies that are being read out. */
  reading = 0;

  async open(name: string) {
    const keyOf = (key: string): string => `${name} ${new URL(key).href}`;
    return {
      match: async (key: string): Promise<Response | undefined> => {
        const found = this.stored.get(keyOf(key));
        return found && new Response(this.#body(found.bytes), { headers: found.headers });
      },
      put: async (key: string, response: Response): Promise<void> => {
        const chunks: Uint8Array<ArrayBuffer>[] = [];
        let length = 0;
        for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array<ArrayBuffer>>) {
          length += chunk.length;
          if (length > this.room) throw new DOMException('no room', 'QuotaExceededError');
          chunks.push(chunk);
        }
        const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
        this.stored.set(keyOf(key), { bytes, headers: response.headers });
      },
      delete: async (key: string): Promise<boolean> => this.stored.delete(keyOf(key)),
    };
  }

  #body(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
    this.reading++;
    let position = 0;
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          if (position < bytes.length) {
            controller.enqueue(bytes.slice(position, position + 10_000));
            position += 10_000;
          } else {
            this.reading--;
            controller.close();
          }
        },
        cancel: () => {
          this.reading--;
        },
      },
      { highWaterMark: 0 },
    );
  }
}
