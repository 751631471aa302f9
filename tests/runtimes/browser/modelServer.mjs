import { createHash } from 'node:crypto';

/**
 * A model's folder at /models/tiny, by ranges and with tags.
 * @param files by name
 * @returns `(request, response) => boolean`: whether it answered
 */
export function modelServer(files) {
  /** Bytes of the weights that were sent. */
  let sent = 0;
  return (request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    if (!path.startsWith('/models/')) return false;
    if (path === '/models/sent') return respond(response, 200, {}, String(sent));
    const file = files[path.replace('/models/tiny/', '')];
    if (!file) return respond(response, 404);
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const from = range ? Number(range[1]) : 0;
    const to = Math.min(file.length, range?.[2] ? Number(range[2]) + 1 : file.length);
    if (path.endsWith('.safetensors')) sent += to - from;
    const etag = `"${createHash('sha256').update(file).digest('hex').slice(0, 16)}"`;
    const headers = { etag, 'content-length': to - from };
    if (range) headers['content-range'] = `bytes ${from}-${to - 1}/${file.length}`;
    return respond(response, range ? 206 : 200, headers, file.subarray(from, to));
  };
}

function respond(response, status, headers, body) {
  response.writeHead(status, headers).end(body);
  return true;
}
