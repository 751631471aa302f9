/** What an experiment is: parts that are trained apart, and pictures and tables made from their figures alone. */

/** What JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Hears how far a part is. */
export type Report = (done: number, total: number, note?: string) => void;

export interface PartContext<Settings> {
  readonly settings: Settings;
  readonly seed: number;
  readonly report: Report;
}

/** Something that must hold of the figures, at the size they were made with. */
export interface Check {
  /** What was asked, with the figure that was found. */
  readonly text: string;
  readonly passed: boolean;
}

/** What a part found, and the processor time (user and system) of the process that found it. */
export interface PartResult<Figures> {
  readonly figures: Figures;
  readonly processorSeconds: number;
}

/** `experiments/NAME/result.json`. */
export interface Result<Settings, Figures> {
  readonly experiment: string;
  /** What makes it again. */
  readonly command: string;
  readonly seed: number;
  /** Engine, wasm variant and processor. */
  readonly machine: string;
  readonly settings: Settings;
  readonly parts: Readonly<Record<string, PartResult<Figures>>>;
  readonly checks: readonly Check[];
}

/** A result whose checks are still to be made. */
export type Found<Settings, Figures> = Omit<Result<Settings, Figures>, 'checks'>;

/**
 * One claim of the literature, made into figures. Everything drawn or written comes from `result.json`, so that pictures
 * and tables can be made again without training.
 */
// biome-ignore lint/suspicious/noExplicitAny: the list of experiments holds them whatever their settings and figures are
export interface Experiment<Settings = any, Figures = any> {
  /** Its folder's name. */
  readonly name: string;
  /** The claim, in a sentence. */
  readonly claim: string;
  /** `quick` takes at most two minutes on two processors. */
  readonly settings: { readonly full: Settings; readonly quick: Settings };
  /** Names of the parts, which know nothing of each other; each runs in a process of its own. */
  parts(settings: Settings): readonly string[];
  /** Trains and measures a part. Its figures are JSON, with everything that pictures need. */
  run(part: string, context: PartContext<Settings>): Promise<Figures>;
  /** What must hold; `quick` figures have bounds of their own in the settings. */
  checks(found: Found<Settings, Figures>): readonly Check[];
  /** File name to SVG text. */
  pictures(result: Result<Settings, Figures>): Readonly<Record<string, string>>;
  /** The tables that `docs/experiments.md` shows between its markers, in Markdown. */
  report(result: Result<Settings, Figures>): string;
}
