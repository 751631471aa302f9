/** `npm run example:edge`; PORT, HOST and MODEL (a folder, a URL or a hub's id) are taken from the environment. */
import { serve } from '@hono/node-server';
import { createPronouncer } from 'heed/pronounce';
import { createApp } from './app.ts';
import { Embedder } from './embedder.ts';

const { PORT = '8787', HOST = '127.0.0.1', MODEL } = process.env;
const embedder = new Embedder();
void embedder.load(MODEL);
const app = createApp({ pronouncer: await createPronouncer(), embedder });
const options = {
  ...{ fetch: app.fetch, port: Number(PORT), hostname: HOST },
  // Bodies that trickle in.
  serverOptions: { requestTimeout: 15_000 },
};
const server = serve(options, ({ port }) => console.log(`heed is listening on http://${HOST}:${port}`));

/** No new connections; what runs is finished; connections that idle are closed. */
function end(): void {
  server.close(() => process.exit(0));
  setInterval(() => 'closeIdleConnections' in server && server.closeIdleConnections(), 50);
}
process.once('SIGTERM', end);
process.once('SIGINT', end);
