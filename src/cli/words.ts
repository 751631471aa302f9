/** Words from a stream of bytes, a batch at a time: memory does not grow with the length of the list. */
import { FormatError } from '../errors.ts';
import { splitWords } from '../pronounce/spelling.ts';

/** The longest line that is read, in characters. */
export const longestLine = 1_000_000;

export interface WordBatch {
  readonly words: readonly string[];
  /** Bytes of the stream up to the end of these words, about: what a progress bar shows. */
  readonly bytes: number;
}

/**
 * Splits a text into batches of words, line by line, as its bytes arrive. A batch never waits for bytes to come, so
 * that a program on the other end of a pipe gets its answers before it writes more.
 *
 * Lines end in LF, CR LF or CR. The text is UTF-8, or UTF-16 with a byte-order mark as Windows writes it; invalid
 * bytes become U+FFFD, which `normaliseSpelling` refuses by name.
 * @param most words in a batch
 * @throws FormatError for a line of more than `longestLine` characters
 */
export async function* wordBatches(
  source: AsyncIterable<Uint8Array>,
  most: number,
): AsyncGenerator<WordBatch> {
  const lines = new Lines();
  let bytes = 0;
  for await (const chunk of source) {
    yield* batchesOf(lines.push(chunk), most, bytes, chunk.length);
    bytes += chunk.length;
  }
  yield* batchesOf(lines.end(), most, bytes, 0);
}

function* batchesOf(
  lines: readonly string[],
  most: number,
  start: number,
  length: number,
): Generator<WordBatch> {
  let words: string[] = [];
  for (const [index, line] of lines.entries()) {
    for (const word of splitWords(line)) {
      words.push(word);
      if (words.length < most) continue;
      yield { words, bytes: start + Math.floor((length * index) / lines.length) };
      words = [];
    }
  }
  if (words.length > 0) yield { words, bytes: start + length };
}

/** Cuts chunks of bytes into lines of text, wherever the chunks were cut. */
class Lines {
  #decoder: TextDecoder | undefined;
  /** The first bytes, while they are too few to tell the encoding. */
  #head = new Uint8Array(0);
  #rest = '';
  #returned = false;
  #count = 0;

  /** The lines that end in this chunk. @throws FormatError */
  push(chunk: Uint8Array): string[] {
    if (this.#decoder) return this.#split(this.#decoder.decode(chunk, { stream: true }));
    const head = new Uint8Array(this.#head.length + chunk.length);
    head.set(this.#head);
    head.set(chunk, this.#head.length);
    this.#head = head;
    return head.length < 2 ? [] : this.#decodeHead();
  }

  /** The last line, where no line end follows it. @throws FormatError */
  end(): string[] {
    const lines = this.#decoder ? [] : this.#decodeHead();
    return [...lines, ...this.#split(this.#decoder!.decode()), this.#rest];
  }

  #decodeHead(): string[] {
    const [first, second] = this.#head;
    const littleEndian = first === 0xff && second === 0xfe;
    const bigEndian = first === 0xfe && second === 0xff;
    this.#decoder = new TextDecoder(littleEndian ? 'utf-16le' : bigEndian ? 'utf-16be' : 'utf-8');
    return this.#split(this.#decoder.decode(this.#head, { stream: true }));
  }

  #split(decoded: string): string[] {
    // A carriage return waits for the line feed that may follow in the next chunk.
    const text = this.#returned ? `\r${decoded}` : decoded;
    this.#returned = text.endsWith('\r');
    const lines = (this.#returned ? text.slice(0, -1) : text).split(/\r\n|[\n\r]/);
    lines[0] = this.#rest + lines[0];
    const tooLong = lines.findIndex(({ length }) => length > longestLine);
    if (tooLong >= 0) {
      throw new FormatError(
        `word list: line ${this.#count + tooLong + 1} has more than ${longestLine} characters; ` +
          'expected one or more words per line',
      );
    }
    this.#rest = lines.pop()!;
    this.#count += lines.length;
    return lines;
  }
}
