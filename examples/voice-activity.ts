/**
 * When somebody speaks: `node --import tsx examples/voice-activity.ts WEIGHTS.safetensors RECORDING.wav`, after
 * `npm run build`. Weights are those of Silero VAD for 16 kHz, recordings have 16 bits, one channel, 16 kHz.
 */
import { readFileSync } from 'node:fs';
import { ArgumentError, FormatError } from 'heed';
import { createVoiceDetector, speechSegments, VoiceDetector } from 'heed/models';

const wanted = 'format 1, 1 channel(s), 16000 Hz, 16 bits';
const bars = [...' ▁▂▃▄▅▆▇█'];
/** Of the strip: chunks of a column, columns of a line (9.6 s). */
const [wide, columns] = [4, 75];

try {
  const [weights, recording] = process.argv.slice(2);
  if (!weights || !recording) throw new ArgumentError('expected WEIGHTS.safetensors RECORDING.wav');
  await main(readFileSync(weights), readWav(readFileSync(recording)));
} catch (error) {
  console.error(`voice-activity: ${(error as Error).message}`);
  process.exitCode = 1;
}

async function main(weights: Uint8Array, samples: Int16Array): Promise<void> {
  const { chunkSamples, sampleRate } = VoiceDetector;
  using detector = await createVoiceDetector({ weights });
  const probabilities = Array.from({ length: Math.ceil(samples.length / chunkSamples) }, (_, i) => {
    const chunk = new Int16Array(chunkSamples);
    chunk.set(samples.subarray(i * chunkSamples, (i + 1) * chunkSamples));
    return detector.step(chunk);
  });
  const peaks = Array.from({ length: Math.ceil(probabilities.length / wide) }, (_, i) =>
    Math.max(...probabilities.slice(i * wide, (i + 1) * wide)),
  );
  const time = (seconds: number): string => `${seconds.toFixed(2).padStart(8)} s`;
  for (let from = 0; from < peaks.length; from += columns) {
    const strip = peaks.slice(from, from + columns).map((peak) => bars[Math.round(8 * peak)]);
    console.log(`${time((from * wide * chunkSamples) / sampleRate)}  ${strip.join('')}`);
  }
  for (const { startSeconds, endSeconds } of speechSegments(probabilities, { samples: samples.length })) {
    console.log(`speech ${time(startSeconds)} to ${time(endSeconds)}`);
  }
}

function readWav(bytes: Buffer): Int16Array {
  const text = (at: number): string => bytes.toString('latin1', at, at + 4);
  if (text(0) !== 'RIFF' || text(8) !== 'WAVE') throw new FormatError('wav: expected a RIFF WAVE file');
  let format = 'none at all';
  for (let at = 12, size = 0; at + 8 <= bytes.length; at += size + (size % 2)) {
    const [id, left] = [text(at), bytes.length - at - 8];
    size = bytes.readUInt32LE(at + 4);
    at += 8;
    if (size > left) throw new FormatError(`wav: ${id} is cut off after ${left} of ${size} bytes`);
    if (id === 'fmt ' && size >= 16)
      format = `format ${bytes.readUInt16LE(at)}, ${bytes.readUInt16LE(at + 2)} channel(s), ${bytes.readUInt32LE(at + 4)} Hz, ${bytes.readUInt16LE(at + 14)} bits`;
    if (id !== 'data') continue;
    if (format !== wanted) break;
    return new Int16Array(Uint8Array.from(bytes.subarray(at, at + size - (size % 2))).buffer);
  }
  throw new FormatError(`wav: expected data in ${wanted}, got ${format}`);
}
