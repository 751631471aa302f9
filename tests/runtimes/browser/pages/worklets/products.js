// Times products in a worklet, which has no clock but the calendar's, and cannot wait.
import { createRuntimeSync, linear, PackedWeight, Tensor } from '/heed/index.js';

registerProcessor(
  'products',
  class extends AudioWorkletProcessor {
    constructor({ processorOptions: { module } }) {
      super();
      try {
        const runtime = createRuntimeSync({ module });
        const weight = new PackedWeight(
          Tensor.from(runtime, new Float32Array(128 * 128).fill(1), [128, 128]),
        );
        const x = Tensor.from(runtime, new Float32Array(64 * 128).fill(2), [64, 128]);
        let right = true;
        for (let i = 0; runtime.microKernel === undefined && i < 20_000; i++) {
          right &&= runtime.scope(() =>
            linear(x, weight)
              .toArray()
              .every((value) => value === 256),
          );
        }
        this.port.postMessage({ right, microKernel: runtime.microKernel });
      } catch (error) {
        this.port.postMessage({ error: String(error) });
      }
    }
    process() {
      return false;
    }
  },
);
