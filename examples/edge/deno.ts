/** `deno serve --port 8787 --allow-env --allow-net --allow-read deno.ts`; MODEL is taken from the environment. */
import { createPronouncer } from 'heed/pronounce';
import { createApp } from './app.ts';
import { Embedder } from './embedder.ts';

const embedder = new Embedder();
void embedder.load(process.env.MODEL);
export default createApp({ pronouncer: await createPronouncer(), embedder });
