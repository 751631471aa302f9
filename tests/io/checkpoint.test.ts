/** Checkpoints of one file and of several: what is checked, and that chunks make up what readSafetensors gives. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import type { ByteFile, Reading } from '../../src/io/byteFile.ts';
import { openShard, ShardedCheckpoint } from '../../src/io/checkpoint.ts';
import { openModelFolder } from '../../src/io/modelFolder.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import type { StoredDType, StoredTensor } from '../../src/tensor/weights.ts';
import {
  bytesOf,
  collected,
  exampleTensors,
  expectSame,
  fileOfTensors,
  randomTensors,
} from '../support/checkpoints.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { entry, fileOf } from './safetensorsBytes.ts';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** A file that comes in chunks of the given lengths, over and over, each in the same buffer. */
function choppy(bytes: Uint8Array, lengths: readonly number[], reading: Reading, knowsSize = true) {
  const asked: [number, number][] = [];
  const file: ByteFile = {
    name: 'choppy',
    size: knowsSize ? bytes.length : undefined,
    reading,
    async *read(from, to) {
      asked.push([from, to]);
      const buffer = new Uint8Array(Math.max(...lengths));
      const end = Math.min(to, bytes.length);
      for (let position = from, i = 0; position < end; i++) {
        const length = Math.min(lengths[i % lengths.length]!, end - position);
        buffer.set(bytes.subarray(position, position + length));
        yield buffer.subarray(0, length);
        position += length;
        buffer.fill(0xee);
      }
    },
  };
  return { file, asked };
}

async function rejection(files: Record<string, Uint8Array | string>): Promise<FormatError> {
  const folder = await openModelFolder(filesOf(files));
  try {
    const checkpoint = await folder.checkpoint();
    await checkpoint.stream(() => {});
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return error as FormatError;
  }
  throw new Error('expected a FormatError');
}

function filesOf(files: Record<string, Uint8Array | string>): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => [
      name,
      typeof content === 'string' ? new TextEncoder().encode(content) : content,
    ]),
  );
}

describe('chunks', () => {
  const dtypes: readonly StoredDType[] = ['F32', 'BF16', 'I8', 'I64'];
  const specification = fc.array(fc.tuple(fc.constantFrom(...dtypes), fc.integer({ min: 0, max: 40 })), {
    maxLength: 8,
  });

  it('of any lengths, in any way of reading, make up what readSafetensors gives', async () => {
    await fc.assert(
      fc.asyncProperty(
        specification,
        fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom<Reading>('anywhere', 'onwards', 'whole'),
        fc.boolean(),
        fc.option(fc.nat()),
        async (shapes, lengths, reading, knowsSize, chosen) => {
          const made = randomTensors(shapes.map(([dtype, length], i) => [`t${i}`, dtype, length] as const));
          const bytes = fileOfTensors(made);
          const source = readSafetensors(bytes);
          const checkpoint = new ShardedCheckpoint([
            await openShard(choppy(bytes, lengths, reading, knowsSize).file, undefined),
          ]);
          expect(checkpoint.names()).toEqual(source.names());
          // The set of names as bits.
          const names = source.names().filter((_, i) => chosen === null || (chosen >> i) & 1);
          const found = await collected(checkpoint, chosen === null ? {} : { names: new Set(names) });
          const wanted = new Map(names.map((name): [string, StoredTensor] => [name, source.get(name)!]));
          expect(found).toEqual(bytesOf(wanted));
        },
      ),
      { seed: testSeed(), numRuns: 500 },
    );
  });

  it('come in the order of the file, of at most 1 MB, from a source that gives more', async () => {
    const bytes = new Uint8Array((5 << 19) + 3);
    const tensors = new Map<string, StoredTensor>([
      ['b', { dtype: 'U8', shape: [bytes.length], bytes }],
      ['a', { dtype: 'F32', shape: [1], bytes: new Uint8Array(4) }],
    ]);
    const { file } = choppy(fileOfTensors(tensors), [1 << 22], 'anywhere');
    const checkpoint = new ShardedCheckpoint([await openShard(file, undefined)]);
    const chunks: [string, number, number][] = [];
    await checkpoint.stream((name, offset, { length }) => chunks.push([name, offset, length]));
    expect(chunks).toEqual([
      ['a', 0, 4],
      ['b', 0, 1 << 20],
      ['b', 1 << 20, 1 << 20],
      ['b', 2 << 20, (1 << 19) + 3],
    ]);
  });

  it('of gaps are skipped from a megabyte on, where the source can', async () => {
    const tensors = new Map<string, StoredTensor>();
    for (const [i, length] of [100, 1 << 20, 100, (1 << 20) - 1, 100].entries()) {
      tensors.set(`t${i}`, { dtype: 'U8', shape: [length], bytes: new Uint8Array(length).fill(i) });
    }
    const bytes = fileOfTensors(tensors);
    const names = new Set(['t0', 't2', 't4']);
    const start = bytes.length - [...bytesOf(tensors).values()].reduce((sum, { length }) => sum + length, 0);
    const runs: Readonly<Record<Reading, [number, number][]>> = {
      anywhere: [
        [start, start + 100],
        [start + 100 + (1 << 20), bytes.length],
      ],
      onwards: [[start, bytes.length]],
      whole: [[0, bytes.length]],
    };
    for (const reading of ['anywhere', 'onwards', 'whole'] as const) {
      const { file, asked } = choppy(bytes, [1 << 16], reading);
      const checkpoint = new ShardedCheckpoint([await openShard(file, undefined)]);
      asked.length = 0;
      const progress: [number, number][] = [];
      const found = await collected(checkpoint, { names, onProgress: (...step) => progress.push(step) });
      expect([...found.keys()]).toEqual([...names]);
      expect(asked).toEqual(runs[reading]);
      const total = asked.reduce((sum, [from, to]) => sum + to - from, 0);
      expect(progress[0]).toEqual([0, total]);
      expect(progress.at(-1)).toEqual([total, total]);
    }
  });
});

describe('a header', () => {
  it('longer than the first bytes read is read to its end', async () => {
    const tensors = randomTensors(
      Array.from({ length: 2000 }, (_, i) => [`tensor.number.${i}`, 'BF16', 3] as const),
    );
    const bytes = fileOfTensors(tensors);
    expect(new DataView(bytes.buffer).getUint32(0, true)).toBeGreaterThan(1 << 16);
    for (const knowsSize of [true, false]) {
      const { file } = choppy(bytes, [5000, 1], 'anywhere', knowsSize);
      expectSame(
        await collected(new ShardedCheckpoint([await openShard(file, undefined)])),
        bytesOf(tensors),
      );
    }
  });

  it('that is said to be longer than the file, or than 100 MB, is not read', async () => {
    for (const [length, knowsSize] of [
      [100_000_001n, true],
      [2n ** 63n, false],
      [90_000_000n, true],
    ] as const) {
      const { file, asked } = choppy(fileOf('{}', 10, length), [64], 'anywhere', knowsSize);
      await expect(openShard(file, undefined)).rejects.toThrow(/choppy: safetensors header: its length is/);
      expect(asked).toEqual([[0, 1 << 16]]);
    }
  });

  it('that is said to be 90 MB in a file of unknown length takes no more memory than comes', async () => {
    const { file } = choppy(fileOf('{}', 10, 90_000_000n), [64], 'onwards', false);
    const before = process.memoryUsage().arrayBuffers;
    await expect(openShard(file, undefined)).rejects.toThrow(/only 12 follow/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 << 20);
  });

  it('names the file before each problem', async () => {
    const header = `{${entry('a', 'F32', [1], 0, 5)},${entry('b', 'XX', [1], 5, 6)}}`;
    const { problems } = await rejection({ [SINGLE]: fileOf(header, 6) });
    expect(problems).toHaveLength(2);
    for (const problem of problems) expect(problem).toMatch(/^the given files: model\.safetensors: tensor/);
  });

  it('damaged in 20000 ways gives what readSafetensors gives, or its error', async () => {
    const seed = testSeed();
    const random = seededRandom(seed);
    const tensors = randomTensors([
      ['a', 'F32', 3],
      ['b', 'I8', 5],
      ['c', 'I64', 2],
    ]);
    const original = fileOfTensors(tensors);
    let accepted = 0;
    let rejected = 0;
    for (let i = 0; i < 20_000; i++) {
      let bytes = original.slice();
      const edit = random.integer(0, 4);
      if (edit === 0) bytes = bytes.slice(0, random.integer(0, bytes.length));
      if (edit === 1) bytes = Uint8Array.of(...bytes, ...Array(random.integer(1, 9)).fill(0x20));
      if (edit === 2) bytes[random.integer(0, 8)]! ^= 1 << random.integer(0, 7);
      if (edit === 3) bytes[random.integer(0, bytes.length - 1)]! ^= 1 << random.integer(0, 7);
      if (edit === 4)
        bytes[random.integer(bytes.length - 20, bytes.length - 1)]! ^= 1 << random.integer(0, 7);
      const { file } = choppy(bytes, [random.integer(1, 99)], 'anywhere', random.uniform() < 0.5);
      const streamed = await openShard(file, undefined)
        .then((shard) => collected(new ShardedCheckpoint([shard])))
        .catch((error: Error) => error);
      let expected: Map<string, StoredTensor> | undefined;
      try {
        const source = readSafetensors(bytes);
        expected = new Map(source.names().map((name) => [name, source.get(name)!]));
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
      if (expected && streamed instanceof Map) {
        accepted++;
        for (const [name, { bytes: right }] of expected) {
          if (Buffer.compare(right, streamed.get(name)!) !== 0)
            throw new Error(`seed ${seed}, file ${i}: ${name}`);
        }
      } else if (!expected && streamed instanceof FormatError) rejected++;
      else throw new Error(`seed ${seed}, file ${i}: ${expected ? 'rejected' : 'accepted'}: ${streamed}`);
    }
    console.log(`seed ${seed}: ${accepted} accepted, ${rejected} rejected`);
    expect(accepted).toBeGreaterThan(1000);
    expect(rejected).toBeGreaterThan(10_000);
  });
});

describe('shards', () => {
  const first = randomTensors([
    ['a', 'F32', 30],
    ['b', 'BF16', 7],
  ]);
  const second = randomTensors([['c', 'I8', 50]], 2);
  const index = (weightMap: unknown): string =>
    JSON.stringify({ metadata: { total_size: 1 }, weight_map: weightMap });
  const files = {
    'model-00001-of-00002.safetensors': fileOfTensors(first),
    'sub/model-00002-of-00002.safetensors': fileOfTensors(second),
  };
  const [one, two] = Object.keys(files) as [keyof typeof files, keyof typeof files];
  const right = { a: one, b: one, c: two };

  it('are one checkpoint, with one progress', async () => {
    const folder = await openModelFolder(filesOf({ [INDEX]: index(right), ...files }));
    const checkpoint = await folder.checkpoint();
    expect(checkpoint.byteLength).toBe(120 + 14 + 50);
    expect(checkpoint.metadata).toEqual({ format: 'pt' });
    const progress: number[] = [];
    const found = await collected(checkpoint, { onProgress: (done) => progress.push(done) });
    expectSame(found, bytesOf(new Map([...first, ...second])));
    expect(progress).toEqual([0, 134, 184]);
  });

  it('stand back behind a single file, and are taken along where the index leaves a tensor out', async () => {
    const single = { [SINGLE]: fileOfTensors(second), [INDEX]: '{' };
    expect((await (await openModelFolder(filesOf(single))).checkpoint()).names()).toEqual(['c']);
    const folder = await openModelFolder(filesOf({ [INDEX]: index({ a: one, c: two }), ...files }));
    expect([...(await folder.checkpoint()).names()].sort()).toEqual(['a', 'b', 'c']);
  });

  it('that are missing are listed', async () => {
    const { problems } = await rejection({
      [INDEX]: index({ x: 'x.safetensors', y: 'y.safetensors', a: one }),
      ...files,
    });
    expect(problems).toEqual([
      expect.stringContaining('the file "x.safetensors" is missing'),
      expect.stringContaining('the file "y.safetensors" is missing'),
    ]);
  });

  it('without a tensor, and with one that another has, are listed', async () => {
    const { problems } = await rejection({
      [INDEX]: index({ ...right, d: two, e: one }),
      ...files,
      [two]: fileOfTensors(new Map([...second, ['a', first.get('a')!]])),
    });
    expect(problems).toEqual([
      expect.stringContaining(`tensor "d" is not in "${two}"`),
      expect.stringContaining(`tensor "e" is not in "${one}"`),
      expect.stringContaining(`tensor "a" is both in "${one}" and in "${two}"`),
    ]);
  });

  it.each(['../x', '/x', 'a/../../x', 'C:\\x', '..\\x', '', 'a//b', './a', 'a\0b', 7, null])(
    'may not lie at %j',
    async (path) => {
      const { problems } = await rejection({ [INDEX]: index({ a: path, b: path, c: two }), ...files });
      expect(problems).toHaveLength(2);
      expect(problems[0]).toMatch(/weight_map: the file of "a", .*(folder|slashes|string)/);
    },
  );

  it.each(['[]', 'null', '{}', '{"weight_map":[]}', '{"weight_map":null}', '"x"', '{', '\xff'])(
    'may not have the index %j',
    async (text) => {
      const json = text === '\xff' ? Uint8Array.of(0xff) : text;
      expect((await rejection({ [INDEX]: json })).message).toContain(INDEX);
    },
  );

  it('of a broken header are named', async () => {
    const { message } = await rejection({ [INDEX]: index(right), ...files, [two]: new Uint8Array(4) });
    expect(message).toContain(`${two}: safetensors header: expected at least 8 bytes`);
  });
});

it('a picked file that changes while it is read is a FormatError', async () => {
  const bytes = fileOfTensors(exampleTensors());
  const shrinking = new Blob([bytes as Uint8Array<ArrayBuffer>]);
  const folder = await openModelFolder({ [SINGLE]: shrinking });
  const checkpoint = await folder.checkpoint();
  shrinking.slice = (from, to) => new Blob([bytes.slice(from, Math.min(to!, bytes.length - 9))]);
  await expect(checkpoint.stream(() => {})).rejects.toThrow(/changed while it was read/);
});
