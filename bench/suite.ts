/** One benny suite: outputs are verified first, then medians are printed. */
import { cpus } from 'node:os';
import benny from 'benny';
import type { Runtime } from '../src/runtime/runtime.ts';
import type { Roofline } from './roofline.ts';
import { describeWork, type Work } from './work.ts';

/** A timed case. */
export interface Case {
  readonly name: string;
  /** Throws when the output is wrong. Runs once, before anything is timed. */
  verify(): void;
  run(): void;
  /** What a run does, for rates and shares of the roofline. */
  readonly work?: Work;
  /** What a run's duration means apart from that: `(seconds) => '1,552 words/s'`. */
  rate?(seconds: number): string;
}

/** For which a case runs: some twenty samples or more. */
const SECONDS = 2;

/** A case's median and fastest sample, in seconds a run. */
export interface Measured {
  readonly suite: string;
  readonly case: string;
  readonly medianSeconds: number;
  readonly minSeconds: number;
  readonly rate: string;
}

/** `Node v24.1.0, AMD EPYC, variant relaxed, threads 1` */
export function describeHost({ variant, threads }: Pick<Runtime, 'variant' | 'threads'>): string {
  const cpu = cpus()[0]?.model ?? 'unknown CPU';
  return `Node ${process.version}, ${cpu}, variant ${variant}, threads ${threads}`;
}

/** Runs a suite and prints a line for each case. @throws when a case's output is wrong */
export async function runSuite(
  name: string,
  cases: readonly Case[],
  roofline: Roofline,
  variant: string | undefined,
): Promise<Measured[]> {
  for (const each of cases) each.verify();
  console.log(`\n${name}`);
  const measured: Measured[] = [];
  await benny.suite(
    name,
    ...cases.map((each) => benny.add(each.name, () => each.run())),
    benny.configure({ cases: { maxTime: SECONDS } }),
    benny.complete(({ results }) => {
      for (const { name: caseName, details } of results) {
        const each = cases.find((one) => one.name === caseName)!;
        const rate = [
          each.work && describeWork(each.work, details.median, roofline, variant),
          each.rate?.(details.median),
        ]
          .filter(Boolean)
          .join(', ');
        measured.push({
          suite: name,
          case: caseName,
          medianSeconds: details.median,
          minSeconds: details.min,
          rate,
        });
        console.log(
          `  ${caseName.padEnd(46)} ${(1000 * details.median).toFixed(3).padStart(9)} ms   ${rate}`,
        );
      }
    }),
  );
  return measured;
}
