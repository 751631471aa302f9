/** Runs a case and judges it. */
import type { WeightSource } from '../../src/tensor/weights.ts';
import type { TrainingRuntime } from '../../src/train/trainingRuntime.ts';
import type { Source, UnreadCase } from './cases.ts';
import { type Measured, measure } from './compare.ts';
import { Fixture } from './fixture.ts';
import { onnxRunners } from './onnx/index.ts';
import { NotRun } from './options.ts';
import type { Outcome, Runner, Runners } from './runner.ts';
import { tolerancesOf } from './tolerance.ts';
import { torchRunners } from './torch/index.ts';

/** A line of the report. Errors are relative; null where there is none, or it is not finite. */
export interface Row {
  readonly case: string;
  readonly source: Source;
  readonly status: 'passed' | 'failed' | 'not run';
  readonly maxError: number | null;
  readonly tolerance: number | null;
  /** Why it failed or was not run; what to know of one that passed. */
  readonly reason?: string;
}

type Verdict = Omit<Row, 'case' | 'source'>;

const unmeasured = { maxError: null, tolerance: null };

/** Runs one case; whatever it throws becomes its row. */
export function runCase(runtime: TrainingRuntime, source: Source, unread: UnreadCase): Row {
  const { description } = unread;
  const row = { case: description.case, source };
  const known: Runners = source === 'onnx-node' ? onnxRunners : torchRunners;
  const runner = Object.hasOwn(known, description.kind) ? known[description.kind] : undefined;
  if (!runner) {
    return { ...row, status: 'not run', ...unmeasured, reason: `no runner for ${description.kind}` };
  }
  let tensors: WeightSource;
  try {
    tensors = unread.open();
  } catch (error) {
    return { ...row, status: 'failed', ...unmeasured, reason: messageOf(error) };
  }
  return { ...row, ...judge(new Fixture(runtime, description, tensors), runner) };
}

function judge(fixture: Fixture, runner: Runner): Verdict {
  const { runtime } = fixture;
  const before = runtime.memory.usedBytes;
  let verdict: Verdict;
  // Inputs that are left over tell nothing of a run that broke off.
  let unknown: string[] = [];
  try {
    verdict = runtime.scope(() => verdictOn(fixture, runner(fixture)));
    unknown = fixture.unasked();
  } catch (error) {
    const status = error instanceof NotRun ? 'not run' : 'failed';
    verdict = { status, ...unmeasured, reason: messageOf(error) };
  } finally {
    fixture.release();
  }
  if (verdict.status === 'not run') return verdict;
  unknown.unshift(...fixture.options.unasked(), ...fixture.call.unasked());
  if (unknown.length > 0) {
    return { status: 'not run', ...unmeasured, reason: `no runner knows ${unknown.join(', ')}` };
  }
  const leaked = runtime.memory.usedBytes - before;
  if (leaked !== 0 && verdict.status === 'passed') {
    return { ...verdict, status: 'failed', reason: `${leaked} bytes are still in use after the case` };
  }
  return verdict;
}

function verdictOn(fixture: Fixture, outcome: Outcome): Verdict {
  const { comparisons, arithmetic, note, unchecked = [] } = outcome;
  const missing = missingOf(fixture, outcome);
  if (missing.length > 0) {
    return { status: 'failed', ...unmeasured, reason: `nothing to compare with ${missing.join(', ')}` };
  }
  const tolerances = tolerancesOf(fixture, arithmetic);
  const bound = (each: Measured): number => tolerances.of(each);
  const measured = measure(fixture, comparisons);
  const worst = measured.reduce((a, b) => (b.error / bound(b) > a.error / bound(a) ? b : a));
  const numbers = { maxError: Number.isFinite(worst.error) ? worst.error : null, tolerance: bound(worst) };
  if (!(worst.error <= bound(worst))) {
    const fault = worst.fault ?? `${worst.name} is off by ${worst.error.toExponential(2)}`;
    return { status: 'failed', ...numbers, reason: fault };
  }
  const reasons = [note, tolerances.reason, ...unchecked.map(({ reason }) => reason)].filter((each) => each);
  return { status: 'passed', ...numbers, ...(reasons.length > 0 && { reason: reasons.join('; ') }) };
}

/** Outputs and gradients of the case that nothing was compared with. */
function missingOf(fixture: Fixture, { comparisons, unchecked = [] }: Outcome): string[] {
  const compared = new Set(comparisons.map(({ name }) => name));
  const outputs = fixture.names('out.').filter((name) => !unchecked.some((each) => each.outputs.test(name)));
  const wanted = [
    ...outputs.map((name) => `out.${name}`),
    ...fixture.names('grad.').map((name) => `grad.${name}`),
  ];
  return wanted.filter((name) => !compared.has(name));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
