import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { LearnedPositions, SinusoidalPositions, sinusoidalPositions } from '../../src/layers/positions.ts';
import { sum } from '../../src/ops/elementwise.ts';
import { Random } from '../../src/tensor/random.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { sourceOf } from '../support/sourceOf.ts';

describe.each(variants)('positions, %s', async (variant) => {
  const runtime = await sharedRuntime(variant);

  it('sinusoids of odd sizes end with a sine, or have one sine more', () => {
    runtime.scope(() => {
      const [p, c] = [2, 10_000 ** (-2 / 3)];
      const row = (layout: 'interleaved' | 'halves') =>
        sinusoidalPositions(runtime, 3, 3, { layout }).at(p).toFloat32Array();
      const [sine, cosine, next] = [Math.sin(p), Math.cos(p), Math.sin(p * c)];
      expect(row('interleaved')).toEqual(Float32Array.of(sine, cosine, next));
      expect(row('halves')).toEqual(Float32Array.of(sine, next, cosine));
      expect(sinusoidalPositions(runtime, 0, 4).size).toBe(0);
    });
  });

  it('both kinds add their table from an offset on, refuse more than maxLength, and free it', () => {
    const before = runtime.memory.usedBytes;
    const config = { maxLength: 5, size: 4 };
    const learned = LearnedPositions.create(runtime, config, new Random(1));
    const sinusoidal = new SinusoidalPositions(runtime, config);
    runtime.scope(() => {
      const x = Tensor.zeros(runtime, [2, 2, 4]);
      const sines = sinusoidalPositions(runtime, 5, 4).slice(3, 5).toArray();
      expect(sinusoidal.forward(x, 3).at(1).toArray()).toEqual(sines);
      expect(learned.forward(x, 3).at(1).toArray()).toEqual(learned.weight.slice(3, 5).toArray());
      const message = 'addPositions: positions must lie in 0..4, got 2 of them from 4 on';
      for (const layer of [learned, sinusoidal]) {
        expect(() => layer.forward(x, 4)).toThrow(new ArgumentError(message));
      }
      const { gradients } = runtime.gradients(() => sum(learned.forward(x, 1)), learned.parameters());
      expect([...gradients.get('weight')!.toArray()]).toEqual([0, 2, 2, 0, 0].flatMap((v) => [v, v, v, v]));
      const stored = { 'p.weight': fromFloat32(learned.weight.toFloat32Array(), [5, 4], 'F32') };
      using loaded = LearnedPositions.load(runtime, sourceOf(stored), { ...config, prefix: 'p.' });
      expect(loaded.weight.toArray()).toEqual(learned.weight.toArray());
    });
    learned.dispose();
    sinusoidal.dispose();
    expect(runtime.memory.usedBytes).toBe(before);
  });
});
