/** heed/worker/serve: the worker's end of heed/worker, for workers of your own. Importing it does nothing. */
export type { MessageTarget } from './worker/channel.ts';
export { serve } from './worker/serve.ts';
