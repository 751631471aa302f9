/** A case cannot run: heed does not have what it asks for. The message is the row's reason. */
export class NotRun extends Error {}

type Values = Readonly<Record<string, unknown>>;

/**
 * A case's constructor arguments, call arguments or attributes, by name. Each must be asked for: one that no runner
 * knows could change the result.
 */
export class Options {
  readonly #values: Values;
  readonly #asked = new Set<string>();

  constructor(values: Values = {}) {
    this.#values = values;
  }

  /** The value as it stands, undefined where there is none or null. */
  get(name: string): unknown {
    this.#asked.add(name);
    return this.#values[name] ?? undefined;
  }

  number(name: string, otherwise?: number): number {
    const value = this.optionalNumber(name) ?? otherwise;
    if (value === undefined) throw new NotRun(`${name} must be a number, is absent`);
    return value;
  }

  optionalNumber(name: string): number | undefined {
    const value = this.get(name);
    if (value !== undefined && typeof value !== 'number') {
      throw new NotRun(`${name} must be a number, is ${show(value)}`);
    }
    return value;
  }

  /** true, false, 1 or 0. */
  flag(name: string, otherwise: boolean): boolean {
    const value = this.get(name) ?? otherwise;
    if (![true, false, 0, 1].includes(value as boolean)) {
      throw new NotRun(`${name} must be true or false, is ${show(value)}`);
    }
    return Boolean(value);
  }

  /** One of the choices, the first by default. */
  choice<Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]): Choice {
    const value = this.get(name) ?? choices[0];
    if (!choices.includes(value as Choice)) this.refuse(name);
    return value as Choice;
  }

  /** What heed has in this one form only. */
  only(name: string, value: unknown, otherwise: unknown = value): void {
    if ((this.get(name) ?? otherwise) !== value) this.refuse(name);
  }

  refuse(name: string): never {
    throw new NotRun(`heed does not have ${name} = ${show(this.get(name))}`);
  }

  /** Those that nobody asked for. */
  unasked(): string[] {
    return Object.keys(this.#values)
      .filter((name) => !this.#asked.has(name))
      .map((name) => `${name} = ${show(this.#values[name])}`);
  }
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'absent';
}
