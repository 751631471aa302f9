/** The engine in a worker of its own: the page stays free for keys. */
import { answer, type Call } from './calls.ts';
import { Engine } from './engine.ts';

const engine = new Engine();
addEventListener('message', async ({ data }: MessageEvent<Call>) => postMessage(await answer(engine, data)));
