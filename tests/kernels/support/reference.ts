/** The imports that tests/kernels/references.ts provides; this file's name is the import module's. */
export declare function seed(): i32;
export declare function print(message: string): void;
export declare function exp(out: usize, x: usize, n: i32): void;
export declare function sigmoid(out: usize, x: usize, n: i32): void;
export declare function tanh(out: usize, x: usize, n: i32): void;
export declare function add(out: usize, a: usize, b: usize, n: i32): void;
export declare function multiply(out: usize, a: usize, b: usize, n: i32): void;
export declare function scale(out: usize, x: usize, n: i32, factor: f32): void;
export declare function fill(out: usize, n: i32, value: f32): void;
export declare function multiplyAdd(
  out: usize,
  magnitude: usize,
  before: usize,
  a: usize,
  b: usize,
  n: i32,
): void;
export declare function addScaled(
  out: usize,
  magnitude: usize,
  before: usize,
  x: usize,
  n: i32,
  factor: f32,
): void;
export declare function copyColumns(
  out: usize,
  before: usize,
  x: usize,
  rows: i32,
  columns: i32,
  outStride: i32,
  xStride: i32,
  accumulate: i32,
): void;
export declare function dropout(
  out: usize,
  before: usize,
  x: usize,
  n: i32,
  seed: i32,
  threshold: i32,
  factor: f32,
): void;
export declare function activation(out: usize, x: usize, n: i32, which: i32): void;
export declare function activationBackward(
  out: usize,
  magnitude: usize,
  before: usize,
  gradY: usize,
  saved: usize,
  n: i32,
  which: i32,
): void;
export declare function tanhBackward(
  out: usize,
  magnitude: usize,
  before: usize,
  gradY: usize,
  y: usize,
  n: i32,
): void;
export declare function sigmoidBackward(
  out: usize,
  magnitude: usize,
  before: usize,
  gradY: usize,
  y: usize,
  n: i32,
): void;
export declare function matmul(
  out: usize,
  magnitude: usize,
  a: usize,
  b: usize,
  bias: usize,
  before: usize,
  M: i32,
  N: i32,
  K: i32,
  aStride: i32,
  bStride: i32,
): void;
export declare function matmulRows(
  out: usize,
  magnitude: usize,
  before: usize,
  a: usize,
  b: usize,
  M: i32,
  N: i32,
  K: i32,
): void;
export declare function pack(out: usize, source: usize, K: i32, N: i32, stride: i32): void;
export declare function packTransposed(out: usize, source: usize, K: i32, N: i32, stride: i32): void;
export declare function packRows(out: usize, source: usize, M: i32, K: i32, stride: i32): void;
export declare function softmax(
  out: usize,
  magnitude: usize,
  x: usize,
  mask: usize,
  lengths: usize,
  rows: i32,
  columns: i32,
  maskRows: i32,
  rowsPerLength: i32,
  log: i32,
): void;
export declare function softmaxBackward(
  out: usize,
  magnitude: usize,
  before: usize,
  gradY: usize,
  y: usize,
  rows: i32,
  columns: i32,
): void;
export declare function logSoftmaxBackward(
  out: usize,
  magnitude: usize,
  before: usize,
  gradY: usize,
  y: usize,
  rows: i32,
  columns: i32,
): void;
export declare function gather(out: usize, table: usize, rows: i32, ids: usize, count: i32, size: i32): void;
export declare function scatterAdd(
  out: usize,
  magnitude: usize,
  before: usize,
  rows: i32,
  x: usize,
  ids: usize,
  count: i32,
  size: i32,
): void;
export declare function scoreDot(
  out: usize,
  magnitude: usize,
  query: usize,
  key: usize,
  batch: i32,
  queries: i32,
  keys: i32,
  size: i32,
  factor: f32,
): void;
export declare function scoreAdditive(
  out: usize,
  magnitude: usize,
  query: usize,
  key: usize,
  vector: usize,
  batch: i32,
  queries: i32,
  keys: i32,
  size: i32,
): void;
export declare function scoreAdditiveBackward(
  outQuery: usize,
  outKey: usize,
  outVector: usize,
  magnitudeQuery: usize,
  magnitudeKey: usize,
  magnitudeVector: usize,
  beforeQuery: usize,
  beforeKey: usize,
  beforeVector: usize,
  gradScores: usize,
  query: usize,
  key: usize,
  vector: usize,
  batch: i32,
  queries: i32,
  keys: i32,
  size: i32,
): void;
export declare function weightedSum(
  out: usize,
  magnitude: usize,
  before: usize,
  weights: usize,
  value: usize,
  batch: i32,
  queries: i32,
  keys: i32,
  size: i32,
): void;
export declare function weightedSumTransposed(
  out: usize,
  magnitude: usize,
  before: usize,
  weights: usize,
  x: usize,
  batch: i32,
  queries: i32,
  keys: i32,
  size: i32,
  factor: f32,
): void;
export declare function sum(x: usize, n: i32): f64;
export declare function sumAbsolute(x: usize, n: i32): f64;
export declare function sumSquares(x: usize, n: i32): f64;
export declare function sumRows(
  out: usize,
  magnitude: usize,
  before: usize,
  x: usize,
  rows: i32,
  columns: i32,
): void;
export declare function argmax(out: usize, x: usize, rows: i32, columns: i32): void;
export declare function crossEntropy(
  out: usize,
  magnitude: usize,
  logProbabilities: usize,
  targets: usize,
  rows: i32,
  classes: i32,
  ignored: i32,
  smoothing: f32,
): void;
export declare function crossEntropyBackward(
  out: usize,
  magnitude: usize,
  before: usize,
  gradLoss: usize,
  logProbabilities: usize,
  targets: usize,
  rows: i32,
  classes: i32,
  ignored: i32,
  smoothing: f32,
): void;
export declare function adam(
  outParameter: usize,
  outFirst: usize,
  outSecond: usize,
  magnitudeParameter: usize,
  magnitudeFirst: usize,
  magnitudeSecond: usize,
  parameter: usize,
  first: usize,
  second: usize,
  gradient: usize,
  n: i32,
  gradientScale: f32,
  learningRate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  weightDecay: f32,
  decoupled: i32,
  correction1: f32,
  correction2: f32,
): void;
export declare function lstmCell(
  outHidden: usize,
  outCell: usize,
  outGates: usize,
  magnitude: usize,
  magnitudeGates: usize,
  gates: usize,
  previousCell: usize,
  batch: i32,
  hidden: i32,
): void;
export declare function lstmSequence(
  outOutput: usize,
  outHidden: usize,
  outCell: usize,
  outGates: usize,
  outSavedHidden: usize,
  outSavedCell: usize,
  magnitudeOutput: usize,
  magnitudeHidden: usize,
  magnitudeCell: usize,
  magnitudeGates: usize,
  magnitudeSavedHidden: usize,
  magnitudeSavedCell: usize,
  projections: usize,
  weight: usize,
  hiddenState: usize,
  cellState: usize,
  lengths: usize,
  batch: i32,
  time: i32,
  hidden: i32,
  reverse: i32,
): void;
export declare function lstmCellBackward(
  outGates: usize,
  outCell: usize,
  magnitudeGates: usize,
  magnitudeCell: usize,
  gradHidden: usize,
  gradCell: usize,
  gates: usize,
  previousCell: usize,
  batch: i32,
  hidden: i32,
): void;
export declare function lstmSequenceBackward(
  outGates: usize,
  outHidden: usize,
  outCell: usize,
  magnitudeGates: usize,
  magnitudeHidden: usize,
  magnitudeCell: usize,
  gradOutput: usize,
  gradHidden: usize,
  gradCell: usize,
  activations: usize,
  savedCell: usize,
  weight: usize,
  lengths: usize,
  batch: i32,
  time: i32,
  hidden: i32,
  outputStride: i32,
  reverse: i32,
): void;
export declare function layerNorm(
  out: usize,
  magnitude: usize,
  x: usize,
  weight: usize,
  bias: usize,
  rows: i32,
  columns: i32,
  epsilon: f32,
): void;
export declare function rmsNorm(
  out: usize,
  magnitude: usize,
  x: usize,
  weight: usize,
  rows: i32,
  columns: i32,
  epsilon: f32,
): void;
export declare function normBackward(
  out: usize,
  magnitude: usize,
  before: usize,
  gradY: usize,
  x: usize,
  weight: usize,
  rows: i32,
  columns: i32,
  epsilon: f32,
  centred: i32,
  which: i32,
): void;
export declare function gruSequence(
  outOutput: usize,
  outHidden: usize,
  outGates: usize,
  outSavedHidden: usize,
  outSavedProduct: usize,
  magnitudeOutput: usize,
  magnitudeHidden: usize,
  magnitudeGates: usize,
  magnitudeSavedHidden: usize,
  magnitudeSavedProduct: usize,
  projections: usize,
  weight: usize,
  bias: usize,
  hiddenState: usize,
  lengths: usize,
  batch: i32,
  time: i32,
  hidden: i32,
  reverse: i32,
): void;
export declare function gruSequenceBackward(
  outGates: usize,
  outProducts: usize,
  outHidden: usize,
  magnitudeGates: usize,
  magnitudeProducts: usize,
  magnitudeHidden: usize,
  gradOutput: usize,
  gradHidden: usize,
  activations: usize,
  savedHidden: usize,
  savedProduct: usize,
  weight: usize,
  lengths: usize,
  batch: i32,
  time: i32,
  hidden: i32,
  outputStride: i32,
  reverse: i32,
): void;
