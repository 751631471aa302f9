/** Groups of radio buttons. */
import { element } from './elements.ts';

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly label: string;
  /** Said below the label. */
  readonly note?: string;
}

/** Fills a fieldset with radio buttons, the first of them chosen, and tells what is chosen from then on. */
export class Choices<Value extends string> {
  readonly #inputs: readonly HTMLInputElement[];

  constructor(fieldset: HTMLFieldSetElement, choices: readonly Choice<Value>[], changed: () => void) {
    this.#inputs = choices.map(({ value, label, note }, i) => {
      const input = element('input', { type: 'radio', name: fieldset.id, value, checked: i === 0 });
      const said = note === undefined ? [] : [element('small', {}, note)];
      fieldset.append(element('label', {}, input, element('span', {}, label, ...said)));
      return input;
    });
    fieldset.addEventListener('change', changed);
  }

  get value(): Value {
    return this.#inputs.find(({ checked }) => checked)!.value as Value;
  }
}
