/** The parity command, and its judgement of cases made up to be right or wrong. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { readCases } from './cases.ts';
import { linearCase, type MadeUp, spoilt, writeData } from './madeUp.ts';
import { type Row, runCase } from './run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heed-parity-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the runner says of a case. */
async function judged(madeUp: MadeUp): Promise<Row> {
  writeData(folder, [madeUp]);
  const [unread] = readCases(folder, 'torch/layers')!;
  return runCase(await sharedRuntime(variants[0]!), 'torch/layers', unread!);
}

const without = ({ row, tensors }: MadeUp, name: string): MadeUp => ({
  row,
  tensors: Object.fromEntries(Object.entries(tensors).filter(([each]) => each !== name)),
});
const withRow = ({ row, tensors }: MadeUp, changes: object): MadeUp => ({
  row: { ...row, ...changes },
  tensors,
});

describe('a made-up case', () => {
  it('passes where it is right', async () => {
    const row = await judged(linearCase());
    expect(row).toEqual({
      case: 'made_up',
      source: 'torch/layers',
      status: 'passed',
      maxError: 0,
      tolerance: expect.closeTo(1e-6, 6),
    });
  });

  it('fails by a wrong output', async () => {
    const row = await judged(spoilt('out.y', 1, 6.01));
    expect(row).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/^out\.y is off by 5\.26e-4$/),
    });
    expect(row.maxError).toBeCloseTo((Math.fround(6.01) - 6) / 19, 12);
  });

  it('fails by a tampered gradient', async () => {
    expect(await judged(spoilt('grad.w.weight', 1, -6.01))).toMatchObject({
      status: 'failed',
      reason: 'grad.w.weight is off by 4.76e-4',
    });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'fails where the reference is %s and heed has a number',
    async (value) => {
      expect(await judged(spoilt('out.y', 0, value))).toMatchObject({
        status: 'failed',
        maxError: null,
        reason: `out.y[0] is 19, the reference ${value}`,
      });
    },
  );

  it('fails where heed has NaN and the reference a number', async () => {
    expect(await judged(spoilt('in.x', 0, Number.NaN))).toMatchObject({
      status: 'failed',
      maxError: null,
      reason: 'out.y[0] is NaN, the reference 19',
    });
  });

  it('fails by a tensor that is missing or of another size', async () => {
    expect(await judged(without(linearCase(), 'in.x'))).toMatchObject({
      status: 'failed',
      reason: 'the case has no tensor in.x',
    });
    const { status, reason } = await judged(without(linearCase(), 'w.bias'));
    expect(status).toBe('failed');
    expect(reason).toContain('w.bias is missing');
    const { row, tensors } = linearCase();
    const shorter = { ...tensors['out.y']!, shape: [1, 1], bytes: tensors['out.y']!.bytes.slice(4) };
    expect(await judged({ row, tensors: { ...tensors, 'out.y': shorter } })).toMatchObject({
      status: 'failed',
      reason: 'out.y has 2 elements, the reference 1',
    });
  });

  it('fails by an output that heed does not compute', async () => {
    const { row, tensors } = linearCase();
    expect(await judged({ row, tensors: { ...tensors, 'out.z': tensors['out.y']! } })).toMatchObject({
      status: 'failed',
      reason: 'nothing to compare with out.z',
    });
  });

  it('is not run for a module, an option, a value or an input that no runner knows', async () => {
    const { row, tensors } = linearCase();
    const reasonOf = async (madeUp: MadeUp): Promise<string | undefined> => {
      const { status, reason } = await judged(madeUp);
      expect(status).toBe('not run');
      return reason;
    };
    expect(await reasonOf(withRow(linearCase(), { module: 'nn.Bilinear' }))).toBe(
      'no runner for nn.Bilinear',
    );
    const ctor = { in_features: 2, out_features: 1, scale: 3 };
    expect(await reasonOf(withRow(linearCase(), { ctor }))).toBe('no runner knows scale = 3');
    expect(await reasonOf(withRow(linearCase(), { ctor: { ...ctor, bias: 'no' } }))).toBe(
      'bias must be true or false, is "no"',
    );
    expect(await reasonOf({ row, tensors: { ...tensors, 'in.mask': tensors['in.x']! } })).toBe(
      'no runner knows in.mask',
    );
  });

  it('fails, and lets the others run, where its file is absent', async () => {
    writeData(folder, [linearCase()]);
    rmSync(join(folder, 'torch/layers/made_up.safetensors'));
    const [unread] = readCases(folder, 'torch/layers')!;
    const row = runCase(await sharedRuntime(variants[0]!), 'torch/layers', unread!);
    expect(row.status).toBe('failed');
    expect(row.reason).toContain('ENOENT');
  });
});

describe('npm run parity', () => {
  const parity = (...args: string[]) => {
    const command = ['--import', 'tsx', 'tests/parity/index.ts', ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  it('writes a row for each case and exits with 1 when one fails', () => {
    const right = linearCase();
    const wrong = spoilt('out.y', 0, 20);
    writeData(folder, [
      right,
      { ...wrong, row: { ...wrong.row, case: 'wrong', file: 'wrong.safetensors' } },
      {
        ...right,
        row: { ...right.row, case: 'unknown', module: 'nn.Bilinear', file: 'unknown.safetensors' },
      },
    ]);
    const json = join(folder, 'rows.json');
    const { status, stdout } = parity('--data', folder, '--json', json);
    expect(stdout.split('\n').slice(0, 6)).toEqual([
      expect.stringMatching(
        /^failed {3}torch\/layers\/wrong: out\.y is off by 5\.00e-2 \(error 5\.00e-2, allowed /,
      ),
      'not run  torch/layers/unknown: no runner for nn.Bilinear',
      'torch/attention: absent',
      'onnx-node: absent',
      'torch/layers: 1 passed, 1 failed, 1 not run',
      `parity, ${variants[0]}: 1 passed, 1 failed, 1 not run`,
    ]);
    expect(status).toBe(1);
    const rows = JSON.parse(readFileSync(json, 'utf8')) as Row[];
    expect(rows.map((row) => [row.case, row.source, row.status])).toEqual([
      ['made_up', 'torch/layers', 'passed'],
      ['wrong', 'torch/layers', 'failed'],
      ['unknown', 'torch/layers', 'not run'],
    ]);
    expect(parity('--data', folder, '--only', 'made').status).toBe(0);
  });

  it('says what it misses and exits with 2', () => {
    const nowhere = join(folder, 'nowhere');
    const absent = parity('--data', nowhere);
    expect(absent).toMatchObject({ status: 2, stdout: '' });
    expect(absent.stderr).toBe(
      `parity: no reference data in ${nowhere}: expected an index.json in torch/layers, torch/attention, onnx-node\n`,
    );
    writeData(folder, [linearCase()]);
    expect(parity('--data', folder, '--only', 'nothing')).toMatchObject({
      status: 2,
      stderr: 'parity: no case matches nothing\n',
    });
    expect(parity('--variant', 'scalar')).toMatchObject({ status: 2 });
  });
});
