import type { Experiment } from './experiment.ts';

/** All experiments, loaded when they are asked for. */
const experiments: Readonly<Record<string, () => Promise<{ readonly experiment: Experiment }>>> = {
  'why-attention': () => import('./why-attention/run.ts'),
  'which-attention': () => import('./which-attention/run.ts'),
  translate: () => import('./translate/run.ts'),
  'fill-the-blank': () => import('./fill-the-blank/run.ts'),
  digits: () => import('./digits/run.ts'),
};

export const experimentNames: readonly string[] = Object.keys(experiments);

/** @throws RangeError for an unknown name */
export async function loadExperiment(name: string): Promise<Experiment> {
  if (!Object.hasOwn(experiments, name)) {
    throw new RangeError(`no experiment "${name}", expected one of ${experimentNames.join(', ')}`);
  }
  return (await experiments[name]!()).experiment;
}
