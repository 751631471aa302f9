import { tanh } from '../ops/elementwise.ts';
import { concatenate } from '../ops/join.ts';
import type { CellState } from './cell.ts';
import type { CellDecoderConfig } from './decoder.ts';
import { Linear } from './linear.ts';
import type { Parameters } from './parameters.ts';

/**
 * From the encoder's final state to the decoder's first: s_0 = tanh(W [forward; reverse] + b), with parameters
 * `bridge_h.*` and, for an LSTM, `bridge_c.*`.
 */
export class Bridge {
  readonly #hidden: Linear;
  readonly #cell: Linear | undefined;

  constructor(parameters: Parameters, { finalSize, keySize, hiddenSize, cell = 'lstm' }: CellDecoderConfig) {
    const sizes = { inputs: finalSize ?? keySize, outputs: hiddenSize };
    this.#hidden = new Linear(parameters.within('bridge_h.'), sizes);
    if (cell === 'lstm') this.#cell = new Linear(parameters.within('bridge_c.'), sizes);
  }

  /** @param final of each direction; where it has no cell, that of an LSTM starts from its hidden state too */
  forward(final: readonly CellState[]): CellState {
    const hidden = tanh(this.#hidden.forward(concatenate(final.map(({ hidden }) => hidden))));
    if (!this.#cell) return { hidden };
    const cells = final.map(({ hidden, cell = hidden }) => cell);
    return { hidden, cell: tanh(this.#cell.forward(concatenate(cells))) };
  }

  dispose(): void {
    this.#hidden.dispose();
    this.#cell?.dispose();
  }
}
