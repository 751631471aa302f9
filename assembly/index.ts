/** The inference binary: the kernels that src/runtime/abi.ts declares, nothing else. */
export { f32_pack, f32_pack_transposed, f32_matmul, f32_matmul_transposed } from './kernels/matmul';
export { qi8_pack, qi8_matmul, qi8_matmul_i16 } from './kernels/matmulInt8';
export { f32_softmax, f32_log_softmax } from './kernels/softmax';
export {
  f32_exp, f32_sigmoid, f32_tanh, f32_add, f32_multiply, f32_multiply_add, f32_scale, f32_add_scaled, f32_fill,
  f32_copy_columns,
} from './kernels/elementwise';
export { f32_activate, f32_relu, f32_gelu, f32_gelu_tanh, f32_silu } from './kernels/activation';
export { f32_layer_norm, f32_rms_norm, f32_l2_normalize } from './kernels/norm';
export { f32_gather } from './kernels/embedding';
export { f32_lstm_cell, f32_lstm_sequence } from './kernels/lstm';
export { qi8_lstm_sequence } from './kernels/lstmInt8';
export { f32_rnn_sequence } from './kernels/rnn';
export { f32_gru_cell, f32_gru_sequence } from './kernels/gru';
export { f32_score_dot, f32_score_additive } from './kernels/score';
export { f32_attention } from './kernels/attention';
export { f32_rotary } from './kernels/rotary';
export { f32_weighted_sum } from './kernels/weightedSum';
export { f32_gaussian_window } from './kernels/gaussianWindow';
export { f32_entropy } from './kernels/entropy';
export { f32_sum, f32_sum_squares, f32_sum_rows, f32_argmax } from './kernels/reduce';
export { f32_cross_entropy } from './kernels/crossEntropy';
export { f32_im2col } from './kernels/conv';
export { f32_max_pool } from './kernels/pool';

/** Raised with every change of a signature, so that a binary and the code beside it cannot be mixed up. */
export function abi_version(): i32 {
  return 2;
}

/** First byte past the binary's own data: the arena begins here. */
export function heap_base(): usize {
  return __heap_base;
}
