/** A local HTTP server for files that can be told to misbehave, and that counts what it was asked for and what it sent. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A file that is made as it is sent. */
export interface Generated {
  readonly length: number;
  /** Fills `chunk` with the bytes from `from` on. */
  fill(chunk: Uint8Array, from: number): void;
}

export interface ServedFile {
  readonly content: Uint8Array | Generated;
  readonly etag?: string;
  readonly modified?: string;
}

/** What is wrong with one answer. */
export interface Fault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Destroys the socket after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Sends no more after so many bytes of the body, and keeps the socket open. */
  readonly stallAfter?: number;
  /** Sends the whole file whatever was asked for. */
  readonly ignoreRange?: boolean;
  /** Sends no Content-Length, or another one. */
  readonly contentLength?: 'absent' | number;
  /** Ends the body after so many bytes as if that were all. Needs Content-Length absent. */
  readonly endAfter?: number;
  /** Bytes per write and the pause after each, in milliseconds. */
  readonly slow?: { readonly bytes: number; readonly pause: number };
  readonly file?: ServedFile;
}

export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly headers: IncomingMessage['headers'];
}

const BLOCK = 1 << 16;

export class FileServer {
  readonly files = new Map<string, ServedFile>();
  readonly asked: Asked[] = [];
  bytesSent = 0;
  /** Answers that have neither been sent to their end nor been cut off. */
  answering = 0;
  /** Decides what is wrong with an answer; `count` counts the requests for that path, from 1. */
  fault: (asked: Asked, count: number) => Fault | undefined = () => undefined;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.answering++;
      response.once('close', () => this.answering--);
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<FileServer> {
    const server = new FileServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  /** Without a slash at its end. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests whose path ends so. */
  askedFor(path: string): readonly Asked[] {
    return this.asked.filter((each) => each.path.endsWith(path));
  }

  forget(): void {
    this.asked.length = 0;
    this.bytesSent = 0;
    this.fault = () => undefined;
    this.files.clear();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!;
    const asked = { path, range: request.headers.range, headers: request.headers };
    this.asked.push(asked);
    const fault = this.fault(asked, this.asked.filter((each) => each.path === path).length) ?? {};
    for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value);
    const file = fault.file ?? this.files.get(path.replace(/\?.*/, ''));
    const status = fault.status ?? (file ? undefined : 404);
    if (status !== undefined && status !== 206) {
      response.writeHead(status);
      if (fault.stallAfter === undefined) response.end('no');
      else response.write('no');
      return;
    }
    await this.#send(file!, asked.range, fault, response);
  }

  async #send(
    file: ServedFile,
    range: string | undefined,
    fault: Fault,
    response: ServerResponse,
  ): Promise<void> {
    const size = file.content.length;
    const match = fault.ignoreRange ? null : /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
    const from = match ? Number(match[1]) : 0;
    const to = match?.[2] ? Math.min(Number(match[2]) + 1, size) : size;
    if (file.etag) response.setHeader('ETag', file.etag);
    if (file.modified) response.setHeader('Last-Modified', file.modified);
    if (match && from >= size) {
      response.writeHead(416, { 'Content-Range': `bytes */${size}` }).end();
      return;
    }
    if (match && !response.hasHeader('Content-Range')) {
      response.setHeader('Content-Range', `bytes ${from}-${to - 1}/${size}`);
    }
    if (fault.contentLength !== 'absent')
      response.setHeader('Content-Length', fault.contentLength ?? to - from);
    response.writeHead(match || fault.status === 206 ? 206 : 200);
    response.flushHeaders();
    const step = fault.slow?.bytes ?? BLOCK;
    const last = Math.min(
      to,
      from + Math.min(...[fault.cutAfter, fault.stallAfter, fault.endAfter].map((n) => n ?? Infinity)),
    );
    for (let position = from; position < last && !response.destroyed; position += step) {
      await this.#write(file.content, position, Math.min(position + step, last), response);
      if (fault.slow) await sleep(fault.slow.pause);
    }
    if (fault.cutAfter === last - from) {
      // What was written is to arrive before the end does.
      await sleep(5);
      response.socket?.destroy();
    } else if (fault.stallAfter === undefined || last === to) response.end();
  }

  async #write(
    content: ServedFile['content'],
    from: number,
    to: number,
    response: ServerResponse,
  ): Promise<void> {
    const chunk = content instanceof Uint8Array ? content.subarray(from, to) : new Uint8Array(to - from);
    if (!(content instanceof Uint8Array)) content.fill(chunk, from);
    this.bytesSent += chunk.length;
    if (response.write(chunk)) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        response.off('drain', go).off('close', go);
        resolve();
      };
      response.on('drain', go).on('close', go);
    });
  }
}
