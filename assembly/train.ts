/** The training binary: the inference kernels and the backward of each. */
export * from './index';
export { f32_transpose } from './gradients/transpose';
export { f32_softmax_backward, f32_log_softmax_backward } from './gradients/softmax';
export { f32_tanh_backward, f32_sigmoid_backward } from './gradients/elementwise';
export {
  f32_relu_backward, f32_gelu_backward, f32_gelu_tanh_backward, f32_silu_backward,
} from './gradients/activation';
export { f32_layer_norm_backward, f32_rms_norm_backward, f32_l2_normalize_backward } from './gradients/norm';
export { f32_scatter_add } from './gradients/embedding';
export { f32_lstm_cell_backward, f32_lstm_sequence_backward } from './gradients/lstm';
export { f32_rnn_sequence_backward } from './gradients/rnn';
export { f32_gru_cell_backward, f32_gru_sequence_backward } from './gradients/gru';
export { f32_score_additive_backward } from './gradients/score';
export { f32_weighted_sum_transposed } from './gradients/weightedSum';
export { f32_gaussian_window_backward } from './gradients/gaussianWindow';
export { f32_entropy_backward } from './gradients/entropy';
export { f32_cross_entropy_backward } from './gradients/crossEntropy';
export { f32_dropout } from './gradients/dropout';
export { f32_adam } from './gradients/adam';
export { f32_col2im } from './gradients/conv';
export { f32_max_pool_backward } from './gradients/pool';
