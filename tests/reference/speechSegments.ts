/**
 * Silero's `get_speech_timestamps`, line by line as far as heed has it, over all probabilities at once
 * (https://github.com/snakers4/silero-vad/blob/806dcba3/src/silero_vad/utils_vad.py, MIT): no limit on the length of
 * speech, in samples, at 16 kHz.
 */

export interface Rules {
  readonly threshold: number;
  readonly minSpeechMilliseconds: number;
  readonly minSilenceMilliseconds: number;
  readonly paddingMilliseconds: number;
}

/** What the defaults are there. */
export const defaults: Rules = {
  threshold: 0.5,
  minSpeechMilliseconds: 250,
  minSilenceMilliseconds: 100,
  paddingMilliseconds: 30,
};

export function getSpeechTimestamps(
  probabilities: ArrayLike<number>,
  samples: number,
  rules: Rules,
): { start: number; end: number }[] {
  const windowSize = 512;
  const minSpeech = (16_000 * rules.minSpeechMilliseconds) / 1000;
  const minSilence = (16_000 * rules.minSilenceMilliseconds) / 1000;
  const padding = (16_000 * rules.paddingMilliseconds) / 1000;
  const negativeThreshold = Math.max(rules.threshold - 0.15, 0.01);
  const speeches: { start: number; end: number }[] = [];
  let triggered = false;
  let start: number | undefined;
  let possibleEnd = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i]!;
    const current = windowSize * i;
    if (p >= rules.threshold && possibleEnd) possibleEnd = 0;
    if (p >= rules.threshold && !triggered) {
      triggered = true;
      start = current;
      continue;
    }
    if (p < negativeThreshold && triggered) {
      if (!possibleEnd) possibleEnd = current;
      if (current - possibleEnd < minSilence) continue;
      if (possibleEnd - start! > minSpeech) speeches.push({ start: start!, end: possibleEnd });
      start = undefined;
      possibleEnd = 0;
      triggered = false;
    }
  }
  if (start !== undefined && samples - start > minSpeech) speeches.push({ start, end: samples });

  speeches.forEach((speech, i) => {
    if (i === 0) speech.start = Math.trunc(Math.max(0, speech.start - padding));
    const next = speeches[i + 1];
    if (!next) {
      speech.end = Math.trunc(Math.min(samples, speech.end + padding));
      return;
    }
    const silence = next.start - speech.end;
    if (silence < 2 * padding) {
      speech.end += Math.floor(silence / 2);
      next.start = Math.max(0, next.start - Math.floor(silence / 2));
    } else {
      speech.end = Math.trunc(Math.min(samples, speech.end + padding));
      next.start = Math.trunc(Math.max(0, next.start - padding));
    }
  });
  return speeches;
}
