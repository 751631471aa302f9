// The voice detector in an audio worklet, which has no TextDecoder: 16 kHz sound in blocks of 128 samples, and the same bits
// as in Node.

const CHUNKS = 12;

/** Weights of Silero VAD's shapes, the same wherever this runs. */
function tensors() {
  const shapes = {
    'stft.forward_basis': [258, 1, 256],
    'encoder.conv1.weight': [128, 129, 3],
    'encoder.conv1.bias': [128],
    'encoder.conv2.weight': [64, 128, 3],
    'encoder.conv2.bias': [64],
    'encoder.conv3.weight': [64, 64, 3],
    'encoder.conv3.bias': [64],
    'encoder.conv4.weight': [128, 64, 3],
    'encoder.conv4.bias': [128],
    'decoder.lstm.weight_ih': [512, 128],
    'decoder.lstm.weight_hh': [512, 128],
    'decoder.lstm.bias_ih': [512],
    'decoder.lstm.bias_hh': [512],
    'decoder.conv.weight': [1, 128, 1],
    'decoder.conv.bias': [1],
  };
  let bits = 1;
  const number = () => {
    bits = (Math.imul(bits, 1664525) + 1013904223) >>> 0;
    return bits / 2 ** 31 - 1;
  };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const depth = shape.slice(1).reduce((a, b) => a * b, 1);
      const values = Float32Array.from({ length: shape[0] * depth }, () => number() * Math.sqrt(6 / depth));
      return [name, { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) }];
    }),
  );
}

/** A sum of tones; only additions, multiplications and divisions, so that every engine hears the same. */
function sound(samples) {
  const saw = (i, period) => ((i % period) / period) * 2 - 1;
  return Float32Array.from({ length: samples }, (_, i) => (saw(i, 80) + saw(i, 137) * saw(i, 4000)) / 2);
}

const WORKLET = `
  import { createRuntimeSync } from '/dist/index.js';
  import { VoiceDetector } from '/dist/models.js';

  registerProcessor('voice', class extends AudioWorkletProcessor {
    constructor({ processorOptions: { module, tensors } }) {
      super();
      const weights = { metadata: {}, names: () => Object.keys(tensors), get: (name) => tensors[name] };
      this.detector = VoiceDetector.load(createRuntimeSync({ module }), weights);
      this.chunk = new Float32Array(VoiceDetector.chunkSamples);
      this.filled = 0;
    }
    process([[channel]]) {
      if (!channel) return true;
      this.chunk.set(channel, this.filled);
      this.filled += channel.length;
      if (this.filled === this.chunk.length) {
        this.port.postMessage(this.detector.step(this.chunk));
        this.filled = 0;
      }
      return true;
    }
  });`;

export const VOICE_SCRIPTS = {
  '/voice-worklet.js': WORKLET,
  '/voice-weights.js': `export ${tensors}\nexport ${sound}`,
};

export async function checkVoice(browser, origin, expect) {
  const { createVoiceDetector } = await import('../../dist/models.js');
  const weights = tensors();
  const source = { metadata: {}, names: () => Object.keys(weights), get: (name) => weights[name] };
  const detector = await createVoiceDetector({ weights: source, variant: 'simd' });
  const heard = sound(512 * CHUNKS);
  const expected = Array.from({ length: CHUNKS }, (_, i) =>
    detector.step(heard.subarray(512 * i, 512 * (i + 1))),
  );
  detector.dispose();

  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${origin}/page.html`);
  const actual = await page.evaluate(async (chunks) => {
    const { tensors, sound } = await import('/voice-weights.js');
    const module = await WebAssembly.compileStreaming(fetch('/dist/wasm/simd.wasm'));
    const context = new OfflineAudioContext({ length: 512 * chunks, sampleRate: 16_000 });
    await context.audioWorklet.addModule('/voice-worklet.js');
    const node = new AudioWorkletNode(context, 'voice', { processorOptions: { module, tensors: tensors() } });
    const probabilities = [];
    const all = new Promise((resolve, reject) => {
      node.port.onmessage = ({ data }) => probabilities.push(data) === chunks && resolve();
      node.onprocessorerror = () => reject(new Error('the processor failed'));
      setTimeout(() => reject(new Error(`${probabilities.length} probabilities came`)), 20_000);
    });
    const buffer = context.createBuffer(1, 512 * chunks, 16_000);
    buffer.copyToChannel(sound(512 * chunks), 0);
    const player = new AudioBufferSourceNode(context, { buffer });
    player.connect(node).connect(context.destination);
    player.start();
    await context.startRendering();
    return all.then(
      () => probabilities,
      (error) => String(error),
    );
  }, CHUNKS);
  expect(
    'an audio worklet hears what Node hears',
    String(actual) === String(expected),
    `${actual}, in Node ${expected}`,
  );
  expect('and its probabilities differ', new Set(expected).size === CHUNKS, String(expected));
  expect('no error where voices are heard', errors.length === 0, errors.join('; '));
  await page.close();
}
