/** What the weights are computed in, and by how many threads: both mean loading them anew. */
import { byId, element } from '../elements.ts';
import type { EngineOptions } from '../engine/engine.ts';
import { whyOneThread } from './engine.ts';

type Settings = Pick<EngineOptions, 'arithmetic' | 'threads'>;

export class SettingsPanel {
  readonly #arithmetic = byId('arithmetic', HTMLSelectElement);
  readonly #threads = byId('threads', HTMLSelectElement);

  /** @param apply rejects where the engine cannot do it; what was chosen before is then chosen again */
  constructor(apply: () => Promise<void>) {
    const most = crossOriginIsolated ? navigator.hardwareConcurrency : 1;
    for (let threads = 1; threads <= most; threads *= 2) {
      this.#threads.append(element('option', { value: String(threads) }, String(threads)));
    }
    if (!crossOriginIsolated) {
      this.#threads.disabled = true;
      this.#threads.title = `One thread: ${whyOneThread}`;
    }
    const problem = byId('settings-problem', HTMLParagraphElement);
    for (const select of [this.#arithmetic, this.#threads]) {
      let before = select.value;
      select.addEventListener('change', async () => {
        try {
          await apply();
          before = select.value;
          problem.textContent = '';
        } catch (error) {
          select.value = before;
          problem.textContent = (error as Error).message;
        }
      });
    }
  }

  get value(): Settings {
    return {
      arithmetic: this.#arithmetic.value as Settings['arithmetic'],
      threads: Number(this.#threads.value),
    };
  }
}
