/** What loading a large model takes besides its weights, in a process of its own. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChild } from '../support/child.ts';

const config = {
  architectures: ['BertModel'],
  model_type: 'bert',
  vocab_size: 30_522,
  hidden_size: 384,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 1536,
  max_position_embeddings: 512,
  type_vocab_size: 2,
};

/** The tensors of MiniLM-L12, 133 MB in F32. */
function shapes(): [string, number[]][] {
  const { hidden_size: size, intermediate_size: wide } = config;
  const linear = (name: string, outputs: number, inputs: number): [string, number[]][] => [
    [`${name}.weight`, [outputs, inputs]],
    [`${name}.bias`, [outputs]],
  ];
  const norm = (name: string): [string, number[]][] => [
    [`${name}.weight`, [size]],
    [`${name}.bias`, [size]],
  ];
  const layer = (i: number): [string, number[]][] =>
    [
      ...['query', 'key', 'value'].flatMap((part) => linear(`attention.self.${part}`, size, size)),
      ...linear('attention.output.dense', size, size),
      ...norm('attention.output.LayerNorm'),
      ...linear('intermediate.dense', wide, size),
      ...linear('output.dense', size, wide),
      ...norm('output.LayerNorm'),
    ].map(([name, shape]) => [`encoder.layer.${i}.${name}`, shape]);
  return [
    ['embeddings.word_embeddings.weight', [config.vocab_size, size]],
    ['embeddings.position_embeddings.weight', [512, size]],
    ['embeddings.token_type_embeddings.weight', [2, size]],
    ...norm('embeddings.LayerNorm'),
    ...Array.from({ length: config.num_hidden_layers }, (_, i) => layer(i)).flat(),
  ];
}

/** Writes a folder whose weights are zeros: a file with a hole takes no place on the disk. @returns bytes of the weights */
function writeFolder(folder: string): number {
  let end = 0;
  const header = shapes().map(([name, shape]) => {
    const begin = end;
    end += 4 * shape.reduce((a, b) => a * b, 1);
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }];
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(json.length), true);
  const file = openSync(join(folder, 'model.safetensors'), 'w');
  writeSync(file, new Uint8Array(length.buffer));
  writeSync(file, json);
  ftruncateSync(file, 8 + json.length + end);
  closeSync(file);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  return end;
}

describe('loading a large model', () => {
  const place: { folder: string; bytes: number } = { folder: '', bytes: 0 };
  beforeAll(() => {
    place.folder = mkdtempSync(join(tmpdir(), 'heed-large-'));
    place.bytes = writeFolder(place.folder);
  });
  afterAll(() => rmSync(place.folder, { recursive: true, force: true }));

  it.each(['f32', 'int8'])('takes its weights and at most 64 MB, in %s', async (arithmetic) => {
    const program = `
      import { createRuntime } from '/src/index.ts';
      import { loadModel } from '/src/pretrained.ts';
      const runtime = await createRuntime();
      const before = process.memoryUsage().rss;
      const options = ${arithmetic === 'int8' ? "{ quantize: 'int8' }" : '{}'};
      const model = await loadModel(runtime, ${JSON.stringify(place.folder)}, options);
      const peak = 1024 * process.resourceUsage().maxRSS - before;
      console.log(JSON.stringify({ peak, weights: runtime.memory.usedBytes, kind: model.kind }));`;
    const { stdout, stderr } = await runChild(program);
    expect(stderr).toBe('');
    const { peak, weights, kind } = JSON.parse(stdout) as { peak: number; weights: number; kind: string };
    console.log(
      `loading ${(place.bytes / 1e6).toFixed(0)} MB in ${arithmetic}: weights ${(weights / 1e6).toFixed(1)} MB, peak ${(peak / 1e6).toFixed(1)} MB`,
    );
    expect(kind).toBe('encoder');
    expect(peak - weights).toBeLessThan(64e6);
    // Nothing is held twice, and nothing is lost to classes of sizes.
    const table = 4 * 384 * (30_522 + 512 + 2);
    if (arithmetic === 'f32') expect(weights).toBeLessThan(1.001 * place.bytes);
    else expect(weights).toBeLessThan(table + 0.27 * (place.bytes - table));
  });
});
