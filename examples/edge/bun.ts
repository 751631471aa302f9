/** `bun bun.ts`; PORT, HOST and MODEL are taken from the environment. */
import { createPronouncer } from 'heed/pronounce';
import { createApp } from './app.ts';
import { Embedder } from './embedder.ts';

const { PORT = '8787', HOST = '127.0.0.1', MODEL } = process.env;
const embedder = new Embedder();
void embedder.load(MODEL);
const app = createApp({ pronouncer: await createPronouncer(), embedder });
export default { fetch: app.fetch, port: Number(PORT), hostname: HOST };
