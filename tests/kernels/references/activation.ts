/** References of activations for the specs: `which` is the spec's Activation. */
import * as activation from '../../reference/activation.ts';
import type { Views } from './views.ts';

const FORWARD = [activation.relu, activation.gelu, activation.geluTanh, activation.silu];
const BACKWARD = [
  activation.reluBackward,
  activation.geluBackward,
  activation.geluTanhBackward,
  activation.siluBackward,
];

export function activationReferences({ f32, put, plus }: Views) {
  return {
    activation: (out: number, x: number, n: number, which: number) => put(out, FORWARD[which]!(f32(x, n))),
    /** `saved` is y for relu, x for the others. */
    activationBackward(
      out: number,
      magnitude: number,
      before: number,
      gradY: number,
      saved: number,
      n: number,
      which: number,
    ) {
      put(out, plus(f32(before, n), BACKWARD[which]!(f32(gradY, n), f32(saved, n))));
      // The slopes' factors: at most 1, and x times something that has decayed wherever x is large.
      put(
        magnitude,
        Float64Array.from(f32(gradY, n), (v, i) => Math.abs(f32(before, n)[i]!) + 2 * Math.abs(v)),
      );
    },
  };
}
