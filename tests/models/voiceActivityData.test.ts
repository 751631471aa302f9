/** Silero VAD itself over a minute of speech, against ONNX Runtime's probabilities and activations in double precision. */
import { afterAll, describe, expect, it } from 'vitest';
import { VoiceDetector } from '../../src/models/voiceActivity/model.ts';
import { speechSegments } from '../../src/models/voiceActivity/segments.ts';
import { EPSILON } from '../kernels/bounds.ts';
import { voiceActivity } from '../reference/voiceActivity.ts';
import { sharedRuntime, variants } from '../support/runtimes.ts';
import { expectWithin, layersOf, openDetector, readSilero } from '../support/sileroVad.ts';
import { floatsOf } from '../support/sileroWeights.ts';

const silero = readSilero();
afterAll(() => {
  if (!silero)
    console.log('SKIPPED: ../shared/data is absent: Silero VAD is compared with no published weights');
});

/**
 * How far ONNX Runtime's probabilities, computed in single precision, are from those in double precision at most (the
 * README beside the weights). Another order of summation may be off as far, in the other direction.
 */
const SINGLE_PRECISION = 2.4e-6;

const floats = (chunk: Int16Array): Float32Array => Float32Array.from(chunk, (sample) => sample / 32768);

describe.each(variants)('Silero VAD, %s', (variant) => {
  it('gives ONNX Runtime’s probability for each of 1875 chunks, and the state after them', async (context) => {
    if (!silero) return context.skip();
    const { weights, chunks, expected } = silero;
    const detector = openDetector(await sharedRuntime(variant), weights);
    const probabilities = chunks.map((chunk) => {
      detector.step(chunk);
      return detector.stream.probability.item();
    });
    const published = expected('probs_onnxruntime');
    expect(probabilities.length).toBe(published.length);
    const off = probabilities.map((p, i) => Math.abs(p - published[i]!));
    const worst = off.reduce((a, b) => Math.max(a, b));
    console.log(`Silero VAD, ${variant}: probabilities are at most ${worst.toExponential(1)} off`);
    expect(worst).toBeLessThanOrEqual(2 * SINGLE_PRECISION);
    // The state forgets: its errors stay about what they have added up to after a quarter of a second.
    const reference = voiceActivity(floatsOf(weights));
    const settled = chunks
      .slice(0, 8)
      .map((chunk) => reference(floats(chunk)))
      .at(-1)!;
    for (const [name, actual, { errors }] of [
      ['final.h', detector.stream.hidden, settled.hidden],
      ['final.c', detector.stream.cell, settled.cell],
    ] as const) {
      const most = Math.max(...errors);
      expect(most).toBeLessThan(1e-3);
      expectWithin(actual, expected(name), new Float64Array(errors.length).fill(most), name);
    }
    detector.dispose();
  });

  it('passes through the published activations', async (context) => {
    if (!silero) return context.skip();
    const { weights, chunks, expected } = silero;
    const detector = openDetector(await sharedRuntime(variant), weights);
    const reference = voiceActivity(floatsOf(weights));
    chunks.slice(0, 2).forEach((chunk, t) => {
      detector.step(chunk);
      const ofChunk = (name: string): Float32Array => {
        const both = expected(`chunks_0_1.${name}`);
        return both.subarray((t * both.length) / 2, ((t + 1) * both.length) / 2);
      };
      expect(detector.stream.samples.toFloat32Array().subarray(0, 576)).toEqual(ofChunk('input'));
      for (const [name, actual, { values, errors }] of layersOf(detector.stream, reference(floats(chunk)))) {
        if (name === 'probability') continue;
        const published = ofChunk(name);
        // They were rounded once, when they were stored.
        published.forEach((value, i) => {
          expect(Math.abs(values[i]! - value)).toBeLessThanOrEqual(EPSILON * Math.abs(value) + 1e-12);
        });
        const allowed = errors.map((error, i) => error + EPSILON * Math.abs(published[i]!));
        expectWithin(actual, published, allowed, `chunk ${t}, ${name}`);
      }
    });
    detector.dispose();
  });

  it('finds the segments that the published probabilities give', async (context) => {
    if (!silero) return context.skip();
    using detector = VoiceDetector.load(await sharedRuntime(variant), silero.weights);
    const segments = speechSegments(silero.chunks.map((chunk) => detector.step(chunk)));
    const published = speechSegments(silero.expected('probs_onnxruntime'));
    expect(published.length).toBeGreaterThan(5);
    expect(segments).toEqual(published);
  });
});
