/** The reference data of this checkout's neighbour: each case passes, or is named here with the reason why it is not run. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { DATA_FOLDER, readCases, sources } from './cases.ts';
import { runCase } from './run.ts';

const NO_ZERO_POINTS =
  "heed's 8-bit products take symmetric weights with a scale for each row, not tensors with zero points";

/** All that is not run. */
const notRun: Readonly<Record<string, string>> = {
  act_elu: 'heed has no ELU',
  act_leaky_relu: 'heed has no leaky ReLU',
  act_softplus: 'heed has no softplus',
  act_quick_gelu: 'heed has no quick GELU',
  bce_with_logits: 'heed has no binary cross-entropy',
  optim_adam_amsgrad: 'heed does not have amsgrad = true',
  optim_rmsprop: 'heed has no RMSprop',
  optim_adagrad: 'heed has no Adagrad',
  test_attention_3d_gqa_softcap: 'heed does not have softcap = 3',
  test_attention_3d_softcap: 'heed does not have softcap = 3',
  test_attention_3d_with_past_and_present_qk_matmul_softcap: 'heed does not have softcap = 2',
  test_attention_4d_diff_heads_sizes_softcap: 'heed does not have softcap = 2',
  test_attention_4d_softcap: 'heed does not have softcap = 2',
  test_attention_4d_softcap_neginf_mask: 'heed does not have softcap = 0.5',
  test_matmulinteger: NO_ZERO_POINTS,
  test_qlinearmatmul_2D_int8_float16: NO_ZERO_POINTS,
  test_qlinearmatmul_2D_uint8_float16: NO_ZERO_POINTS,
  test_qlinearmatmul_2D_uint8_float32: NO_ZERO_POINTS,
  test_qlinearmatmul_3D_int8_float16: NO_ZERO_POINTS,
  test_qlinearmatmul_3D_int8_float32: NO_ZERO_POINTS,
  test_qlinearmatmul_3D_uint8_float16: NO_ZERO_POINTS,
  test_qlinearmatmul_3D_uint8_float32: NO_ZERO_POINTS,
};

const cases = sources.flatMap((source) =>
  (readCases(DATA_FOLDER, source) ?? []).map((each) => ({ source, each, name: each.description.case })),
);
afterAll(() => {
  if (cases.length === 0)
    console.log(`SKIPPED: ../shared/data is absent: nothing is compared with ${sources}`);
});

it('docs/attention.md states the counts', (context) => {
  if (cases.length === 0) return context.skip();
  const page = readFileSync(new URL('../../docs/attention.md', import.meta.url), 'utf8');
  const stated = [...page.matchAll(/^\| (?:PyTorch|ONNX)[^|]*\| (\d+) \| (\d+)/gm)].map((row) =>
    row.slice(1).map(Number),
  );
  const counts = sources.map((source) => {
    const names = cases.filter((each) => each.source === source).map(({ name }) => name);
    const excused = names.filter((name) => notRun[name] !== undefined).length;
    return [names.length - excused, excused];
  });
  expect(stated).toEqual(counts);
});

describe.each(variants)('parity, %s', (variant) => {
  it('finds its cases', (context) => {
    if (cases.length === 0) return context.skip();
    const counts = sources.map((source) => cases.filter((each) => each.source === source).length);
    expect(counts).toEqual([152, 51, 144]);
    const names = new Set(cases.map(({ name }) => name));
    expect(Object.keys(notRun).filter((name) => !names.has(name))).toEqual([]);
  });

  it.each(cases)('$source/$name', async ({ source, each, name }) => {
    const row = runCase(await sharedRuntime(variant), source, each);
    const reason = notRun[name];
    if (reason !== undefined) expect(row).toMatchObject({ status: 'not run', reason });
    else expect(row.status, row.reason).toBe('passed');
  });
});
