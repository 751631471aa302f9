/**
 * The typed errors of heed. Each message says what was expected, what came, and which argument or tensor,
 * as `<where>: <what is wrong>`.
 */

/** Shapes that do not fit an operation, or an index outside its axis. */
export class ShapeError extends RangeError {
  override readonly name = 'ShapeError';
}

/** An element type that the operation does not take. */
export class DTypeError extends TypeError {
  override readonly name = 'DTypeError';
}

/** An argument of the wrong kind or outside its documented range. */
export class ArgumentError extends RangeError {
  override readonly name = 'ArgumentError';
}

/** Bytes or text that do not follow their format: safetensors, configurations, word lists. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  /** Every problem found, one sentence each; `message` joins them. */
  readonly problems: readonly string[];
  constructor(problems: string | readonly string[]) {
    const list = typeof problems === 'string' ? [problems] : problems;
    super(list.join('\n'));
    this.problems = list;
  }
}

/** The runtime's memory limit is reached; the runtime stays usable. */
export class OutOfMemoryError extends RangeError {
  override readonly name = 'OutOfMemoryError';
}

/** A loss or a gradient that is NaN or infinite: training must not go on with it. */
export class DivergenceError extends RangeError {
  override readonly name = 'DivergenceError';
}

/** Use of a runtime, tensor, layer or model after its `dispose()`. */
export class DisposedError extends Error {
  override readonly name = 'DisposedError';
}

/** A feature that this engine, binary or model does not have. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
}

/** A file that could not be had over the network: no connection, one that kept breaking off, or a refusing status. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly url: string;
  /** The last answer's HTTP status, undefined where none came. */
  readonly status: number | undefined;
  /** How many requests were made in vain, one after another. */
  readonly attempts: number;
  constructor(
    message: string,
    about: {
      readonly url: string;
      readonly status?: number;
      readonly attempts: number;
      readonly cause?: unknown;
    },
  ) {
    super(message, about.cause === undefined ? undefined : { cause: about.cause });
    this.url = about.url;
    this.status = about.status;
    this.attempts = about.attempts;
  }
}

/** A worker that could not be started, or ended while it was needed. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}
