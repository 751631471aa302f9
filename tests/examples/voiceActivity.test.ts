/** examples/voice-activity.ts: what it prints, and what it says of recordings and weights that it cannot use. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../src/io/writeSafetensors.ts';
import { speechSegments } from '../../src/models/voiceActivity/segments.ts';
import { seededRandom } from '../support/random.ts';
import { readSilero, SILERO_FOLDER } from '../support/sileroVad.ts';
import { randomSilero } from '../support/sileroWeights.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = 'examples/voice-activity.ts';
const folder = mkdtempSync(join(tmpdir(), 'heed-voice-'));
const silero = readSilero();
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (!silero) console.log(`SKIPPED: ../shared/data is absent: ${program} hears no speech`);
});

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

interface Sound {
  readonly format?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
  readonly samples?: Int16Array;
}

/** A chunk of RIFF: its name, its length, its bytes, and one more where that is odd. */
function chunk(name: string, bytes: Uint8Array, length = bytes.length): Buffer {
  const header = Buffer.alloc(8);
  header.write(name, 'latin1');
  header.writeUInt32LE(length, 4);
  return Buffer.concat([header, bytes, Buffer.alloc(bytes.length % 2)]);
}

function formatOf({ format = 1, channels = 1, rate = 16_000, bits = 16 }: Sound): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(format, 0);
  bytes.writeUInt16LE(channels, 2);
  bytes.writeUInt32LE(rate, 4);
  bytes.writeUInt16LE(bits, 14);
  return chunk('fmt ', bytes);
}

const riff = (...chunks: Buffer[]): Buffer => chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), ...chunks]));
const dataOf = (samples: Int16Array): Buffer => chunk('data', new Uint8Array(samples.buffer));
const wav = (sound: Sound): Buffer => riff(formatOf(sound), dataOf(sound.samples ?? new Int16Array(1000)));

const weights = file('weights.safetensors', writeSafetensors(randomSilero(1)));
const random = seededRandom(1);
const noise = Int16Array.from({ length: 16_000 }, () => random.integer(-32768, 32767));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', program, ...args], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

describe('the program', () => {
  it('is short and imports only what is public', () => {
    const text = readFileSync(join(root, program), 'utf8');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(60);
    for (const [, module] of text.matchAll(/from '([^']+)'/g)) expect(module).toMatch(/^(heed|node:)/);
  });

  it('draws a column for each 128 ms', () => {
    const { status, stdout, stderr } = run(weights, file('noise.wav', wav({ samples: noise })));
    expect([status, stderr]).toEqual([0, '']);
    // 31.25 chunks.
    expect(stdout).toMatch(/^ {4}0\.00 s {2}[ ▁▂▃▄▅▆▇█]{8}\n/);
  });

  it('passes over what else a file holds, of odd lengths too', () => {
    const plain = run(weights, file('plain.wav', wav({ samples: noise })));
    const other = riff(
      chunk('LIST', Buffer.from('notes')),
      formatOf({}),
      chunk('fact', Buffer.alloc(4)),
      dataOf(noise),
    );
    expect(run(weights, file('other.wav', other))).toEqual(plain);
  });

  it('tells the speech of a minute', (context) => {
    if (!silero) return context.skip();
    const { status, stdout } = run(join(SILERO_FOLDER, 'model.safetensors'), join(SILERO_FOLDER, 'test.wav'));
    expect(status).toBe(0);
    const told = Array.from(stdout.matchAll(/^speech +([\d.]+) s to +([\d.]+) s$/gm), (match) =>
      match.slice(1),
    );
    const expected = speechSegments(silero.expected('probs_onnxruntime'));
    expect(expected.length).toBeGreaterThan(5);
    expect(told).toEqual(
      expected.map(({ startSeconds, endSeconds }) => [startSeconds.toFixed(2), endSeconds.toFixed(2)]),
    );
  });

  it.each([
    ['stereo', wav({ channels: 2 }), 'got format 1, 2 channel(s), 16000 Hz, 16 bits'],
    ['another rate', wav({ rate: 44_100 }), 'got format 1, 1 channel(s), 44100 Hz, 16 bits'],
    ['bytes', wav({ bits: 8 }), 'got format 1, 1 channel(s), 16000 Hz, 8 bits'],
    ['floats', wav({ format: 3, bits: 32 }), 'got format 3, 1 channel(s), 16000 Hz, 32 bits'],
    [
      'no format',
      riff(dataOf(noise)),
      'expected data in format 1, 1 channel(s), 16000 Hz, 16 bits, got none at all',
    ],
    ['no data', riff(formatOf({})), 'wav: expected data in'],
    ['a cut end', wav({}).subarray(0, -10), 'wav: data is cut off after 1990 of 2000 bytes'],
    ['a cut format', riff(formatOf({})).subarray(0, 30), 'wav: fmt  is cut off after 10 of 16 bytes'],
    ['something else', Buffer.from('OggS and so on'), 'wav: expected a RIFF WAVE file'],
    ['nothing', Buffer.alloc(0), 'wav: expected a RIFF WAVE file'],
  ])('refuses %s in one line', (name, bytes, message) => {
    const { status, stdout, stderr } = run(weights, file(`${name}.wav`, bytes));
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^voice-activity: .*\n$/);
    expect(stderr).toContain(message);
  });

  it('says what is wrong with files and arguments', () => {
    expect(run(weights).stderr).toBe('voice-activity: expected WEIGHTS.safetensors RECORDING.wav\n');
    const sound = file('sound.wav', wav({}));
    expect(run(join(folder, 'none'), sound).stderr).toMatch(/^voice-activity: ENOENT: .*none'\n$/);
    const { status, stderr } = run(sound, sound);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^voice-activity: safetensors header: .*\n$/);
  });
});
