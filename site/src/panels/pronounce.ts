/** Text in, phonemes, IPA and the attention map out, with every key. */
import type { Alternative, Pronunciation } from 'heed/pronounce';
import { byId, element } from '../elements.ts';
import type { Timed } from '../engine/engine.ts';
import { MapView } from '../map.ts';
import { type PlacedWord, placedWords, wordAt } from '../text.ts';
import { Wanted } from '../wanted.ts';
import { type Outcome, WordList } from './words.ts';

interface PronouncePanelOptions {
  readonly pronounce: (word: string, beam: number) => Promise<Timed<Pronunciation>>;
  /** Hears of each call. */
  readonly timed: (result: Timed<unknown>) => void;
  /** Hears which pronunciation is shown. */
  readonly shown: (pronunciation: Pronunciation) => void;
}

/** What stands in the place of a sound where there is no word. */
const nothing: Outcome = { problem: 'Type a word.' };

/** Quiet after the last key before the result is read out, in milliseconds. */
const PAUSE = 700;

export class PronouncePanel {
  readonly #options: PronouncePanelOptions;
  readonly #text = byId('text', HTMLTextAreaElement);
  readonly #beam = byId('beam', HTMLInputElement);
  readonly #result = byId('result', HTMLDivElement);
  readonly #map = new MapView(byId('map', HTMLDivElement), 'Attention map of the word');
  readonly #list: WordList;
  readonly #outcomes: Wanted<Outcome>;
  #words: readonly PlacedWord[] = [];
  #chosen = 0;
  #outcome: Outcome | undefined;
  #announcement: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PronouncePanelOptions) {
    this.#options = options;
    this.#list = new WordList(byId('words', HTMLFieldSetElement), (index) => {
      this.#chosen = index;
      this.#want();
    });
    this.#outcomes = new Wanted(
      (key) => this.#compute(key),
      () => this.#show(),
    );
    this.#text.addEventListener('input', () => this.#read());
    document.addEventListener('selectionchange', () => {
      if (document.activeElement === this.#text) this.#follow();
    });
    this.#beam.addEventListener('input', () => {
      byId('beam-value', HTMLOutputElement).value = this.#beam.value;
      this.#want();
    });
    this.#read();
  }

  /** Computes anew: the weights or their arithmetic are others. */
  restart(): void {
    this.#outcomes.restart();
  }

  #read(): void {
    this.#words = placedWords(this.#text.value);
    this.#list.fill(this.#words.map(({ word }) => word));
    this.#follow();
  }

  /** Shows the word at the caret. */
  #follow(): void {
    this.#chosen = wordAt(this.#words, this.#text.selectionStart);
    this.#want();
  }

  #want(): void {
    const words = this.#words.map(({ word }) => word);
    const chosen = words[this.#chosen];
    this.#outcomes.want([...(chosen === undefined ? [] : [chosen]), ...words].map((word) => this.#key(word)));
    this.#show();
  }

  #key(word: string): string {
    return `${this.#beam.value} ${word}`;
  }

  async #compute(key: string): Promise<Outcome> {
    const space = key.indexOf(' ');
    try {
      const beam = Number(key.slice(0, space));
      const result = await this.#options.pronounce(key.slice(space + 1), beam);
      this.#options.timed(result);
      return result.value;
    } catch (error) {
      return { problem: withoutOrigin((error as Error).message) };
    }
  }

  #show(): void {
    const outcomes = this.#words.map(({ word }) => this.#outcomes.get(this.#key(word)));
    this.#list.show(this.#chosen, outcomes);
    const outcome = this.#words.length === 0 ? nothing : outcomes[this.#chosen];
    this.#result.ariaBusy = String(outcome === undefined);
    // What was there before stays until there is something else.
    if (outcome === undefined || outcome === this.#outcome) return;
    this.#outcome = outcome;
    this.#result.classList.toggle('refused', 'problem' in outcome);
    if ('problem' in outcome) {
      this.#describe('', '', outcome.problem, []);
      this.#announce(outcome.problem);
    } else this.#showPronunciation(outcome);
  }

  #showPronunciation(pronunciation: Pronunciation): void {
    const { word, ipa, phonemes, score, changed, attention, alternatives } = pronunciation;
    const replaced = changed.filter(({ to }) => /[a-z]/.test(to));
    const notes = replaced.map(({ from, to }) => `${from} is read as ${to}`);
    const certainty = `score ${scoreText(score)}, ${percent(Math.exp(score))} a phoneme`;
    this.#describe(
      `/${ipa}/`,
      phonemes.join(' '),
      [certainty, ...notes].join('; '),
      alternatives.map(alternativeItem),
    );
    this.#map.show({
      rows: attention.phonemes,
      columns: attention.letters,
      weights: attention.weights,
      rowsTitle: 'phonemes',
      columnsTitle: 'letters',
    });
    this.#announce(`${word}: ${phonemes.join(' ')}`);
    this.#options.shown(pronunciation);
  }

  #describe(ipa: string, phonemes: string, certainty: string, alternatives: readonly Node[]): void {
    byId('ipa', HTMLParagraphElement).textContent = ipa;
    byId('phonemes', HTMLParagraphElement).textContent = phonemes;
    byId('certainty', HTMLParagraphElement).textContent = certainty;
    const list = byId('alternatives', HTMLOListElement);
    list.replaceChildren(...alternatives);
    list.dataset.none = this.#beam.value === '1' ? 'A beam of 1 finds no others.' : 'None.';
  }

  #announce(text: string): void {
    clearTimeout(this.#announcement);
    this.#announcement = setTimeout(() => {
      byId('announcement', HTMLParagraphElement).textContent = text;
    }, PAUSE);
  }
}

function alternativeItem({ ipa, phonemes, score }: Alternative): HTMLElement {
  return element(
    'li',
    {},
    element('span', { className: 'ipa', lang: 'en-fonipa' }, `/${ipa}/`),
    element('span', { className: 'phonemes' }, phonemes.join(' ')),
    element('span', { className: 'score' }, scoreText(score)),
  );
}

function scoreText(score: number): string {
  return score.toFixed(3).replace('-', '−');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.995 ? 0 : 1)}\u00a0%`;
}

/** The message without the function's name in front. */
function withoutOrigin(message: string): string {
  return message.replace(/^\w+: /, '');
}
