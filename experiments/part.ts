/** One part of an experiment, in a process of its own: told by its arguments, it answers through its channel. */
import type { Json } from './experiment.ts';
import { loadExperiment } from './registry.ts';

/** What a part is asked to do. */
export interface PartOrder {
  readonly experiment: string;
  readonly part: string;
  readonly settings: Json;
  readonly seed: number;
}

/** What its process says. */
export type PartMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number; readonly note: string }
  | { readonly kind: 'result'; readonly figures: Json; readonly processorSeconds: number };

/** Often enough to be watched, seldom enough to cost nothing. */
const REPORT_EVERY_MILLISECONDS = 200;

const order = JSON.parse(process.argv[2]!) as PartOrder;
const say = (message: PartMessage): void => {
  process.send!(message);
};
let reported = 0;
const experiment = await loadExperiment(order.experiment);
if (!experiment.parts(order.settings).includes(order.part)) {
  throw new RangeError(`${order.experiment} has no part "${order.part}"`);
}
const figures = await experiment.run(order.part, {
  settings: order.settings,
  seed: order.seed,
  report: (done, total, note = '') => {
    if (done < total && performance.now() - reported < REPORT_EVERY_MILLISECONDS) return;
    reported = performance.now();
    say({ kind: 'progress', done, total, note });
  },
});
const { user, system } = process.cpuUsage();
say({ kind: 'result', figures, processorSeconds: (user + system) / 1e6 });
process.disconnect();
