/** Attention against the ONNX project's own node tests: those without softcap, half precision, or lengths that move the diagonal. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { toFloat32 } from '../../src/io/conversion.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { attention } from '../../src/ops/attention.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { expectClose } from '../support/gradientCheck.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';

const FOLDER = new URL('../../../shared/data/onnx-node/', import.meta.url);
const CASES = 40;

interface Row {
  readonly case: string;
  readonly op: string;
  readonly attributes: Readonly<Record<string, number>>;
}

/** Values of shape [batch, rows, heads * size]. */
interface Rows {
  readonly batch: number;
  readonly rows: number;
  readonly heads: number;
  readonly size: number;
  readonly values: Float32Array;
}

const present = existsSync(new URL('index.json', FOLDER));
const read = (name: string) => readFileSync(new URL(name, FOLDER));
const index: Row[] = present ? JSON.parse(read('index.json').toString()) : [];
const source = present ? readSafetensors(read('cases.safetensors')) : undefined;
const supported = index.filter(({ case: name, op, attributes }) => {
  if (op !== 'Attention' || attributes.softcap) return false;
  return source!.get(`${name}/in.Q`)!.dtype === 'F32' && !source!.get(`${name}/in.nonpad_kv_seqlen`);
});
afterAll(() => {
  if (!present) console.log(`SKIPPED: ../shared/data is absent, ${CASES} cases of ONNX's Attention`);
});

/** [batch, heads, rows, size], or [batch, rows, heads * size] where `heads` is given, with heads side by side. */
function rowsOf(name: string, heads?: number): Rows {
  const stored = source!.get(name)!;
  const values = toFloat32(stored);
  if (stored.shape.length === 3) {
    const [batch, rows, width] = stored.shape as [number, number, number];
    return { batch, rows, heads: heads!, size: width / heads!, values };
  }
  const [batch, count, rows, size] = stored.shape as [number, number, number, number];
  const turned = values.map((_, i) => {
    const [row, column] = [Math.floor(i / (count * size)) % rows, i % size];
    const [b, head] = [Math.floor(i / (rows * count * size)), Math.floor(i / size) % count];
    return values[((b * count + head) * rows + row) * size + column]!;
  });
  return { batch, rows, heads: count, size, values: turned };
}

/** What came before, then what came now, in each batch item. */
function joined(past: Rows | undefined, now: Rows): Rows {
  if (!past) return now;
  const width = now.heads * now.size;
  const part = (x: Rows, b: number) => [...x.values.subarray(b * x.rows * width, (b + 1) * x.rows * width)];
  const values = Array.from({ length: now.batch }, (_, b) => [...part(past, b), ...part(now, b)]).flat();
  return { ...now, rows: past.rows + now.rows, values: Float32Array.from(values) };
}

describe.each(variants)("ONNX's Attention, %s", (variant) => {
  it('finds its cases', (context) => {
    if (!present) return context.skip();
    expect(supported.length).toBe(CASES);
  });

  it.each(supported.map((row) => [row.case, row] as const))('%s', async (name, { attributes }) => {
    const runtime = await sharedRuntime(variant);
    const { q_num_heads: queryHeads, kv_num_heads: keyValueHeads, is_causal: causal, scale } = attributes;
    const optional = (input: string) =>
      source!.get(`${name}/in.${input}`) ? rowsOf(`${name}/in.${input}`) : undefined;
    const past = optional('past_key');
    const query = rowsOf(`${name}/in.Q`, queryHeads);
    const key = joined(past, rowsOf(`${name}/in.K`, keyValueHeads));
    const value = joined(optional('past_value'), rowsOf(`${name}/in.V`, keyValueHeads));
    const expected = rowsOf(`${name}/out.Y`, query.heads).values;
    const stored = source!.get(`${name}/in.attn_mask`);
    runtime.scope(() => {
      const tensor = ({ batch, rows, heads, size, values }: Rows) =>
        Tensor.from(runtime, values, [batch, rows, heads * size]);
      const added = stored && toFloat32(stored).map((v) => (stored.dtype !== 'BOOL' ? v : v ? 0 : -Infinity));
      const options = {
        heads: query.heads,
        keyValueHeads: key.heads,
        scale,
        causal: causal === 1,
        // ONNX counts the diagonal from the first key after the past.
        past: past?.rows ?? 0,
        mask: added && Tensor.from(runtime, added, stored.shape),
      };
      const inputs = [tensor(query), tensor(key), tensor(value)] as const;
      expectClose(attention(...inputs, options).output.toArray(), expected, 'fused');
      expectClose(
        attention(...inputs, { ...options, returnWeights: true }).output.toArray(),
        expected,
        'unfused',
      );
    });
  });
});
