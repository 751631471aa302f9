/** Rotary positions of a model: frequencies, stretched for contexts longer than those it was first trained on, and their table. */
import { type RotaryTable, rotaryValues } from '../ops/rotary.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { checkSizes } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

/** How frequencies are stretched; the names are those of Hugging Face's `rope_scaling`. */
export type RotaryScaling =
  /** Every position counts for 1 / factor of one (Chen 2023, position interpolation). */
  | { readonly kind: 'linear'; readonly factor: number }
  /** Slow turns are slowed by the factor, fast ones left, those between mixed (Llama 3.1). */
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalLength: number;
    }
  /** The same by the number of turns over the original context, and weights sharpened (Peng 2023, YaRN). */
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly fastTurns: number;
      readonly slowTurns: number;
      readonly originalLength: number;
      /** What cosines and sines are multiplied by; 0.1 ln(factor) + 1 by default. */
      readonly magnitude?: number;
    };

export interface RotaryPositionsConfig {
  /** Elements of a head that are turned, an even number. */
  readonly size: number;
  /** 10000 by default. */
  readonly base?: number;
  readonly scaling?: RotaryScaling;
}

/** The angle of each pair for one position, and what its cosine and sine are multiplied by. */
export function rotaryFrequencies({ size, base = 10_000, scaling }: RotaryPositionsConfig): {
  readonly frequencies: readonly number[];
  readonly magnitude: number;
} {
  const pairs = size / 2;
  const plain = Array.from({ length: pairs }, (_, i) => base ** (-i / pairs));
  switch (scaling?.kind) {
    case undefined:
      return { frequencies: plain, magnitude: 1 };
    case 'linear':
      return { frequencies: plain.map((frequency) => frequency / scaling.factor), magnitude: 1 };
    case 'llama3': {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalLength } = scaling;
      const frequencies = plain.map((frequency) => {
        const turns = (originalLength * frequency) / (2 * Math.PI);
        return mixed(frequency, factor, clamp((turns - low) / (high - low)));
      });
      return { frequencies, magnitude: 1 };
    }
    case 'yarn': {
      const { factor, fastTurns, slowTurns, originalLength } = scaling;
      /** The pair that makes so many turns over the original context. */
      const pairOf = (turns: number): number =>
        (pairs * Math.log(originalLength / (turns * 2 * Math.PI))) / Math.log(base);
      const first = Math.max(Math.floor(pairOf(fastTurns)), 0);
      const last = Math.min(Math.ceil(pairOf(slowTurns)), size - 1);
      const frequencies = plain.map((frequency, i) =>
        mixed(frequency, factor, 1 - clamp((i - first) / Math.max(last - first, 0.001))),
      );
      return { frequencies, magnitude: scaling.magnitude ?? 0.1 * Math.log(factor) + 1 };
    }
    default:
      return scaling satisfies never;
  }
}

/** The frequency where `kept` is 1, slowed by the factor where it is 0. */
function mixed(frequency: number, factor: number, kept: number): number {
  return kept * frequency + ((1 - kept) * frequency) / factor;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/** The table, as long as it was needed so far. It lives until `dispose`. */
export class RotaryPositions {
  readonly #runtime: Runtime;
  readonly #frequencies: readonly number[];
  readonly #magnitude: number;
  #table: RotaryTable | undefined;

  /** @throws ArgumentError for a size that is not a positive integer */
  constructor(runtime: Runtime, config: RotaryPositionsConfig) {
    checkSizes('rotaryPositions', { pairs: config.size / 2 });
    const { frequencies, magnitude } = rotaryFrequencies(config);
    this.#runtime = runtime;
    this.#frequencies = frequencies;
    this.#magnitude = magnitude;
  }

  /** Cosines and sines of at least the first `count` positions. @throws OutOfMemoryError */
  table(count: number): RotaryTable {
    const held = this.#table?.cosine.shape[0] ?? 0;
    if (this.#table && held >= count) return this.#table;
    const positions = Math.max(count, 2 * held, 64);
    const cosine = this.#tableOf(positions, Math.cos);
    const sine = this.#tableOf(positions, Math.sin);
    this.dispose();
    this.#table = { cosine, sine };
    return this.#table;
  }

  #tableOf(positions: number, of: (angle: number) => number): Tensor {
    const table = Tensor.persistent(this.#runtime, [positions, this.#frequencies.length]);
    table.set(rotaryValues(positions, this.#frequencies, (angle) => this.#magnitude * of(angle)));
    return table;
  }

  dispose(): void {
    this.#table?.cosine.dispose();
    this.#table?.sine.dispose();
    this.#table = undefined;
  }
}
