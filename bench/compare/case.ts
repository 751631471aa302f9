/** What is compared: one computation, prepared for several engines on the same data. */

/** A computation ready to run on one engine. */
export interface Prepared {
  /** Computes, and hands the result back as the engine's user would read it. */
  run(): Float32Array | Float64Array | Promise<Float32Array>;
  /** The result of a run in the order that all engines' results are compared in; as it is, by default. */
  arrange?(result: Float32Array | Float64Array): ArrayLike<number>;
  dispose?(): void | Promise<void>;
}

/** An engine that takes part in a case. */
export interface Contender {
  /** The npm package. */
  readonly engine: string;
  readonly version: string;
  prepare(): Prepared | Promise<Prepared>;
}

export interface Case {
  /** Begins with matmul, matrix-vector, softmax, lstm, attention, encoder, embed or cold-start. */
  readonly name: string;
  /** Operations of a run; undefined where a rate says nothing. */
  readonly flops?: number;
  /** Which roof of f32 heed's rate is held against; the highest by default. */
  readonly roof?: 'mulAdd' | 'none';
  /** The right result in double precision; heed's, where that would take too long. */
  expected?(): ArrayLike<number>;
  /** How far any engine's element may lie from what is expected: derived from sizes and data. */
  readonly tolerance: number;
  readonly heed: Contender;
  readonly peers: readonly Contender[];
  /**
   * Whether engines' threads must come to rest before another engine is timed: after their work they spin for a while,
   * on the processors that the next one needs.
   */
  readonly threaded?: boolean;
  /** What a reader must know of the comparison. */
  readonly note?: string;
}

/** One line of the evidence: a peer's time beside heed's in the same rounds. Times are of one run. */
export interface Row {
  readonly case: string;
  readonly engine: string;
  readonly version: string;
  readonly medianMs: number | null;
  readonly heedMedianMs: number | null;
  readonly heedGflops: number | null;
  /** medianMs / heedMedianMs */
  readonly speedUp: number | null;
  /** Largest absolute difference between heed's result and the peer's. */
  readonly maxDifference: number | null;
  /** heedGflops as a share of the register-only peak in the same rounds. */
  readonly roofline: number | null;
  readonly note?: string;
  /** Why there are no numbers. */
  readonly error?: string;
}

/** A row without numbers. */
export function failed(
  name: string,
  { engine, version }: Pick<Contender, 'engine' | 'version'>,
  error: unknown,
): Row {
  return {
    case: name,
    engine,
    version,
    medianMs: null,
    heedMedianMs: null,
    heedGflops: null,
    speedUp: null,
    maxDifference: null,
    roofline: null,
    error: error instanceof Error ? error.message : String(error),
  };
}
