/** The voice detector with random weights: against the reference in double precision, and what is asked of a stream. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { DisposedError, DTypeError, FormatError, OutOfMemoryError, ShapeError } from '../../src/errors.ts';
import { fromFloat32 } from '../../src/io/conversion.ts';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { createVoiceDetector, VoiceDetector } from '../../src/models/voiceActivity/model.ts';
import { createRuntime } from '../../src/runtime/load.ts';
import { microKernels } from '../../src/runtime/microKernel.ts';
import type { WeightSource } from '../../src/tensor/weights.ts';
import { voiceActivity } from '../reference/voiceActivity.ts';
import { expectSameBits } from '../support/bits.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { expectWithin, layersOf, openDetector } from '../support/sileroVad.ts';
import { CHUNK, floatsOf, randomSilero, sileroShapes } from '../support/sileroWeights.ts';
import { sourceOf } from '../support/sourceOf.ts';

const seed = testSeed();
console.log(`voice detector: seed ${seed}`);
const tensors = randomSilero(seed);
const weights = sourceOf(tensors);

/** Noise of a loudness of its own in each chunk. */
function noise(chunks: number, from = seed): Float32Array[] {
  const random = seededRandom(from);
  return Array.from({ length: chunks }, () => random.normals(CHUNK, random.uniform()));
}

const heard = (detector: VoiceDetector, chunks: readonly Float32Array[]): Float32Array =>
  Float32Array.from(chunks, (chunk) => detector.step(chunk));

describe.each(variants)('the voice detector, %s', (variant) => {
  it('computes what the reference does, layer by layer and chunk by chunk', async () => {
    const detector = openDetector(await sharedRuntime(variant), weights);
    const reference = voiceActivity(floatsOf(weights));
    noise(5).forEach((chunk, t) => {
      detector.step(chunk);
      for (const [name, actual, { values, errors }] of layersOf(detector.stream, reference(chunk))) {
        // No bound may be so wide that noise would pass for the value.
        expect(Math.max(...errors), name).toBeLessThan(1e-3);
        expectWithin(actual, values, errors, `chunk ${t}, ${name}`);
      }
    });
    detector.dispose();
  });

  it('tells different chunks apart, and every probability is one', async () => {
    using detector = VoiceDetector.load(await sharedRuntime(variant), weights);
    const probabilities = heard(detector, noise(20));
    expect(new Set(probabilities).size).toBe(20);
    expect(probabilities.every((p) => p > 0 && p < 1)).toBe(true);
  });

  it('takes 16-bit samples as 1/32768', async () => {
    using detector = VoiceDetector.load(await sharedRuntime(variant), weights);
    const random = seededRandom(seed);
    const integers = [-32768, 32767, 0, -1].map((first) =>
      Int16Array.from({ length: CHUNK }, (_, i) => (i === 0 ? first : random.integer(-32768, 32767))),
    );
    const ofIntegers = Float32Array.from(integers, (chunk) => detector.step(chunk));
    detector.reset();
    expectSameBits(
      heard(
        detector,
        integers.map((chunk) => Float32Array.from(chunk, (sample) => sample / 32768)),
      ),
      ofIntegers,
    );
  });

  it('gives the same bits with every micro-kernel', async () => {
    const chunks = noise(4);
    const results: Float32Array[] = [];
    for (const microKernel of microKernels) {
      using detector = await createVoiceDetector({ variant, weights, microKernel });
      results.push(heard(detector, chunks));
    }
    for (const result of results) expectSameBits(result, results[0]!);
  });

  it('repeats a stream after reset, to the bit', async () => {
    using detector = VoiceDetector.load(await sharedRuntime(variant), weights);
    const chunks = noise(8);
    const first = heard(detector, chunks);
    expect(detector.step(chunks[0]!)).not.toBe(first[0]);
    detector.reset();
    expectSameBits(heard(detector, chunks), first);
  });

  it('forks follow streams of their own, and the weights go with the last of them', async () => {
    const runtime = await sharedRuntime(variant);
    const before = runtime.memory.usedBytes;
    const [chunks, others] = [noise(8, 1), noise(8, 2)];
    const detector = VoiceDetector.load(runtime, weights);
    const loaded = runtime.memory.usedBytes - before;
    const alone = heard(detector, chunks);
    // It begins at the beginning, whatever the one it came of has heard.
    const fork = detector.fork();
    expect(runtime.memory.usedBytes - before - loaded).toBeLessThan(loaded / 20);
    const othersAlone = heard(fork, others);
    detector.reset();
    fork.reset();
    const interleaved = chunks.map((chunk, i) => [detector.step(chunk), fork.step(others[i]!)] as const);
    expectSameBits(
      Float32Array.from(interleaved, ([p]) => p),
      alone,
    );
    expectSameBits(
      Float32Array.from(interleaved, ([, p]) => p),
      othersAlone,
    );
    detector.dispose();
    detector.dispose();
    fork.reset();
    expectSameBits(heard(fork, others), othersAlone);
    fork.dispose();
    expect(runtime.memory.usedBytes).toBe(before);
  });

  it('two thousand steps leave memory where it was', async () => {
    const runtime = await sharedRuntime(variant);
    using detector = VoiceDetector.load(runtime, weights);
    const chunks = noise(10);
    heard(detector, chunks);
    const { usedBytes, capacityBytes } = runtime.memory;
    for (let i = 0; i < 2000; i++) detector.step(chunks[i % 10]!);
    expect([runtime.memory.usedBytes, runtime.memory.capacityBytes]).toEqual([usedBytes, capacityBytes]);
  });

  it('steps leave next to nothing on the JavaScript heap, before the micro-kernel is chosen too', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    using detector = await createVoiceDetector({ variant, weights });
    expect(detector.runtime.microKernel).toBeUndefined();
    const [chunk] = noise(1) as [Float32Array];
    const steps = 500;
    const listen = () => {
      for (let i = 0; i < steps; i++) detector.step(chunk);
    };
    // Until the engine has optimised it.
    for (let i = 0; i < 10; i++) listen();
    const left = Array.from({ length: 5 }, () => {
      collect();
      const before = process.memoryUsage().heapUsed;
      listen();
      return (process.memoryUsage().heapUsed - before) / steps;
    }).sort((a, b) => a - b);
    expect(detector.runtime.microKernel).toBeUndefined();
    // The probability itself is a boxed number of 12 or 16 bytes. An array of arguments for each product was 700.
    expect(left[2]).toBeLessThan(100);
  });

  it('NaN and infinities come out as NaN, until reset', async () => {
    using detector = VoiceDetector.load(await sharedRuntime(variant), weights);
    const chunks = noise(3);
    const first = heard(detector, chunks);
    for (const [value, at] of [
      [NaN, 0],
      [NaN, CHUNK - 1],
      [Infinity, 100],
    ] as const) {
      const broken = chunks[0]!.slice();
      broken[at] = value;
      expect(detector.step(broken)).toBeNaN();
      expect(detector.step(chunks[1]!)).toBeNaN();
      detector.reset();
      expectSameBits(heard(detector, chunks), first);
    }
  });

  it.each([
    [
      'too few samples',
      new Float32Array(511),
      ShapeError,
      /samples must be 512 \(32 ms at 16 kHz\), got 511$/,
    ],
    ['too many', new Int16Array(513), ShapeError, /got 513$/],
    ['none', new Float32Array(0), ShapeError, /got 0$/],
    [
      'doubles',
      new Float64Array(512),
      DTypeError,
      /must be a Float32Array or an Int16Array, got Float64Array$/,
    ],
    ['an array', new Array(512).fill(0), DTypeError, /got Array$/],
    ['bytes', new Uint8Array(512), DTypeError, /got Uint8Array$/],
    ['nothing', undefined, DTypeError, /got undefined$/],
    ['null', null, DTypeError, /got null$/],
    ['text', 'silence', DTypeError, /got String$/],
  ])('refuses %s, and the stream goes on', async (_, samples, kind, message) => {
    using detector = VoiceDetector.load(await sharedRuntime(variant), weights);
    const chunks = noise(2);
    const first = heard(detector, chunks);
    detector.reset();
    detector.step(chunks[0]!);
    const step = () => detector.step(samples as Float32Array);
    expect(step).toThrow(kind);
    expect(step).toThrow(message);
    expect(detector.step(chunks[1]!)).toBe(first[1]);
  });

  it('is not used after its dispose(), nor after its runtime’s', async () => {
    const [chunk] = noise(1) as [Float32Array];
    const runtime = await createRuntime({ variant });
    const detector = VoiceDetector.load(runtime, weights);
    const fork = detector.fork();
    detector.dispose();
    for (const use of [() => detector.step(chunk), () => detector.reset(), () => detector.fork()]) {
      expect(use).toThrow(DisposedError);
      expect(use).toThrow('VoiceDetector: used after its dispose()');
    }
    runtime.dispose();
    expect(() => fork.step(chunk)).toThrow(DisposedError);
    expect(() => fork.reset()).toThrow(DisposedError);
    expect(() => fork.fork()).toThrow(DisposedError);
    fork.dispose();
  });
});

describe('loading', () => {
  it('lists all that is wrong with the tensors at once, and leaves nothing behind', async () => {
    const runtime = await sharedRuntime(variants[0]!);
    const before = runtime.memory.usedBytes;
    const { 'decoder.lstm.weight_hh': _, ...rest } = tensors;
    const wrong = sourceOf({
      ...rest,
      'stft.forward_basis': fromFloat32(new Float32Array(130 * 128), [130, 1, 128], 'F32'),
      'decoder.lstm.weight_hh_l0': tensors['decoder.lstm.weight_hh']!,
    });
    const problems = (): readonly string[] => {
      try {
        VoiceDetector.load(runtime, wrong);
      } catch (error) {
        if (error instanceof FormatError) return error.problems;
        throw error;
      }
      return [];
    };
    expect(problems()).toEqual([
      'weights: stft.forward_basis has shape [130, 1, 128], expected [258, 1, 256]',
      'weights: decoder.lstm.weight_hh is missing (expected shape [512, 128])',
      'weights: decoder.lstm.weight_hh_l0 is unexpected',
    ]);
    expect(runtime.memory.usedBytes).toBe(before);
    await expect(createVoiceDetector({ weights: wrong })).rejects.toThrow(FormatError);
    await expect(createVoiceDetector({ weights: new Uint8Array(7) })).rejects.toThrow(FormatError);
  });

  it('asks for every tensor by name', async () => {
    const none: WeightSource = sourceOf({});
    const runtime = await sharedRuntime(variants[0]!);
    const load = () => VoiceDetector.load(runtime, none);
    for (const [name, shape] of Object.entries(sileroShapes)) {
      expect(load).toThrow(`weights: ${name} is missing (expected shape [${shape.join(', ')}])`);
    }
  });

  it('takes a file, a source, and names with a prefix', async () => {
    const chunks = noise(3);
    using fromFile = await createVoiceDetector({ weights: writeSafetensors(tensors), variant: 'simd' });
    using fromSource = await createVoiceDetector({ weights, variant: 'simd' });
    const prefixed = Object.fromEntries(Object.entries(tensors).map(([name, each]) => [`vad.${name}`, each]));
    using runtime = await createRuntime({ variant: 'simd' });
    using fromLarger = VoiceDetector.load(runtime, sourceOf(prefixed), { prefix: 'vad.' });
    const first = heard(fromFile, chunks);
    expectSameBits(heard(fromSource, chunks), first);
    expectSameBits(heard(fromLarger, chunks), first);
  });

  it('the runtime that createVoiceDetector made goes with the last fork', async () => {
    const detector = await createVoiceDetector({ weights });
    const { runtime } = detector;
    const fork = detector.fork();
    detector.dispose();
    expect(fork.step(new Float32Array(CHUNK))).toBeGreaterThan(0);
    fork.dispose();
    expect(runtime.memory.disposed).toBe(true);
  });

  it('leaves nothing behind wherever memory runs out', async () => {
    const outcomes: string[] = [];
    const binary = 4;
    for (let pages = binary; outcomes.at(-1) !== 'loaded'; pages++) {
      using runtime = await createRuntime({ maxMemoryBytes: pages * 65_536 });
      try {
        VoiceDetector.load(runtime, weights).dispose();
        outcomes.push('loaded');
      } catch (error) {
        if (!(error instanceof OutOfMemoryError)) throw error;
        outcomes.push('out of memory');
      }
      expect(runtime.memory.usedBytes, `${pages} pages`).toBe(0);
    }
    expect(outcomes.length).toBeGreaterThan(10);
  });
});
