/** All that the page computes with heed; it runs in a worker. */
import type { MicroKernel, Variant } from 'heed';
import {
  createPronouncer,
  type Pronouncer,
  type PronouncerOptions,
  type Pronunciation,
} from 'heed/pronounce';
import type { Inspection } from './inspection.ts';
import { type ScoreMap, type ScoreSettings, scoreMap } from './scores.ts';

export interface EngineOptions {
  readonly arithmetic: NonNullable<PronouncerOptions['arithmetic']>;
  readonly threads: number;
  /** A safetensors file of a pronouncer; the shipped weights by default. */
  readonly file?: File;
}

export interface EngineState {
  readonly variant: Variant | undefined;
  readonly threads: number;
  /** Undefined while none was timed. */
  readonly microKernel: MicroKernel | undefined;
  readonly usedBytes: number;
  readonly capacityBytes: number;
  /** The score that the model was trained with. */
  readonly score: string;
}

/** A result, how long it took, and how the runtime was then. */
export interface Timed<Value> {
  readonly value: Value;
  readonly milliseconds: number;
  readonly state: EngineState;
}

export class Engine {
  #pronouncer: Pronouncer | undefined;
  #configured: Promise<unknown> = Promise.resolve();

  /**
   * Loads weights, one after the other; those before stay in use until the new ones are there, and where loading fails.
   * @throws FormatError when the file is no pronouncer's; UnsupportedError without WebAssembly SIMD
   */
  configure(options: EngineOptions): Promise<Timed<undefined>> {
    const configured = this.#configured.then(() => this.#load(options));
    this.#configured = configured.catch(() => {});
    return configured;
  }

  /** @throws ArgumentError for what is no word */
  pronounce({ word, beam }: { word: string; beam: number }): Timed<Pronunciation> {
    return this.#timed((pronouncer) => pronouncer.pronounce(word, { beam }));
  }

  /** @throws ArgumentError for what the score cannot compare */
  score({ word, phonemes, settings }: ScoreRequest): Timed<ScoreMap> {
    return this.#timed((pronouncer) => scoreMap(pronouncer, word, phonemes, settings));
  }

  /** @throws FormatError */
  async inspect(file: File): Promise<Inspection> {
    // Most visits open no file.
    const { inspect } = await import('./inspection.ts');
    return inspect(file);
  }

  dispose(): void {
    this.#pronouncer?.dispose();
    this.#pronouncer = undefined;
  }

  async #load({ file, ...options }: EngineOptions): Promise<Timed<undefined>> {
    const begin = performance.now();
    const weights = file && (await file.arrayBuffer());
    const pronouncer = await createPronouncer({ ...options, weights });
    this.#pronouncer?.dispose();
    this.#pronouncer = pronouncer;
    return { value: undefined, milliseconds: performance.now() - begin, state: this.#state() };
  }

  #timed<Value>(compute: (pronouncer: Pronouncer) => Value): Timed<Value> {
    if (!this.#pronouncer) throw new Error('engine: used before configure()');
    const begin = performance.now();
    const value = compute(this.#pronouncer);
    return { value, milliseconds: performance.now() - begin, state: this.#state() };
  }

  #state(): EngineState {
    const { runtime, model } = this.#pronouncer!;
    const { variant, threads, microKernel, memory } = runtime;
    const { usedBytes, capacityBytes } = memory;
    return {
      variant,
      threads,
      microKernel,
      usedBytes,
      capacityBytes,
      score: model.config.score ?? 'general',
    };
  }
}

export interface ScoreRequest {
  readonly word: string;
  readonly phonemes: readonly string[];
  readonly settings: ScoreSettings;
}
