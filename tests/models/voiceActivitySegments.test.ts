/** From probabilities to segments: by hand, and against Silero's own rules over random sequences. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import {
  type SegmentOptions,
  type SpeechEvent,
  SpeechSegmenter,
  speechSegments,
} from '../../src/models/voiceActivity/segments.ts';
import { defaults, getSpeechTimestamps, type Rules } from '../reference/speechSegments.ts';
import { testSeed } from '../support/random.ts';

const CHUNK = 512;
const PADDING = 480;

/** `'3- 10+ 4~'`: three chunks of silence, ten of speech, four between the thresholds. */
function sequence(text: string): number[] {
  const probability: Record<string, number> = { '+': 0.9, '-': 0.1, '~': 0.4 };
  return text
    .split(' ')
    .flatMap((run) => new Array<number>(Number.parseInt(run, 10)).fill(probability[run.at(-1)!]!));
}

const inSamples = (text: string, options?: SegmentOptions & { samples?: number }): number[][] =>
  speechSegments(sequence(text), options).map(({ start, end }) => [start, end]);

describe('by hand', () => {
  it('speech is padded, and its times are in samples and seconds', () => {
    expect(speechSegments(sequence('5- 10+ 5-'))).toEqual([
      {
        start: 5 * CHUNK - PADDING,
        end: 15 * CHUNK + PADDING,
        startSeconds: (5 * CHUNK - PADDING) / 16_000,
        endSeconds: (15 * CHUNK + PADDING) / 16_000,
      },
    ]);
  });

  it.each([
    ['nothing', '0+', []],
    ['silence', '20-', []],
    ['between the thresholds alone is silence', '20~', []],
    ['from beginning to end', '10+', [[0, 10 * CHUNK]]],
    // 250 ms are 7.8 chunks.
    ['seven chunks are too short', '3- 7+ 5-', []],
    ['eight are not', '3- 8+ 5-', [[3 * CHUNK - PADDING, 11 * CHUNK + PADDING]]],
    ['at the end too', '3- 7+', []],
    ['eight at the end', '3- 8+', [[3 * CHUNK - PADDING, 11 * CHUNK]]],
    // 100 ms are 3.1 chunks, counted from the first silent one to the beginning of the last.
    ['four silent chunks belong to the speech', '5+ 4- 5+ 5-', [[0, 14 * CHUNK + PADDING]]],
    [
      'five do not',
      '8+ 5- 8+ 5-',
      [
        [0, 8 * CHUNK + PADDING],
        [13 * CHUNK - PADDING, 21 * CHUNK + PADDING],
      ],
    ],
    ['between the thresholds goes on', '5+ 20~ 5-', [[0, 25 * CHUNK + PADDING]]],
    ['and does not end a silence', '8+ 1- 5~ 1- 3-', [[0, 8 * CHUNK + PADDING]]],
    ['a silence at the end is within the segment until it is long enough', '8+ 3-', [[0, 11 * CHUNK]]],
  ])('%s', (_, text, expected) => expect(inSamples(text)).toEqual(expected));

  it('a short silence is shared', () => {
    const options = { minSilenceMilliseconds: 0, minSpeechMilliseconds: 0 };
    const middle = 4.5 * CHUNK;
    expect(inSamples('4+ 1- 4+ 5-', options)).toEqual([
      [0, middle],
      [middle, 9 * CHUNK + PADDING],
    ]);
  });

  it('padding stops at the end', () => {
    expect(inSamples('8+ 1-', { minSilenceMilliseconds: 0, paddingMilliseconds: 100 })).toEqual([
      [0, 9 * CHUNK],
    ]);
  });

  it('speech that was too short takes no share', () => {
    const options = { minSilenceMilliseconds: 0, paddingMilliseconds: 100 };
    expect(inSamples('8+ 1- 1+ 9-', options)).toEqual([[0, 8 * CHUNK + 1600]]);
  });

  it('a last chunk that was filled up ends where the recording does', () => {
    expect(inSamples('9+', { samples: 9 * CHUNK - 100 })).toEqual([[0, 9 * CHUNK - 100]]);
    // 250 ms are 4000 samples.
    expect(inSamples('8+', { samples: 4000 })).toEqual([]);
    expect(inSamples('8+', { samples: 4001 })).toEqual([[0, 4001]]);
  });

  it('tells a start once it is certain, and an end after the silence', () => {
    const segmenter = new SpeechSegmenter();
    const told: [chunk: number, type: string, place: number][] = [];
    sequence('2- 20+ 9-').forEach((probability, chunk) => {
      for (const { type, sample } of segmenter.push(probability)) told.push([chunk, type, sample]);
    });
    expect(told).toEqual([
      [9, 'start', 2 * CHUNK - PADDING],
      [26, 'end', 22 * CHUNK + PADDING],
    ]);
    expect(segmenter.finish()).toEqual([]);
  });

  it('tells a start at once where no length is asked for', () => {
    const segmenter = new SpeechSegmenter({ minSpeechMilliseconds: 0 });
    expect(segmenter.push(0.2)).toEqual([]);
    expect(segmenter.push(0.5)).toEqual([{ type: 'start', sample: 32, seconds: 0.002 }]);
    expect(segmenter.finish()).toEqual([{ type: 'end', sample: 1024, seconds: 0.064 }]);
  });

  it('begins anew after the end', () => {
    const segmenter = new SpeechSegmenter();
    const probabilities = sequence('3- 12+ 2-');
    const told = (): SpeechEvent[] => [
      ...probabilities.flatMap((p) => segmenter.push(p)),
      ...segmenter.finish(),
    ];
    const first = told();
    expect(first.length).toBe(2);
    expect(told()).toEqual(first);
  });
});

const levels = fc.oneof(
  fc.constantFrom(0, 0.2, 0.34, 0.35, 0.36, 0.49, 0.5, 0.51, 0.9, 1),
  fc.double({ min: 0, max: 1, noNaN: true }),
);
/** Runs of one level each: single chunks alone would hardly ever be speech. */
const probabilities = fc
  .array(fc.tuple(levels, fc.integer({ min: 1, max: 14 })), { maxLength: 14 })
  .map((runs) => runs.flatMap(([level, length]) => new Array<number>(length).fill(level)));
const milliseconds = fc.constantFrom(0, 10, 30, 32, 33.3, 77.7, 100, 250, 500);
const rules: fc.Arbitrary<Rules> = fc.oneof(
  fc.constant(defaults),
  fc.record({
    threshold: fc.constantFrom(0.1, 0.35, 0.5, 0.9, 1),
    minSpeechMilliseconds: milliseconds,
    minSilenceMilliseconds: milliseconds,
    paddingMilliseconds: milliseconds,
  }),
);
const check = (property: fc.IProperty<[number[], Rules, number]>): void =>
  fc.assert(property, { seed: testSeed(), numRuns: 3000 });
/** How many samples the last chunk lacks. */
const missing = fc.integer({ min: 0, max: CHUNK - 1 });
const lengthOf = (sequence: readonly number[], lacks: number): number =>
  Math.max(0, sequence.length * CHUNK - lacks);

describe('over random sequences', () => {
  it('finds what get_speech_timestamps finds', () => {
    let found = 0;
    check(
      fc.property(probabilities, rules, missing, (sequence, options, lacks) => {
        const samples = lengthOf(sequence, lacks);
        const segments = speechSegments(sequence, { ...options, samples });
        found += segments.length;
        const places = segments.map(({ start, end }) => ({ start, end }));
        expect(places).toEqual(getSpeechTimestamps(sequence, samples, options));
      }),
    );
    expect(found).toBeGreaterThan(1000);
  });

  it('segments are in order, do not overlap, and lie within the recording', () => {
    check(
      fc.property(probabilities, rules, missing, (sequence, options, lacks) => {
        const samples = lengthOf(sequence, lacks);
        const places = speechSegments(sequence, { ...options, samples }).flatMap(({ start, end }) => [
          start,
          end,
        ]);
        expect([0, ...places, samples]).toEqual([0, ...places, samples].sort((a, b) => a - b));
      }),
    );
  });

  it('events are the segments, told in order, and none before it was heard', () => {
    check(
      fc.property(probabilities, rules, missing, (sequence, options, lacks) => {
        const samples = lengthOf(sequence, lacks);
        const segmenter = new SpeechSegmenter(options);
        const events: SpeechEvent[] = [];
        sequence.forEach((probability, i) => {
          const heard = Math.min(samples - i * CHUNK, CHUNK);
          for (const event of segmenter.push(probability, heard)) {
            expect(event.sample).toBeLessThanOrEqual(i * CHUNK + heard);
            expect(event.seconds).toBe(event.sample / 16_000);
            events.push(event);
          }
        });
        events.push(...segmenter.finish());
        const places = speechSegments(sequence, { ...options, samples }).flatMap(({ start, end }) => [
          ['start', start],
          ['end', end],
        ]);
        expect(events.map(({ type, sample }) => [type, sample])).toEqual(places);
      }),
    );
  });
});

describe('bad input', () => {
  it.each([
    [{ threshold: 0 }, /threshold must be above 0 and at most 1, got 0$/],
    [{ threshold: 1.1 }, /got 1.1$/],
    [{ threshold: Number.NaN }, /got NaN$/],
    [{ threshold: 0.5, negativeThreshold: 0.6 }, /negativeThreshold must lie in 0..0.5, got 0.6$/],
    [{ negativeThreshold: -0.1 }, /got -0.1$/],
    [{ minSpeechMilliseconds: -1 }, /minSpeechMilliseconds must be at least 0, got -1$/],
    [{ minSilenceMilliseconds: Number.NaN }, /minSilenceMilliseconds must be at least 0, got NaN$/],
    [{ paddingMilliseconds: Infinity }, /paddingMilliseconds must be at least 0, got Infinity$/],
  ])('%j', (options, message) => {
    expect(() => new SpeechSegmenter(options)).toThrow(ArgumentError);
    expect(() => new SpeechSegmenter(options)).toThrow(message);
    expect(() => speechSegments([], options)).toThrow(message);
  });

  it.each([-0.1, 1.1, Number.NaN, undefined])(
    'a probability of %s, and the stream goes on',
    (probability) => {
      const told = (...others: (number | undefined)[]): SpeechEvent[] => {
        const segmenter = new SpeechSegmenter();
        const events = sequence('3- 12+').flatMap((p) => segmenter.push(p));
        for (const other of others) expect(() => segmenter.push(other as number)).toThrow(ArgumentError);
        return [...events, ...sequence('6-').flatMap((p) => segmenter.push(p)), ...segmenter.finish()];
      };
      expect(told(probability)).toEqual(told());
    },
  );

  it('lengths that end elsewhere', () => {
    for (const samples of [0, 512, 1025, 511.5, Number.NaN]) {
      expect(() => speechSegments([0.5, 0.5], { samples }), `${samples}`).toThrow(ArgumentError);
    }
    expect(() => speechSegments([0.5, 0.5], { samples: 600.5 })).toThrow(ArgumentError);
    const segmenter = new SpeechSegmenter();
    for (const samples of [0, 513, 1.5]) expect(() => segmenter.push(0.5, samples)).toThrow(ArgumentError);
    segmenter.push(0.5, 100);
    expect(() => segmenter.push(0.5)).toThrow(
      /the chunk before had only 100 of 512 samples and must be the last/,
    );
    segmenter.finish();
    expect(segmenter.push(0.5)).toEqual([]);
  });
});
