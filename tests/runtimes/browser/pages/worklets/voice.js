// The voice detector hears 16 kHz sound in blocks of 128 samples, four to a chunk.
import { createRuntimeSync } from '/heed/index.js';
import { VoiceDetector } from '/heed/models.js';

registerProcessor(
  'voice',
  class extends AudioWorkletProcessor {
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
  },
);
