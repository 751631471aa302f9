/** heed/worker: pronouncing and published models off the main thread. Importing it does nothing. */
export type { MessageTarget } from './worker/channel.ts';
export type { ModelFacts, WorkerLoadOptions, WorkerModel } from './worker/model.ts';
export type { Bound, Promised } from './worker/promised.ts';
export type {
  WorkerPronounceOptions,
  WorkerPronouncer,
  WorkerPronouncerOptions,
} from './worker/pronouncer.ts';
export type { RuntimeFacts } from './worker/service.ts';
export { type HeedWorker, type StartWorkerOptions, startWorker } from './worker/startWorker.ts';
export type { WorkerTokenizer } from './worker/tokenizer.ts';
