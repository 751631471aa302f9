/** The states of the word that is shown, compared by the score that is picked. */
import { type ScoreFunction, scoreFunctions } from 'heed/models';
import type { Pronunciation } from 'heed/pronounce';
import { Choices } from '../choices.ts';
import { byId } from '../elements.ts';
import type { ScoreRequest, Timed } from '../engine/engine.ts';
import type { ScoreMap, ScoreSettings } from '../engine/scores.ts';
import { MapView } from '../map.ts';
import { Wanted } from '../wanted.ts';

type Outcome = ScoreMap | { readonly problem: string };

interface ScoresPanelOptions {
  readonly score: (request: ScoreRequest) => Promise<Timed<ScoreMap>>;
  readonly timed: (result: Timed<unknown>) => void;
}

const formulas: Readonly<Record<ScoreFunction, string>> = {
  dot: 'q · k',
  'scaled-dot': 'q · k / √d',
  general: 'qᵀWk',
  additive: 'v·tanh(Wq + Uk)',
  concat: 'v·tanh(W[q; k])',
  cosine: 'cos(q, k)',
  location: '(Wq)ⱼ',
};

export class ScoresPanel {
  readonly #map = new MapView(byId('score-map', HTMLDivElement), 'Attention map by the chosen score');
  readonly #score: Choices<ScoreFunction>;
  readonly #reach: Choices<ScoreSettings['reach']>;
  readonly #choice: Choices<ScoreSettings['choice']>;
  readonly #queries: Choices<ScoreSettings['queries']>;
  readonly #temperature = byId('temperature', HTMLInputElement);
  readonly #halfWidth = byId('half-width', HTMLInputElement);
  readonly #outcomes: Wanted<Outcome>;
  #pronunciation: Pronunciation | undefined;
  #seed = 1;

  constructor({ score, timed }: ScoresPanelOptions) {
    const changed = (): void => this.#want();
    const group = (id: string): HTMLFieldSetElement => byId(id, HTMLFieldSetElement);
    this.#score = new Choices(
      group('score'),
      scoreFunctions.map((value) => ({ value, label: value, note: formulas[value] })),
      changed,
    );
    this.#reach = new Choices(group('reach'), labelled('global', 'local-m', 'local-p'), changed);
    this.#choice = new Choices(group('choice'), labelled('soft', 'hard'), changed);
    this.#queries = new Choices(group('queries'), labelled('phonemes', 'letters'), changed);
    for (const range of [this.#temperature, this.#halfWidth]) range.addEventListener('input', changed);
    byId('reseed', HTMLButtonElement).addEventListener('click', () => {
      this.#seed += 1;
      changed();
    });
    this.#outcomes = new Wanted(
      async (key) => {
        try {
          const result = await score(JSON.parse(key) as ScoreRequest);
          timed(result);
          return result.value;
        } catch (error) {
          return { problem: (error as Error).message };
        }
      },
      (_, outcome) => this.#show(outcome),
      50,
    );
    this.#want();
  }

  /** Compares the states of another word. */
  show(pronunciation: Pronunciation): void {
    this.#pronunciation = pronunciation;
    this.#want();
  }

  /** Computes anew: the weights or their arithmetic are others. */
  restart(score: string): void {
    byId('trained-score', HTMLElement).textContent = score;
    this.#outcomes.restart();
  }

  #want(): void {
    const temperature = 2 ** Number(this.#temperature.value);
    byId('temperature-value', HTMLOutputElement).value = String(Number(temperature.toPrecision(2)));
    byId('half-width-value', HTMLOutputElement).value = this.#halfWidth.value;
    this.#halfWidth.disabled = this.#reach.value === 'global';
    if (!this.#pronunciation || this.#pronunciation.phonemes.length === 0) return;
    const { word, phonemes } = this.#pronunciation;
    const settings: ScoreSettings = {
      score: this.#score.value,
      reach: this.#reach.value,
      choice: this.#choice.value,
      queries: this.#queries.value,
      halfWidth: Number(this.#halfWidth.value),
      temperature,
      seed: this.#seed,
    };
    const key = JSON.stringify({ word, phonemes, settings } satisfies ScoreRequest);
    this.#outcomes.want([key]);
    const known = this.#outcomes.get(key);
    if (known) this.#show(known);
  }

  #show(outcome: Outcome): void {
    const problem = byId('score-problem', HTMLParagraphElement);
    const about = byId('score-about', HTMLParagraphElement);
    problem.textContent = 'problem' in outcome ? outcome.problem : '';
    about.textContent = 'problem' in outcome ? '' : describe(outcome);
    if ('problem' in outcome) return;
    const asked = this.#queries.value;
    this.#map.show({ ...outcome, rowsTitle: asked, columnsTitle: 'letters' });
  }
}

function labelled<Value extends string>(...values: readonly Value[]): { value: Value; label: string }[] {
  return values.map((value) => ({ value, label: value }));
}

/** What is to be known of a map before it is believed. */
function describe({ untrained, distance }: ScoreMap): string {
  const random =
    untrained === 0
      ? 'Needs no parameters.'
      : `With ${untrained.toLocaleString('en')} random parameters, untrained.`;
  if (distance === undefined) return random;
  if (distance === 0) return `${random} This is the model's own map.`;
  return `${random} ${Math.round(100 * distance)}\u00a0% of the weight lies elsewhere than in the model's own map.`;
}
