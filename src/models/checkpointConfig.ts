/** The fields of a checkpoint's config.json, read with errors that name them. */
import { FormatError, UnsupportedError } from '../errors.ts';
import type { Activation } from '../ops/activation.ts';

/** Activations by the names that configs give them. */
const activations: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_new: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  gelu_fast: 'geluTanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
};

export class CheckpointConfig {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #prefix: string;

  /** @param prefix of the fields' names in errors @throws FormatError unless it is an object */
  constructor(fields: unknown, prefix = '') {
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
      const name = prefix === '' ? '' : `${prefix.slice(0, -1)} `;
      throw new FormatError(`config.json: ${name}must be an object, got ${described(fields)}`);
    }
    this.#fields = fields as Readonly<Record<string, unknown>>;
    this.#prefix = prefix;
  }

  /** The object in a field. @throws FormatError unless it is one */
  within(name: string): CheckpointConfig {
    return new CheckpointConfig(this.#fields[name], `${this.#prefix}${name}.`);
  }

  /** Whether a field is there, and not null. */
  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null;
  }

  /** @throws FormatError unless the field, or what stands in for it, is a positive integer */
  count(name: string, fallback?: number): number {
    const value = this.#field(name, fallback);
    if (Number.isInteger(value) && (value as number) > 0) return value as number;
    throw this.#wrong(name, 'a positive integer', value);
  }

  /** A token's id, or undefined. @throws FormatError unless it is an integer of at least 0 */
  id(name: string): number | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#fields[name];
    if (Number.isInteger(value) && (value as number) >= 0) return value as number;
    throw this.#wrong(name, "a token's id", value);
  }

  /** @throws FormatError unless it is a number greater than 0 */
  positive(name: string, fallback?: number): number {
    const value = this.#field(name, fallback);
    if (typeof value === 'number' && value > 0 && value < Infinity) return value;
    throw this.#wrong(name, 'a number greater than 0', value);
  }

  /** @throws FormatError */
  flag(name: string, fallback: boolean): boolean {
    const value = this.#field(name, fallback);
    if (typeof value === 'boolean') return value;
    throw this.#wrong(name, 'true or false', value);
  }

  /** @throws FormatError */
  text(name: string, fallback?: string): string {
    const value = this.#field(name, fallback);
    if (typeof value === 'string') return value;
    throw this.#wrong(name, 'a text', value);
  }

  /** @throws UnsupportedError for an activation that heed does not have */
  activation(name: string, fallback?: string): Activation {
    const value = this.#field(name, fallback);
    const known = typeof value === 'string' && Object.hasOwn(activations, value) && activations[value];
    if (known) return known;
    throw new UnsupportedError(
      `config.json: ${this.#prefix}${name} is ${described(value)}, supported are ${Object.keys(activations).join(', ')}`,
    );
  }

  /** What a model was trained to do: the first of `architectures`. */
  get architecture(): string | undefined {
    const { architectures } = this.#fields;
    return Array.isArray(architectures) ? String(architectures[0]) : undefined;
  }

  /** The names of classes, in their order. @throws FormatError */
  labels(): readonly string[] {
    const { id2label, num_labels } = this.#fields;
    if (id2label === undefined) {
      const count = num_labels === undefined ? 2 : this.count('num_labels');
      return Array.from({ length: count }, (_, i) => `LABEL_${i}`);
    }
    const entries = Object.entries((id2label ?? {}) as Record<string, unknown>);
    const labels = entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, label]) => String(label));
    if (labels.length > 0 && entries.every(([id]) => id in labels)) return labels;
    throw this.#wrong('id2label', 'labels of the ids from 0 on', id2label);
  }

  /**
   * Refuses a field that says something else than what is supported; one that is not there says the first.
   * @throws UnsupportedError naming the field and its value
   */
  only(name: string, ...supported: readonly unknown[]): void {
    const value = this.#fields[name];
    if (value === undefined || supported.includes(value)) return;
    const allowed = supported.length === 0 ? 'nothing there' : supported.map(described).join(', ');
    throw new UnsupportedError(
      `config.json: ${this.#prefix}${name} is ${described(value)}, supported is ${allowed}`,
    );
  }

  #field(name: string, fallback: unknown): unknown {
    return this.has(name) ? this.#fields[name] : fallback;
  }

  #wrong(name: string, expected: string, value: unknown): FormatError {
    return new FormatError(
      `config.json: ${this.#prefix}${name} must be ${expected}, got ${described(value)}`,
    );
  }
}

function described(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}
