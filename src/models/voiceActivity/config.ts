/** The sizes of Silero VAD for 16 kHz. */
export const voiceActivity = {
  /** Samples a second. */
  sampleRate: 16_000,
  /** Samples of a step: 32 ms. */
  chunkSamples: 512,
  /** Of the chunk before, these many samples at its end are seen again. */
  contextSamples: 64,
  /** A short-time Fourier transform: windows of `windowSamples`, one every `hopSamples`, of `bins` frequencies. */
  windowSamples: 256,
  hopSamples: 128,
  bins: 129,
  /** Windows in context, chunk and the 64 samples mirrored behind it. */
  frames: 4,
  /** Convolutions of three frames, padded by one, with ReLU. */
  encoder: [
    { name: 'conv1', inputs: 129, outputs: 128, stride: 1, frames: 4 },
    { name: 'conv2', inputs: 128, outputs: 64, stride: 2, frames: 2 },
    { name: 'conv3', inputs: 64, outputs: 64, stride: 2, frames: 1 },
    { name: 'conv4', inputs: 64, outputs: 128, stride: 1, frames: 1 },
  ],
  hiddenSize: 128,
} as const;
