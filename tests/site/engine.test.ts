import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, type Call, RemoteEngine } from '../../site/src/engine/calls.ts';
import { Engine } from '../../site/src/engine/engine.ts';
import type { ScoreSettings } from '../../site/src/engine/scores.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { scoreFunctions } from '../../src/layers/score.ts';
import { seededRandom } from '../support/random.ts';
import { tinyConfig, tinyTensors, tinyWeights } from '../support/tinyPronouncer.ts';

const settings: ScoreSettings = {
  score: 'dot',
  reach: 'global',
  halfWidth: 2,
  choice: 'soft',
  temperature: 1,
  queries: 'phonemes',
  seed: 1,
};
const shipped = { arithmetic: 'f32', threads: 1 } as const;
const file = (bytes: Uint8Array, name = 'model.safetensors'): File => new File([Buffer.from(bytes)], name);

let engine: Engine;
beforeAll(async () => {
  engine = new Engine();
  await engine.configure(shipped);
});
afterAll(() => engine.dispose());

function pronounced(word: string) {
  return engine.pronounce({ word, beam: 4 }).value;
}

function scored(word: string, changed: Partial<ScoreSettings> = {}) {
  const { phonemes } = pronounced(word);
  return engine.score({ word, phonemes, settings: { ...settings, ...changed } }).value;
}

/** The rows of a flat map. */
function rowsOf({ weights, columns }: { weights: Float32Array; columns: readonly string[] }): Float32Array[] {
  return Array.from({ length: weights.length / columns.length }, (_, i) =>
    weights.slice(i * columns.length, (i + 1) * columns.length),
  );
}

const sum = (row: Float32Array): number => row.reduce((a, b) => a + b, 0);
const entropy = (row: Float32Array): number => row.reduce((h, p) => h - (p > 0 ? p * Math.log(p) : 0), 0);

describe('the engine', () => {
  it('pronounces with the shipped weights, and tells time and memory', () => {
    const { value, milliseconds, state } = engine.pronounce({ word: 'attention', beam: 4 });
    expect(value.phonemes.join(' ')).toBe('AH0 T EH1 N SH AH0 N');
    expect(milliseconds).toBeGreaterThan(0);
    expect(state.threads).toBe(1);
    expect(state.score).toBe('dot');
    expect(state.capacityBytes).toBeGreaterThanOrEqual(state.usedBytes);
  });

  it('leaves nothing in memory, whatever is asked, also where it fails', () => {
    const before = engine.pronounce({ word: 'letter', beam: 4 }).state.usedBytes;
    for (const score of scoreFunctions) scored('letter', { score, reach: 'local-p' });
    expect(() => scored('letter', { choice: 'hard', reach: 'local-p' })).toThrow('hard attention');
    expect(() => scored('letter', { temperature: 0 })).toThrow('temperature');
    expect(engine.pronounce({ word: 'letter', beam: 4 }).state.usedBytes).toBe(before);
  });

  it('takes the weights of a file, and keeps those it has where a file is none', async () => {
    const other = new Engine();
    await other.configure({ ...shipped, file: file(await tinyWeights()) });
    expect(other.pronounce({ word: 'to', beam: 1 }).state.score).toBe(tinyConfig.score);
    const before = other.pronounce({ word: 'letter', beam: 4 });
    const noConfig = file(writeSafetensors(await tinyTensors()));
    await expect(other.configure({ ...shipped, file: noConfig })).rejects.toThrow('metadata has no config');
    await expect(
      other.configure({ ...shipped, arithmetic: 'int8', file: file(await tinyWeights()) }),
    ).rejects.toThrow('arithmetic int8 needs weights in I8');
    expect(other.pronounce({ word: 'letter', beam: 4 }).value).toEqual(before.value);
    other.dispose();
  });

  it('loads what was asked for last, when it is asked twice at once', async () => {
    const other = new Engine();
    // The file takes longer to read than nothing.
    const loads = [
      other.configure({ ...shipped, file: file(await tinyWeights()) }),
      other.configure(shipped),
    ];
    expect((await Promise.all(loads)).map(({ state }) => state.score)).toEqual([tinyConfig.score, 'dot']);
    expect(other.pronounce({ word: 'to', beam: 1 }).state.score).toBe('dot');
    other.dispose();
  });
});

describe('scores', () => {
  it.each(['attention', 'a', "mother-in-law's", 'Café'])(
    'by dot, the weights are the model’s own: %s',
    (word) => {
      const { attention } = pronounced(word);
      const { rows, columns, weights, distance, untrained } = scored(word);
      expect(rows).toEqual(attention.phonemes);
      expect(columns).toEqual(attention.letters);
      // To the bit: a row of a product does not depend on the rows beside it, nor on the width of the beam.
      expect(rowsOf({ weights, columns })).toEqual(attention.weights);
      expect(distance).toBe(0);
      expect(untrained).toBe(0);
    },
  );

  it.each(scoreFunctions)('%s: rows are distributions, and the seed decides', (score) => {
    const map = scored('letter', { score, temperature: 0.25 });
    for (const row of rowsOf(map)) expect(sum(row)).toBeCloseTo(1, 5);
    expect(scored('letter', { score, temperature: 0.25 }).weights).toEqual(map.weights);
    const other = scored('letter', { score, temperature: 0.25, seed: 2 });
    if (map.untrained === 0) expect(other.weights).toEqual(map.weights);
    else expect(other.weights).not.toEqual(map.weights);
    expect(map.untrained > 0).toBe(!['dot', 'scaled-dot', 'cosine'].includes(score));
  });

  it.each(scoreFunctions)('%s: scores are divided by the temperature', (score) => {
    // ln w at temperature 1 is twice ln w at temperature 2, but for a constant of the row: compare with its first letter.
    const [one, two] = [2, 4].map((temperature) => rowsOf(scored('letter', { score, temperature })));
    let compared = 0;
    one!.forEach((row, i) => {
      row.forEach((weight, j) => {
        // Scores are at most 288: rounded by 2^-24 of that, and by an exponential of some 2^-22. Far below 1 the
        // smallest floats are near.
        if (weight < 1e-6 || row[0]! < 1e-6) return;
        const difference = Math.log(weight / row[0]!);
        const halved = 2 * Math.log(two![i]![j]! / two![i]![0]!);
        expect(Math.abs(difference - halved)).toBeLessThan(1e-3 * Math.max(1, Math.abs(difference)));
        if (j > 0) compared += 1;
      });
    });
    expect(compared).toBeGreaterThan(0);
  });

  it('a higher temperature spreads the weights, to the last evenly', () => {
    const mean = (temperature: number): number => {
      const rows = rowsOf(scored('attention', { temperature }));
      return rows.reduce((total, row) => total + entropy(row), 0) / rows.length;
    };
    expect(mean(8)).toBeGreaterThan(mean(1));
    expect(mean(1e6)).toBeCloseTo(Math.log('attention'.length), 4);
  });

  it('local-m sees no farther than its half width', () => {
    for (const [t, row] of rowsOf(scored('attention', { reach: 'local-m', halfWidth: 1 })).entries()) {
      row.forEach((weight, j) => {
        if (Math.abs(j - t) > 1) expect(weight).toBe(0);
      });
    }
  });

  it('hard takes the likeliest letter alone', () => {
    const soft = rowsOf(scored('attention', { score: 'cosine' }));
    const hard = rowsOf(scored('attention', { score: 'cosine', choice: 'hard' }));
    hard.forEach((row, i) => {
      expect([...row].sort()).toEqual([...new Array(8).fill(0), 1]);
      expect(row.indexOf(1)).toBe(soft[i]!.indexOf(Math.max(...soft[i]!)));
    });
  });

  it('letters may ask letters', () => {
    const { rows, columns, distance } = scored('letter', { queries: 'letters' });
    expect(rows).toEqual([...'letter']);
    expect(columns).toEqual([...'letter']);
    expect(distance).toBeUndefined();
  });

  it('the distance is the share of the weight that lies elsewhere', () => {
    const own = pronounced('attention').attention.weights;
    const map = scored('attention', { score: 'cosine' });
    const expected =
      rowsOf(map).reduce(
        (total, row, i) => total + row.reduce((all, weight, j) => all + Math.abs(weight - own[i]![j]!), 0),
        0,
      ) /
      2 /
      own.length;
    expect(map.distance).toBeCloseTo(expected, 4);
    expect(map.distance).toBeGreaterThan(0.1);
  });
});

describe('inspecting a file', () => {
  it('lists tensors and metadata, and sums the parameters', async () => {
    const tensors = await tinyTensors();
    const bytes = await tinyWeights();
    const found = await engine.inspect(file(bytes, 'tiny.safetensors'));
    expect(found.name).toBe('tiny.safetensors');
    expect(found.bytes).toBe(bytes.length);
    expect(new Map(found.tensors.map(({ name, shape }) => [name, shape]))).toEqual(
      new Map([...tensors].map(([name, { shape }]) => [name, [...shape]])),
    );
    expect(4 * found.parameters).toBe(
      [...tensors.values()].reduce((total, each) => total + each.bytes.length, 0),
    );
    expect(JSON.parse(found.metadata.config!)).toEqual(tinyConfig);
  });

  it('reads the header alone, however large the file is', async () => {
    const large = file(
      writeSafetensors(new Map([['w', fromFloat32(new Float32Array(2 ** 18), [2 ** 18], 'F32')]])),
    );
    let furthest = 0;
    const watched = new Proxy(large, {
      get(target, key) {
        if (key === 'slice') {
          return (from: number, to: number) => {
            furthest = Math.max(furthest, to);
            return target.slice(from, to);
          };
        }
        if (key === 'size' || key === 'name') return target[key];
        throw new Error(`nobody should ask for ${String(key)}`);
      },
    });
    await expect(engine.inspect(watched)).resolves.toMatchObject({ bytes: large.size, parameters: 2 ** 18 });
    expect(furthest).toBeGreaterThan(8);
    expect(furthest).toBeLessThan(large.size / 4);
  });

  it('says what is wrong with a broken file', async () => {
    const bytes = await tinyWeights();
    const { integer } = seededRandom(5);
    for (const length of [0, 7, 8, 100, bytes.length - 1]) {
      await expect(engine.inspect(file(bytes.slice(0, length)))).rejects.toMatchObject({
        name: 'FormatError',
      });
    }
    const noise = Uint8Array.from({ length: 300 }, () => integer(0, 255));
    await expect(engine.inspect(file(noise))).rejects.toMatchObject({ name: 'FormatError' });
  });
});

describe('calls', () => {
  /** A page and a worker in one place. */
  function connected(): { remote: RemoteEngine; fail: (message: string) => void } {
    const listeners: Record<string, ((event: never) => void)[]> = { message: [], error: [] };
    const remote = new RemoteEngine({
      postMessage: async (call: Call) => {
        const data = structuredClone(await answer(engine, structuredClone(call)));
        for (const listener of listeners.message!) listener({ data } as never);
      },
      addEventListener: (type: string, listener: (event: never) => void) => listeners[type]!.push(listener),
    });
    return {
      remote,
      fail: (message) => {
        for (const listener of listeners.error!) listener({ message } as never);
      },
    };
  }

  it('come back with results, each to its own', async () => {
    const { remote } = connected();
    const words = ['pay', 'attention', 'to'];
    const results = await Promise.all(words.map((word) => remote.call('pronounce', { word, beam: 2 })));
    expect(results.map(({ value }) => value.word)).toEqual(words);
    expect(results[1]!.value).toEqual(engine.pronounce({ word: 'attention', beam: 2 }).value);
  });

  it('come back with what was thrown: its name and its text', async () => {
    const { remote } = connected();
    await expect(remote.call('pronounce', { word: '한글', beam: 2 })).rejects.toMatchObject({
      name: 'ArgumentError',
      message: expect.stringContaining('"한" (U+D55C)'),
    });
  });

  it('end where the worker fails', async () => {
    const { remote, fail } = connected();
    const call = remote.call('pronounce', { word: 'pay', beam: 32 });
    fail('no worker');
    await expect(call).rejects.toThrow('no worker');
  });
});
