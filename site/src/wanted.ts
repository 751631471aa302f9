/**
 * Results that are computed one after the other, as they are wanted now: what is no longer wanted before it was begun is
 * never computed. What was computed once is kept.
 */
export class Wanted<Value> {
  readonly #compute: (key: string) => Promise<Value>;
  readonly #ready: (key: string, value: Value) => void;
  readonly #most: number;
  #known = new Map<string, Value>();
  #keys: readonly string[] = [];
  #running = false;

  /**
   * @param compute may not reject
   * @param ready hears of each result that is still wanted
   * @param most results that are kept, beside those that are wanted
   */
  constructor(
    compute: (key: string) => Promise<Value>,
    ready: (key: string, value: Value) => void,
    most = 500,
  ) {
    this.#compute = compute;
    this.#ready = ready;
    this.#most = most;
  }

  /** The result, where it is known. */
  get(key: string): Value | undefined {
    return this.#known.get(key);
  }

  /** Replaces what is wanted; the first is computed first. */
  want(keys: readonly string[]): void {
    this.#keys = [...keys];
    this.#forget();
    void this.#run();
  }

  /** Forgets all results, also the one that is being computed, and computes anew what is wanted. */
  restart(): void {
    this.#known = new Map();
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let key = this.#next(); key !== undefined; key = this.#next()) {
        const known = this.#known;
        const value = await this.#compute(key);
        if (known !== this.#known) continue;
        known.set(key, value);
        if (this.#keys.includes(key)) this.#ready(key, value);
      }
    } finally {
      this.#running = false;
    }
  }

  #next(): string | undefined {
    return this.#keys.find((key) => !this.#known.has(key));
  }

  #forget(): void {
    const wanted = new Set(this.#keys);
    for (const key of this.#known.keys()) {
      if (this.#known.size <= this.#most) return;
      if (!wanted.has(key)) this.#known.delete(key);
    }
  }
}
