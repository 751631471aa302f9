/** `deno serve --host 127.0.0.1 --port 8787 --allow-env=MODEL deno.ts`; a MODEL needs `--allow-read` or `--allow-net` besides. */
import { createPronouncer } from 'heed/pronounce';
import { createApp } from './app.ts';
import { Embedder } from './embedder.ts';

const embedder = new Embedder();
void embedder.load(process.env.MODEL);
export default createApp({ pronouncer: await createPronouncer(), embedder });
