/** The parts of the peers that the comparison uses: the root's type check must not need them installed. */

declare module 'protobufjs' {
  interface Type {
    fromObject(message: object): object;
    encode(message: object): { finish(): Uint8Array };
  }
  interface Root {
    lookupType(name: string): Type;
  }
  const protobuf: { loadSync(path: string): Root };
  export default protobuf;
}

declare module 'onnxruntime-web' {
  export interface Value {
    readonly data: Float32Array;
  }
  export interface Session {
    run(feeds: Readonly<Record<string, Value>>): Promise<Readonly<Record<string, Value>>>;
    release(): Promise<void>;
  }
  export const InferenceSession: {
    create(model: Uint8Array, options: object): Promise<Session>;
  };
  export const Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => Value;
  export const env: { logLevel: string; wasm: { numThreads: number } };
}

declare module 'onnxruntime-node' {
  const ort: typeof import('onnxruntime-web');
  export default ort;
}

declare module '@huggingface/transformers' {
  export const env: object;
  export function pipeline(
    task: 'feature-extraction',
    model: string,
    options: { readonly device: 'auto'; readonly dtype: 'fp32' },
  ): Promise<{
    (
      texts: readonly string[],
      options: { readonly pooling: 'mean'; readonly normalize: boolean },
    ): Promise<{ readonly data: Float32Array }>;
    dispose(): Promise<void>;
  }>;
}

declare module '@tensorflow/tfjs' {
  export interface Tensor {
    dataSync(): Float32Array;
    dispose(): void;
    reshape(shape: readonly number[]): Tensor;
    transpose(order: readonly number[]): Tensor;
    add(other: Tensor): Tensor;
    sub(other: Tensor): Tensor;
    mul(other: Tensor | number): Tensor;
    matMul(other: Tensor, transposeLeft?: boolean, transposeRight?: boolean): Tensor;
    mean(axis: number, keepDimensions: boolean): Tensor;
  }
  export interface RecurrentLayer {
    apply(x: Tensor): Tensor;
    setWeights(weights: readonly Tensor[]): void;
  }
  const tf: {
    ready(): Promise<void>;
    setBackend(name: string): Promise<boolean>;
    tensor(values: Float32Array, shape: readonly number[]): Tensor;
    tidy<Result>(body: () => Result): Result;
    matMul(a: Tensor, b: Tensor, transposeLeft?: boolean, transposeRight?: boolean): Tensor;
    softmax(x: Tensor): Tensor;
    erf(x: Tensor): Tensor;
    rsqrt(x: Tensor): Tensor;
    layers: { lstm(options: object): RecurrentLayer };
  };
  export default tf;
}

declare module '@tensorflow/tfjs-backend-wasm' {
  const wasm: { setThreadsCount(count: number): void };
  export default wasm;
}

declare module '@jax-js/jax' {
  /** Passing an array to a function gives it away; `ref` keeps it. */
  export interface Array {
    readonly ref: Array;
    reshape(shape: readonly number[]): Array;
    transpose(order?: readonly number[]): Array;
    data(): Promise<Float32Array>;
  }
  export function init(device: 'wasm'): Promise<unknown>;
  export function defaultDevice(device: 'wasm'): unknown;
  export function jit<Arguments extends readonly Array[]>(
    body: (...inputs: Arguments) => Array,
  ): (...inputs: Arguments) => Array;
  export const numpy: {
    array(values: Float32Array): Array;
    matmul(a: Array, b: Array): Array;
  };
  export const nn: {
    softmax(x: Array, axis: number): Array;
    dotProductAttention(query: Array, key: Array, value: Array): Array;
  };
}

declare module 'brain.js' {
  export interface Matrix {
    weights: Float64Array | Float32Array;
  }
  export interface TimeStep {
    readonly model: {
      hiddenLayers: Readonly<Record<string, Matrix>>[];
      /** By step, the outputs of each layer. */
      equationConnections: Matrix[][];
    };
    initialize(): void;
    bindEquation(): void;
    run(sequence: readonly Float32Array[]): Float64Array | Float32Array;
  }
  const brain: { recurrent: { LSTMTimeStep: new (options: object) => TimeStep } };
  export default brain;
}
