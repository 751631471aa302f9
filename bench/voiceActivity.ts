/** A step of the voice detector. Its speed does not depend on the weights, so these are random. */
import { VoiceDetector } from '../src/models/voiceActivity/model.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import { EPSILON } from '../tests/kernels/bounds.ts';
import { voiceActivity } from '../tests/reference/voiceActivity.ts';
import { seededRandom } from '../tests/support/random.ts';
import { CHUNK, floatsOf, randomSilero, sileroShapes } from '../tests/support/sileroWeights.ts';
import { sourceOf } from '../tests/support/sourceOf.ts';
import { expectClose } from './kernels/verify.ts';
import type { Case } from './suite.ts';

const SECONDS_HEARD = CHUNK / VoiceDetector.sampleRate;
/** Samples, and numbers of the LSTM, that a step leaves for the next. */
const STATE = 64 + 2 * 128;
/** Results for which each weight is used: windows, and the frames that the convolutions give. */
const timesUsed: Readonly<Record<string, number>> = {
  'stft.forward_basis': 4,
  'encoder.conv1.weight': 4,
  'encoder.conv2.weight': 2,
};

export function voiceActivityCases(runtime: Runtime): Case[] {
  const weights = sourceOf(randomSilero(1));
  const detector = VoiceDetector.load(runtime, weights);
  const random = seededRandom(2);
  const chunks = Array.from({ length: 8 }, () => random.normals(CHUNK, random.uniform()));
  const sizes = Object.entries(sileroShapes).map(([name, shape]) => ({
    uses: timesUsed[name] ?? 1,
    size: shape.reduce((a, b) => a * b),
  }));
  const name = 'voice detector, a step of 32 ms';
  let next = 0;
  return [
    {
      name,
      verify() {
        const reference = voiceActivity(floatsOf(weights));
        detector.reset();
        for (const chunk of chunks) {
          const { values, errors } = reference(chunk).probability;
          expectClose(name, [detector.step(chunk)], values, errors[0]! / EPSILON);
        }
      },
      run: () => void detector.step(chunks[next++ % chunks.length]!),
      work: {
        flops: sizes.reduce((sum, { size, uses }) => sum + 2 * size * uses, 0),
        bytes: {
          read: sizes.reduce((sum, { size }) => sum + 4 * size, 4 * (CHUNK + STATE)),
          written: 4 * (STATE + 1),
        },
      },
      rate: (seconds) => `${(SECONDS_HEARD / seconds).toFixed(0)} times as fast as it is spoken (aim: 160)`,
    },
  ];
}
