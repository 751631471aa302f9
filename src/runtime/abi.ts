/**
 * The kernels of the binaries, as TypeScript sees them. Arguments: outputs, inputs, sizes, scalars. Pointers are byte
 * addresses; sizes count elements. What each computes stands over it in assembly/.
 */

/** Must equal `abi_version()` of a binary. */
export const ABI_VERSION = 2;

/** A kernel of n numeric arguments without a result. */
type Kernel<Names extends readonly string[]> = (...args: { [K in keyof Names]: number }) => void;

/** Exports of the inference binaries. */
export interface InferenceKernels {
  abi_version(): number;
  heap_base(): number;
  f32_pack: Kernel<['packed', 'source', 'K', 'N', 'sourceStride']>;
  f32_pack_transposed: Kernel<['packed', 'source', 'K', 'N', 'sourceStride']>;
  f32_matmul: Kernel<
    ['c', 'a', 'packed', 'bias', 'M', 'N', 'K', 'aStride', 'cStride', 'accumulate', 'activation']
  >;
  f32_matmul_transposed: Kernel<
    ['c', 'a', 'packed', 'bias', 'M', 'N', 'K', 'aStride', 'cStride', 'accumulate']
  >;
  qi8_pack: Kernel<['packed', 'source', 'K', 'N', 'sourceStride']>;
  qi8_matmul: Kernel<
    ['c', 'scratch', 'a', 'packed', 'scale', 'bias', 'M', 'N', 'K', 'aStride', 'cStride', 'accumulate']
  >;
  qi8_matmul_i16: Kernel<
    ['c', 'scratch', 'a', 'packed', 'scale', 'bias', 'M', 'N', 'K', 'aStride', 'cStride', 'accumulate']
  >;
  f32_softmax: Kernel<['out', 'x', 'mask', 'lengths', 'rows', 'columns', 'maskRows', 'rowsPerLength']>;
  f32_log_softmax: Kernel<['out', 'x', 'mask', 'lengths', 'rows', 'columns', 'maskRows', 'rowsPerLength']>;
  f32_exp: Kernel<['out', 'x', 'n']>;
  f32_sigmoid: Kernel<['out', 'x', 'n']>;
  f32_tanh: Kernel<['out', 'x', 'n']>;
  f32_activate: Kernel<['x', 'n', 'activation']>;
  f32_add: Kernel<['out', 'a', 'b', 'n']>;
  f32_multiply: Kernel<['out', 'a', 'b', 'n']>;
  f32_multiply_add: Kernel<['out', 'a', 'b', 'n']>;
  f32_scale: Kernel<['out', 'x', 'n', 'scale']>;
  f32_add_scaled: Kernel<['out', 'x', 'n', 'scale']>;
  f32_fill: Kernel<['out', 'n', 'value']>;
  f32_copy_columns: Kernel<['out', 'x', 'rows', 'columns', 'outStride', 'xStride', 'accumulate']>;
  f32_relu: Kernel<['out', 'x', 'n']>;
  f32_gelu: Kernel<['out', 'x', 'n']>;
  f32_gelu_tanh: Kernel<['out', 'x', 'n']>;
  f32_silu: Kernel<['out', 'x', 'n']>;
  f32_layer_norm: Kernel<['out', 'x', 'weight', 'bias', 'rows', 'columns', 'epsilon']>;
  f32_rms_norm: Kernel<['out', 'x', 'weight', 'rows', 'columns', 'epsilon']>;
  f32_l2_normalize: Kernel<['out', 'x', 'rows', 'columns']>;
  f32_gather: Kernel<['out', 'table', 'ids', 'count', 'size']>;
  f32_lstm_cell: Kernel<['hiddenOut', 'cellOut', 'gates', 'previousCell', 'batch', 'hidden']>;
  f32_lstm_sequence: Kernel<
    [
      'output',
      'hiddenState',
      'cellState',
      'savedHidden',
      'savedCell',
      'gates',
      'packed',
      'lengths',
      'batch',
      'time',
      'hidden',
      'outputStride',
      'reverse',
    ]
  >;
  qi8_lstm_sequence: Kernel<
    [
      'output',
      'hiddenState',
      'cellState',
      'gates',
      'scratch',
      'packed',
      'scale',
      'lengths',
      'batch',
      'time',
      'hidden',
      'outputStride',
      'reverse',
    ]
  >;
  f32_rnn_sequence: Kernel<
    [
      'output',
      'hiddenState',
      'savedHidden',
      'gates',
      'packed',
      'lengths',
      'batch',
      'time',
      'hidden',
      'outputStride',
      'reverse',
    ]
  >;
  f32_gru_cell: Kernel<['hiddenOut', 'gates', 'products', 'previousHidden', 'batch', 'hidden']>;
  f32_gru_sequence: Kernel<
    [
      'output',
      'hiddenState',
      'savedHidden',
      'savedProduct',
      'gates',
      'products',
      'packed',
      'bias',
      'lengths',
      'batch',
      'time',
      'hidden',
      'outputStride',
      'reverse',
    ]
  >;
  f32_score_dot: Kernel<['scores', 'query', 'key', 'batch', 'queries', 'keys', 'size', 'scale']>;
  f32_score_additive: Kernel<['scores', 'query', 'key', 'vector', 'batch', 'queries', 'keys', 'size']>;
  f32_attention: Kernel<
    [
      'out',
      'query',
      'key',
      'value',
      'mask',
      'lengths',
      'scratch',
      'firstHead',
      'headCount',
      'heads',
      'keyValueHeads',
      'queries',
      'keys',
      'size',
      'valueSize',
      'outBatchStride',
      'outStride',
      'queryBatchStride',
      'queryStride',
      'keyBatchStride',
      'keyStride',
      'valueBatchStride',
      'valueStride',
      'maskBatchStride',
      'maskHeadStride',
      'maskStride',
      'firstVisible',
      'scale',
    ]
  >;
  f32_rotary: Kernel<
    [
      'out',
      'x',
      'cosine',
      'sine',
      'positions',
      'rows',
      'heads',
      'size',
      'rotated',
      'outStride',
      'xStride',
      'interleaved',
      'inverse',
      'accumulate',
    ]
  >;
  f32_weighted_sum: Kernel<['out', 'weights', 'value', 'batch', 'queries', 'keys', 'size', 'accumulate']>;
  f32_gaussian_window: Kernel<['out', 'weights', 'positions', 'rows', 'columns', 'halfWidth']>;
  f32_entropy: Kernel<['out', 'weights', 'rows', 'columns']>;
  f32_sum(x: number, n: number): number;
  f32_sum_squares(x: number, n: number): number;
  f32_sum_rows: Kernel<['out', 'x', 'rows', 'columns']>;
  f32_argmax: Kernel<['out', 'x', 'rows', 'columns']>;
  f32_cross_entropy: Kernel<
    ['loss', 'logProbabilities', 'targets', 'rows', 'classes', 'ignored', 'smoothing']
  >;
  f32_im2col: Kernel<
    [
      'out',
      'x',
      'channels',
      'height',
      'width',
      'kernelHeight',
      'kernelWidth',
      'strideHeight',
      'strideWidth',
      'paddingHeight',
      'paddingWidth',
      'dilationHeight',
      'dilationWidth',
      'outWidth',
      'from',
      'count',
      'panel',
    ]
  >;
  f32_max_pool: Kernel<
    [
      'out',
      'x',
      'planes',
      'height',
      'width',
      'kernelHeight',
      'kernelWidth',
      'strideHeight',
      'strideWidth',
      'paddingHeight',
      'paddingWidth',
      'outHeight',
      'outWidth',
    ]
  >;
}

/** Exports that only the training binaries have. */
export interface GradientKernels {
  f32_transpose: Kernel<['out', 'x', 'rows', 'columns', 'outStride', 'xStride']>;
  f32_softmax_backward: Kernel<['gradX', 'gradY', 'y', 'rows', 'columns']>;
  f32_log_softmax_backward: Kernel<['gradX', 'gradY', 'y', 'rows', 'columns']>;
  f32_tanh_backward: Kernel<['gradX', 'gradY', 'y', 'n']>;
  f32_sigmoid_backward: Kernel<['gradX', 'gradY', 'y', 'n']>;
  f32_relu_backward: Kernel<['gradX', 'gradY', 'y', 'n']>;
  f32_gelu_backward: Kernel<['gradX', 'gradY', 'x', 'n']>;
  f32_gelu_tanh_backward: Kernel<['gradX', 'gradY', 'x', 'n']>;
  f32_silu_backward: Kernel<['gradX', 'gradY', 'x', 'n']>;
  f32_layer_norm_backward: Kernel<
    ['gradX', 'gradWeight', 'gradBias', 'gradY', 'x', 'weight', 'rows', 'columns', 'epsilon']
  >;
  f32_rms_norm_backward: Kernel<
    ['gradX', 'gradWeight', 'gradY', 'x', 'weight', 'rows', 'columns', 'epsilon']
  >;
  f32_l2_normalize_backward: Kernel<['gradX', 'gradY', 'x', 'rows', 'columns']>;
  f32_scatter_add: Kernel<['table', 'x', 'ids', 'count', 'size']>;
  f32_lstm_cell_backward: Kernel<
    ['gradGates', 'gradPreviousCell', 'gradHidden', 'gradCell', 'gates', 'previousCell', 'batch', 'hidden']
  >;
  f32_lstm_sequence_backward: Kernel<
    [
      'gates',
      'gradHiddenState',
      'gradCellState',
      'gradOutput',
      'savedCell',
      'packed',
      'lengths',
      'batch',
      'time',
      'hidden',
      'outputStride',
      'reverse',
    ]
  >;
  f32_rnn_sequence_backward: Kernel<
    [
      'gates',
      'gradHiddenState',
      'gradOutput',
      'packed',
      'lengths',
      'batch',
      'time',
      'hidden',
      'outputStride',
      'reverse',
    ]
  >;
  f32_gru_cell_backward: Kernel<
    ['gates', 'gradProducts', 'gradHidden', 'products', 'previousHidden', 'batch', 'hidden']
  >;
  f32_gru_sequence_backward: Kernel<
    [
      'gates',
      'gradProducts',
      'gradHiddenState',
      'gradOutput',
      'savedHidden',
      'savedProduct',
      'packed',
      'lengths',
      'batch',
      'time',
      'hidden',
      'outputStride',
      'reverse',
    ]
  >;
  f32_score_additive_backward: Kernel<
    [
      'gradQuery',
      'gradKey',
      'gradVector',
      'gradScores',
      'query',
      'key',
      'vector',
      'batch',
      'queries',
      'keys',
      'size',
    ]
  >;
  f32_weighted_sum_transposed: Kernel<['out', 'weights', 'x', 'batch', 'queries', 'keys', 'size', 'scale']>;
  f32_gaussian_window_backward: Kernel<
    ['gradWeights', 'gradPositions', 'gradOut', 'weights', 'positions', 'rows', 'columns', 'halfWidth']
  >;
  f32_entropy_backward: Kernel<['gradWeights', 'gradOut', 'weights', 'rows', 'columns']>;
  f32_cross_entropy_backward: Kernel<
    ['gradLogits', 'gradLoss', 'logProbabilities', 'targets', 'rows', 'classes', 'ignored', 'smoothing']
  >;
  f32_dropout: Kernel<['out', 'x', 'n', 'seed', 'threshold', 'scale', 'accumulate']>;
  f32_adam: Kernel<
    [
      'parameter',
      'firstMoment',
      'secondMoment',
      'gradient',
      'n',
      'gradientScale',
      'learningRate',
      'beta1',
      'beta2',
      'epsilon',
      'weightDecay',
      'decoupled',
      'correction1',
      'correction2',
    ]
  >;
  f32_col2im: Kernel<
    [
      'gradX',
      'gradPatches',
      'channels',
      'height',
      'width',
      'kernelHeight',
      'kernelWidth',
      'strideHeight',
      'strideWidth',
      'paddingHeight',
      'paddingWidth',
      'dilationHeight',
      'dilationWidth',
      'outWidth',
      'from',
      'count',
    ]
  >;
  f32_max_pool_backward: Kernel<
    [
      'gradX',
      'gradY',
      'x',
      'planes',
      'height',
      'width',
      'kernelHeight',
      'kernelWidth',
      'strideHeight',
      'strideWidth',
      'paddingHeight',
      'paddingWidth',
      'outHeight',
      'outWidth',
    ]
  >;
}

export type TrainingKernels = InferenceKernels & GradientKernels;
