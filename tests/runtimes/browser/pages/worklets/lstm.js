// Two layers of an LSTM take a step for each block of 128 samples; what they say is the sound that comes out.
import { createRuntimeSync, LSTM, Random, Tensor } from '/heed/heed.single.js';
import { BLOCK, HIDDEN, LAYERS } from './block.js';

registerProcessor(
  'lstm',
  class extends AudioWorkletProcessor {
    constructor({ processorOptions: { module } }) {
      super();
      this.runtime = createRuntimeSync({ module, microKernel: 'loads' });
      const config = { inputSize: BLOCK, hiddenSize: HIDDEN, layers: LAYERS };
      this.lstm = LSTM.create(this.runtime, config, new Random(5));
      this.state = this.lstm.startSteps(1);
      this.frame = Tensor.zeros(this.runtime, [1, BLOCK]);
      this.port.onmessage = () => this.port.postMessage(this.runtime.memory.usedBytes);
    }
    process([[input]], [[output]]) {
      if (!input) return true;
      this.frame.set(input);
      const { pointer } = this.lstm.step(this.frame, this.state);
      const { floats } = this.runtime.memory;
      for (let i = 0; i < HIDDEN; i++) output[i] = floats[pointer / 4 + i];
      return true;
    }
  },
);
