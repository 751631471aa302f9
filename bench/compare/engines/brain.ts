/** brain.js: LSTM in plain JavaScript. Its learned API has no way to load weights, so they are put into its matrices. */
import brain from 'brain.js';
import type { Contender } from '../case.ts';
import type { Problem } from '../cases/lstm.ts';
import { versionOf } from './versions.ts';

/** By gate in PyTorch's order, the beginning of its matrices' names. */
const gates = ['input', 'forget', 'cellActivation', 'output'] as const;

/** Batch 1. Its output layer is one unit wide: the least it can have. */
export function brainLstm({ T, B, I, H, x, input, recurrent, bias }: Problem): Contender {
  if (B !== 1) throw new RangeError(`brain.js: runs one sequence at a time, got ${B}`);
  return {
    engine: 'brain.js',
    version: versionOf('brain.js'),
    prepare() {
      const net = new brain.recurrent.LSTMTimeStep({ inputSize: I, hiddenLayers: [H], outputSize: 1 });
      net.initialize();
      const layer = net.model.hiddenLayers[0]!;
      for (const [i, gate] of gates.entries()) {
        layer[`${gate}Matrix`]!.weights.set(input.subarray(i * H * I, (i + 1) * H * I));
        layer[`${gate}Hidden`]!.weights.set(recurrent.subarray(i * H * H, (i + 1) * H * H));
        layer[`${gate}Bias`]!.weights.set(bias.subarray(i * H, (i + 1) * H));
      }
      net.bindEquation();
      const sequence = Array.from({ length: T }, (_, t) => x.subarray(t * I, (t + 1) * I));
      return {
        run: () => net.run(sequence),
        arrange: () =>
          net.model.equationConnections.slice(0, T).flatMap(([hidden]) => Array.from(hidden!.weights)),
      };
    },
  };
}
