// The voice detector with made-up weights, and segments of what it tells.
import { expectEqual, expectRejects, expectThrows, expectTrue } from './expectations.js';
import { Values } from './values.js';
import { sound, voiceWeights } from './voices.js';

export const needs = ['heed', 'models'];

export const scoped = {
  'hears chunk after chunk': ({ runtime, own, models: { VoiceDetector } }) => {
    const { chunkSamples, sampleRate } = VoiceDetector;
    expectEqual('format', [chunkSamples, sampleRate], [512, 16_000]);
    const detector = own(VoiceDetector.load(runtime, voiceWeights()));
    const other = own(detector.fork());
    const heard = sound(8 * chunkSamples);
    const chunk = (i) => heard.subarray(i * chunkSamples, (i + 1) * chunkSamples);
    const { usedBytes } = runtime.memory;
    const told = Array.from({ length: 8 }, (_, i) => detector.step(chunk(i)));
    expectTrue(
      'probabilities',
      told.every((value) => value > 0 && value < 1),
    );
    expectTrue('that differ', new Set(told).size > 1);
    detector.reset();
    expectEqual('from the beginning', detector.step(chunk(0)), told[0]);
    expectEqual('another stream', other.step(chunk(0)), told[0]);
    expectEqual('bytes', runtime.memory.usedBytes, usedBytes);
    expectThrows('short', 'ShapeError', /512/, () => detector.step(new Float32Array(100)));
    expectThrows('type', 'DTypeError', /Float32Array/, () => detector.step([0]));
  },

  'tells segments': ({ models: { SpeechSegmenter, speechSegments } }) => {
    const probabilities = [...Array(20).fill(0), ...Array(20).fill(0.9), ...Array(20).fill(0)];
    const [segment, ...others] = speechSegments(probabilities, { paddingMilliseconds: 0 });
    expectEqual('segments', [segment.start, segment.end, others.length], [20 * 512, 40 * 512, 0]);
    const segmenter = new SpeechSegmenter({ paddingMilliseconds: 0 });
    const events = probabilities.flatMap((probability) => segmenter.push(probability));
    events.push(...segmenter.finish());
    expectEqual(
      'events',
      events.map(({ type, sample }) => [type, sample]),
      [
        ['start', 20 * 512],
        ['end', 40 * 512],
      ],
    );
    expectThrows('threshold', 'ArgumentError', /threshold/, () => new SpeechSegmenter({ threshold: 2 }));
  },
};

export const free = {
  'has a runtime of its own': async ({ host, heed, models: { createVoiceDetector } }) => {
    const stored = voiceWeights();
    const weights = heed.writeSafetensors(
      Object.fromEntries(stored.names().map((name) => [name, stored.get(name)])),
    );
    const detector = await createVoiceDetector({ weights, ...host.runtimeOptions });
    expectTrue('hears', Number.isFinite(detector.step(new Int16Array(512))));
    const { runtime } = detector;
    detector.dispose();
    expectTrue('is gone', runtime.memory.disposed);
    const wrong = createVoiceDetector({ weights: new Values(1).floats(4).buffer, ...host.runtimeOptions });
    await expectRejects('weights', 'FormatError', /./, wrong);
  },
};
