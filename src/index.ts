/** heed: a WebAssembly runtime for attention and LSTM models. Importing it does nothing. */
export * from './errors.ts';
export { fromFloat32, toFloat32, toInt32 } from './io/conversion.ts';
export { type NamePattern, type QuantizedWeights, type QuantizeOptions, quantize } from './io/quantise.ts';
export { readSafetensors } from './io/safetensors.ts';
export { writeSafetensors } from './io/writeSafetensors.ts';
export { Embedding, type EmbeddingConfig } from './layers/embedding.ts';
export {
  TransformerEncoderLayer,
  type TransformerEncoderLayerConfig,
  type TransformerEncoderLayerOptions,
} from './layers/encoderLayer.ts';
export { GRU, type GRUConfig, type GRUForwardOptions, type GRUStepState } from './layers/gru.ts';
export { Linear, type LinearConfig } from './layers/linear.ts';
export { LSTM, type LSTMConfig, type LSTMForwardOptions, type LSTMStepState } from './layers/lstm.ts';
export {
  type AttentionMask,
  MultiHeadAttention,
  type MultiHeadAttentionConfig,
  type MultiHeadAttentionForwardOptions,
  type MultiHeadAttentionOptions,
  type MultiHeadAttentionResult,
  type ReturnedWeights,
} from './layers/multiHeadAttention.ts';
export { LayerNorm, type LayerNormConfig, RMSNorm, type RMSNormConfig } from './layers/norm.ts';
export {
  type Arithmetic,
  createParameters,
  type Initialisation,
  type LoadOptions,
  loadParameters,
  Parameters,
} from './layers/parameters.ts';
export { RNN, type RNNConfig, type RNNForwardOptions, type RNNStepState } from './layers/rnn.ts';
export { type Activation, gelu, geluTanh, relu, silu } from './ops/activation.ts';
export { type AttentionOptions, attention, type RowsOf } from './ops/attention.ts';
export { additiveMask } from './ops/attentionMask.ts';
export { crossEntropy, crossEntropyRows } from './ops/crossEntropy.ts';
export { dropout } from './ops/dropout.ts';
export { add, exp, multiply, scale, sigmoid, sum, tanh } from './ops/elementwise.ts';
export { embedding } from './ops/embedding.ts';
export { type GRUSequenceOptions, type GRUState, gruCell, gruSequence } from './ops/gru.ts';
export { Int8Weight } from './ops/int8Weight.ts';
export { concatenate, stack } from './ops/join.ts';
export { addLinear, linear } from './ops/linear.ts';
export { lstmCell, lstmSequence } from './ops/lstm.ts';
export { type MatmulOptions, matmul } from './ops/matmul.ts';
export { type LayerNormOptions, layerNorm, type NormOptions, rmsNorm } from './ops/norm.ts';
export { PackedWeight } from './ops/packedWeight.ts';
export type {
  HiddenState,
  LSTMState,
  OutputColumns,
  RecurrentState,
  SequenceOptions,
} from './ops/recurrence.ts';
export { rnnCell, rnnSequence } from './ops/rnn.ts';
export { additiveScore, dotScore, weightedSum } from './ops/score.ts';
export { logSoftmax, softmax } from './ops/softmax.ts';
export type { Weight } from './ops/weight.ts';
export { createRuntime, createRuntimeSync, type RuntimeOptions } from './runtime/load.ts';
export type { MicroKernel } from './runtime/microKernel.ts';
export { Runtime, type RuntimeParts } from './runtime/runtime.ts';
export type { Variant } from './runtime/variant.ts';
export { Random } from './tensor/random.ts';
export type { Shape } from './tensor/shape.ts';
export { type DType, Tensor } from './tensor/tensor.ts';
export type { StoredDType, StoredTensor, WeightSource } from './tensor/weights.ts';
