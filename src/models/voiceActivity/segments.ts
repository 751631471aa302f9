/**
 * From probabilities to stretches of speech, with the rules and the defaults of Silero's `get_speech_timestamps`
 * (snakers4/silero-vad, src/silero_vad/utils_vad.py, without its limit on the length of a stretch): speech begins with a
 * chunk at `threshold` or above and ends before the first one below `negativeThreshold`, unless it comes back in time.
 */
import { ArgumentError } from '../../errors.ts';
import { voiceActivity } from './config.ts';

export interface SegmentOptions {
  /** Speech begins at this probability; 0.5 by default. */
  readonly threshold?: number;
  /** Silence begins below it; `threshold` - 0.15 by default, at least 0.01. */
  readonly negativeThreshold?: number;
  /** What is not longer is no speech; 250 by default. */
  readonly minSpeechMilliseconds?: number;
  /** Shorter silences belong to the speech around them; 100 by default. */
  readonly minSilenceMilliseconds?: number;
  /** Segments begin earlier and end later by as much, but share a shorter silence evenly; 30 by default. */
  readonly paddingMilliseconds?: number;
}

/** From `start` up to, not including, `end`. */
export interface SpeechSegment {
  /** In samples from the beginning of the stream. */
  readonly start: number;
  readonly end: number;
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** Where a segment starts or ends: a place in the stream that lies before what was heard last. */
export interface SpeechEvent {
  readonly type: 'start' | 'end';
  /** Samples from the beginning of the stream. */
  readonly sample: number;
  readonly seconds: number;
}

/**
 * All segments of a recording, in order; none overlaps another.
 * @param probabilities one for each chunk of 512 samples at 16 kHz
 * @param options `samples`: the length of the recording, where its last chunk was filled up with zeros; all chunks are
 *   full by default
 * @throws ArgumentError for a probability outside 0..1, options outside their ranges, and a length that does not end in the
 *   last chunk
 */
export function speechSegments(
  probabilities: ArrayLike<number>,
  options: SegmentOptions & { readonly samples?: number } = {},
): SpeechSegment[] {
  const { chunkSamples } = voiceActivity;
  const chunks = probabilities.length;
  const { samples = chunks * chunkSamples, ...rules } = options;
  if (Math.ceil(samples / chunkSamples) !== chunks) {
    throw new ArgumentError(
      `speechSegments: samples must end in the last of ${chunks} chunks of ${chunkSamples}, got ${samples}`,
    );
  }
  const segmenter = new SpeechSegmenter(rules);
  const events: SpeechEvent[] = [];
  for (let i = 0; i < chunks; i++) {
    const left = samples - i * chunkSamples;
    events.push(...segmenter.push(probabilities[i]!, Math.min(left, chunkSamples)));
  }
  events.push(...segmenter.finish());
  // A start and its end take turns.
  return Array.from({ length: events.length / 2 }, (_, i) => {
    const { sample: start, seconds: startSeconds } = events[2 * i]!;
    const { sample: end, seconds: endSeconds } = events[2 * i + 1]!;
    return { start, end, startSeconds, endSeconds };
  });
}

/**
 * `speechSegments` while the sound comes in. Starts and ends are told as soon as they are certain: a start after
 * `minSpeechMilliseconds` of speech (0 tells it at once), an end after `minSilenceMilliseconds` of silence.
 */
export class SpeechSegmenter {
  readonly #threshold: number;
  readonly #negativeThreshold: number;
  /** In samples, as all that follows. */
  readonly #minSpeech: number;
  readonly #minSilence: number;
  readonly #padding: number;
  #position = 0;
  /** Where the speech began that goes on, and whether that was told. */
  #speechFrom: number | undefined;
  #told = false;
  /** Where the silence within it began, which may be its end. */
  #silenceFrom: number | undefined;
  /** The end of the segment before, while it is not certain how much padding it has. */
  #end: number | undefined;

  /** @throws ArgumentError for thresholds outside 0..1 or crossed, and for negative durations */
  constructor(options: SegmentOptions = {}) {
    const { threshold = 0.5 } = options;
    const { negativeThreshold = Math.min(threshold, Math.max(threshold - 0.15, 0.01)) } = options;
    if (!(threshold > 0 && threshold <= 1)) {
      throw new ArgumentError(
        `SpeechSegmenter: threshold must be above 0 and at most 1, got ${String(threshold)}`,
      );
    }
    if (!(negativeThreshold >= 0 && negativeThreshold <= threshold)) {
      throw new ArgumentError(
        `SpeechSegmenter: negativeThreshold must lie in 0..${threshold}, got ${String(negativeThreshold)}`,
      );
    }
    this.#threshold = threshold;
    this.#negativeThreshold = negativeThreshold;
    const { minSpeechMilliseconds = 250, minSilenceMilliseconds = 100, paddingMilliseconds = 30 } = options;
    this.#minSpeech = samplesOf('minSpeechMilliseconds', minSpeechMilliseconds);
    this.#minSilence = samplesOf('minSilenceMilliseconds', minSilenceMilliseconds);
    this.#padding = samplesOf('paddingMilliseconds', paddingMilliseconds);
  }

  /**
   * Takes the next chunk.
   * @param probability of speech in it, 0..1
   * @param samples of it that are sound: 512, and in a last chunk that was filled up with zeros perhaps fewer
   * @returns what became certain, in order of time: mostly nothing
   * @throws ArgumentError, and nothing is taken
   */
  push(probability: number, samples: number = voiceActivity.chunkSamples): readonly SpeechEvent[] {
    this.#check(probability, samples);
    const at = this.#position;
    this.#position += samples;
    if (probability >= this.#threshold) {
      this.#silenceFrom = undefined;
      this.#speechFrom ??= at;
    } else if (probability < this.#negativeThreshold && this.#speechFrom !== undefined) {
      this.#silenceFrom ??= at;
    }
    const events: SpeechEvent[] = [];
    // It will not end before that.
    this.#tellStart(events, this.#silenceFrom ?? this.#position);
    if (probability < this.#negativeThreshold && this.#silenceFrom !== undefined) {
      if (at - this.#silenceFrom >= this.#minSilence) this.#close(this.#silenceFrom);
    }
    this.#tellEnd(events);
    return events;
  }

  /** The stream is over: ends what goes on, and begins anew. @returns what is left to tell */
  finish(): readonly SpeechEvent[] {
    const events: SpeechEvent[] = [];
    const [position, padding] = [this.#position, this.#padding];
    this.#tellStart(events, position);
    if (this.#told) this.#end = position;
    if (this.#end !== undefined) events.push(eventOf('end', Math.min(position, this.#end + padding)));
    this.#position = 0;
    this.#speechFrom = this.#silenceFrom = this.#end = undefined;
    this.#told = false;
    return events;
  }

  #check(probability: number, samples: number): void {
    if (!(probability >= 0 && probability <= 1)) {
      throw new ArgumentError(
        `SpeechSegmenter.push: probability must lie in 0..1, got ${String(probability)}`,
      );
    }
    const { chunkSamples } = voiceActivity;
    if (!(Number.isInteger(samples) && samples >= 1 && samples <= chunkSamples)) {
      throw new ArgumentError(
        `SpeechSegmenter.push: samples must be an integer in 1..${chunkSamples}, got ${String(samples)}`,
      );
    }
    if (this.#position % chunkSamples !== 0) {
      throw new ArgumentError(
        `SpeechSegmenter.push: the chunk before had only ${this.#position % chunkSamples} of ${chunkSamples} samples and must be the last; finish() first`,
      );
    }
  }

  /** Tells the start of what goes on once it is long enough, and the end before it where both share the silence. */
  #tellStart(events: SpeechEvent[], earliestEnd: number): void {
    const start = this.#speechFrom;
    if (this.#told || start === undefined || earliestEnd - start <= this.#minSpeech) return;
    this.#told = true;
    let padding = this.#padding;
    if (this.#end !== undefined) {
      // `tellEnd` would have told it, had it been further away.
      padding = Math.floor((start - this.#end) / 2);
      events.push(eventOf('end', this.#end + padding));
      this.#end = undefined;
    }
    events.push(eventOf('start', Math.max(0, start - padding)));
  }

  /** The speech that goes on has ended; if it was not told, it was none. */
  #close(end: number): void {
    if (this.#told) this.#end = end;
    this.#speechFrom = this.#silenceFrom = undefined;
    this.#told = false;
  }

  /** Tells an end once no later start can come so near that they share the silence between them. */
  #tellEnd(events: SpeechEvent[]): void {
    if (this.#end === undefined) return;
    if ((this.#speechFrom ?? this.#position) - this.#end < 2 * this.#padding) return;
    events.push(eventOf('end', this.#end + this.#padding));
    this.#end = undefined;
  }
}

function samplesOf(name: string, milliseconds: number): number {
  if (!(milliseconds >= 0 && milliseconds < Infinity)) {
    throw new ArgumentError(`SpeechSegmenter: ${name} must be at least 0, got ${String(milliseconds)}`);
  }
  return (milliseconds * voiceActivity.sampleRate) / 1000;
}

function eventOf(type: 'start' | 'end', place: number): SpeechEvent {
  const sample = Math.trunc(place);
  return { type, sample, seconds: sample / voiceActivity.sampleRate };
}
