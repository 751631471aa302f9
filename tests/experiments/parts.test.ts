/** The command: parts in processes of their own, kept when done, and named when they fail. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type PartsOptions, runParts } from '../../experiments/parts.ts';
import { Progress } from '../../experiments/progress.ts';
import { loadExperiment } from '../../experiments/registry.ts';
import type { Settings } from '../../experiments/why-attention/run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'heed-parts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { settings } = await loadExperiment('why-attention');
const quick = settings.quick as Settings;
const tiny = { ...quick, budget: { ...quick.budget, trainingWords: 320, warmupSteps: 1, testWords: 20 } };

/** As the command calls it. */
function run(options: Partial<PartsOptions>) {
  return runParts({
    experiment: 'why-attention',
    parts: ['fixed context', 'attention'],
    settings: JSON.parse(JSON.stringify(tiny)),
    seed: 1,
    machine: 'this one',
    processes: 2,
    folder,
    fresh: false,
    progress: new Progress(),
    ...options,
  });
}

describe('parts', () => {
  it('are kept when they are done, unless anything that decides them has changed', async () => {
    const first = await run({});
    expect(Object.keys(first)).toEqual(['fixed context', 'attention']);
    const kept = readFileSync(join(folder, 'attention.json'), 'utf8');
    expect(await run({})).toEqual(first);
    expect(readFileSync(join(folder, 'attention.json'), 'utf8')).toBe(kept);
    const other = await run({ seed: 2, processes: 1 });
    expect(other.attention!.figures).not.toEqual(first.attention!.figures);
    // The same seed gives the same figures; only times differ.
    const again = await run({ fresh: true });
    const timeless = (part: unknown) =>
      JSON.parse(JSON.stringify(part), (key, value) => (/seconds|second$/i.test(key) ? 0 : value));
    expect(timeless(again)).toEqual(timeless(first));
  }, 180_000);

  it('that fail are named, and the others do not go on', async () => {
    const failing = run({ parts: ['no such part', 'never'], processes: 1 });
    await expect(failing).rejects.toThrow('why-attention: part "no such part" ended with exit code 1');
  });
});

describe('npm run experiment', () => {
  const command = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', 'tsx', 'experiments/index.ts', ...args], {
      cwd: root,
      encoding: 'utf8',
    });

  it.each([
    [[], 'expected one NAME, got 0'],
    [['why-attention', 'digits'], 'expected one NAME, got 2'],
    [['toString'], 'there is no experiment "toString"'],
    [['why-attention', '--seed', '0'], '--seed must be a positive integer, got 0'],
    [['why-attention', '--processes', 'x'], '--processes must be a positive integer, got x'],
    [['why-attention', '--slow'], "Unknown option '--slow'"],
  ])('%j is refused in a line, with the usage', (args, message) => {
    const { status, stdout, stderr } = command(...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.split('\n')[0]).toContain(message);
    expect(stderr).toContain('npm run experiment -- NAME | all');
  });
});
