/** The words of the text, each with its sound; one of them is looked at. */
import type { Pronunciation } from 'heed/pronounce';
import { element } from '../elements.ts';

/** How a word sounds, or why it has no sound. */
export type Outcome = Pronunciation | { readonly problem: string };

interface Card {
  readonly input: HTMLInputElement;
  readonly sound: HTMLElement;
}

export class WordList {
  readonly #fieldset: HTMLFieldSetElement;
  readonly #legend: Node;
  #words: readonly string[] = [];
  #cards: readonly Card[] = [];

  /** @param chosen hears which word was picked */
  constructor(fieldset: HTMLFieldSetElement, chosen: (index: number) => void) {
    this.#fieldset = fieldset;
    this.#legend = fieldset.firstElementChild!;
    fieldset.addEventListener('change', () => {
      chosen(this.#cards.findIndex(({ input }) => input.checked));
    });
  }

  fill(words: readonly string[]): void {
    // The cards of words that stay are left alone.
    if (words.length === this.#words.length && words.every((word, i) => word === this.#words[i])) return;
    this.#words = words;
    const made = words.map((word) => {
      const input = element('input', { type: 'radio', name: 'word' });
      const sound = element('small', { lang: 'en-fonipa' });
      return { input, sound, label: element('label', {}, input, element('span', {}, word, sound)) };
    });
    this.#cards = made;
    this.#fieldset.replaceChildren(this.#legend, ...made.map(({ label }) => label));
  }

  show(chosen: number, outcomes: readonly (Outcome | undefined)[]): void {
    this.#cards.forEach(({ input, sound }, i) => {
      const outcome = outcomes[i];
      input.checked = i === chosen;
      if (!outcome) sound.textContent = '…';
      else sound.textContent = 'problem' in outcome ? 'cannot be read' : outcome.ipa;
    });
  }
}
