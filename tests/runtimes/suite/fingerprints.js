/**
 * What `simd` computes, to the bit: hashes of each op's results on inputs that are the same everywhere (whole numbers
 * times powers of two). The suites under Node hold the sources to these constants, the places hold the bundle to them.
 */
import { modelComputations } from './modelFingerprints.js';

/** FNV-1a over the results' 32-bit words. Where a kernel's arithmetic is changed on purpose, the failing test prints the new ones. */
export const EXPECTED = {
  Captioner: '1aad6562',
  CausalLanguageModel: '260ea094',
  GRU: '74af508a',
  LSTM: '17613e23',
  'LSTM, int8': '367d33bf',
  MaskedLanguageModel: '0bdcb2df',
  RNN: '3a8f8879',
  Seq2Seq: '374f880a',
  TransformerSeq2Seq: '9e67803f',
  VoiceDetector: '5fd7abee',
  additiveScore: '6f6c4a24',
  'attention, causal': '8c8bba2e',
  'attention, masked': '54cffe11',
  'attention, one query': '8460b171',
  exp: '3a9940e5',
  'int8, one row': '1f033947',
  'int8, several rows': '43a39c49',
  layerNorm: '8b2189fb',
  'linear, deep': '1f0e88c9',
  'linear, few columns': '31beff59',
  'linear, gelu': '390cd2b4',
  'linear, geluTanh': '203d87d3',
  'linear, none': 'b6aaab6f',
  'linear, one row': 'c1b08499',
  'linear, relu': 'b79da8c9',
  'linear, sigmoid': 'ffd1086c',
  'linear, silu': 'cec449d9',
  'linear, tanh': '80085ec5',
  logSoftmax: 'b15f6415',
  'logSoftmax, masked': '52b57670',
  matmul: 'e56cc76e',
  'matmul, transposed': '08c123cb',
  rmsNorm: '00a1d0da',
  rotary: 'e3bf08e9',
  softmax: 'd080e2a3',
  'softmax, masked': 'ac639de6',
};

/** All activations that `linear` has. */
const ACTIVATIONS = ['none', 'relu', 'gelu', 'silu', 'tanh', 'sigmoid', 'geluTanh'];

/** Inputs of one computation, with a generator of its own: they do not depend on what was computed before. */
class Inputs {
  #heed;
  #runtime;
  #random;

  constructor(heed, runtime) {
    this.#heed = heed;
    this.#runtime = runtime;
    this.#random = new heed.Random(1);
  }

  /** Multiples of 2^-15 in [-1, 1), times a power of two. */
  values(size, scale = 1) {
    return Float32Array.from(
      { length: size },
      () => (this.#random.integer(65_536) - 32_768) * 2 ** -15 * scale,
    );
  }

  floats(shape, scale = 1) {
    const size = shape.reduce((a, b) => a * b, 1);
    return this.#heed.Tensor.from(this.#runtime, this.values(size, scale), shape);
  }

  integers(values) {
    return this.#heed.Tensor.from(this.#runtime, values, [values.length], 'i32');
  }

  /** Additive: 0, -infinity where a third of the keys are hidden, and slopes between. */
  mask(shape) {
    const values = this.values(shape.reduce((a, b) => a * b, 1)).map((value) =>
      value > 0.25 ? -Infinity : value,
    );
    return this.#heed.Tensor.from(this.#runtime, values, shape);
  }

  weights(shapes) {
    const tensors = new Map(
      Object.entries(shapes).map(([name, shape]) => {
        const values = this.values(
          shape.reduce((a, b) => a * b, 1),
          0.25,
        );
        return [name, this.#heed.fromFloat32(values, shape, 'F32')];
      }),
    );
    return { metadata: {}, names: () => [...tensors.keys()], get: (name) => tensors.get(name) };
  }
}

const recurrentShapes = (gates, input, hidden) =>
  Object.fromEntries(
    ['l0', 'l0_reverse'].flatMap((suffix) => [
      [`weight_ih_${suffix}`, [gates * hidden, input]],
      [`weight_hh_${suffix}`, [gates * hidden, hidden]],
      [`bias_ih_${suffix}`, [gates * hidden]],
      [`bias_hh_${suffix}`, [gates * hidden]],
    ]),
  );

/** The computations, by name. Sizes are odd, and large enough that threads share most of them. */
function computations(heed, runtime) {
  const product = (inputs, [rows, outputs, depth], activation) => {
    const weight = new heed.PackedWeight(inputs.floats([outputs, depth], 0.5));
    const y = heed.linear(inputs.floats([rows, depth], 4), weight, inputs.floats([outputs]), activation);
    weight.dispose();
    return y;
  };
  const products = ACTIVATIONS.map((activation) => [
    `linear, ${activation}`,
    (inputs) => product(inputs, [97, 67, 65], activation),
  ]);
  const recurrent = (name, gates, arithmetic) => (inputs) => {
    const floats = inputs.weights(recurrentShapes(gates, 21, 35));
    const weights = arithmetic === 'f32' ? floats : heed.quantize(floats);
    const config = { inputSize: 21, hiddenSize: 35, bidirectional: true, arithmetic };
    const layer = heed[name].load(runtime, weights, config);
    const { output, state } = layer.forward(inputs.floats([3, 11, 21], 2), {
      lengths: inputs.integers([11, 0, 7]),
    });
    layer.dispose();
    return [output, ...state.flatMap((each) => Object.values(each))];
  };

  const attend =
    ([queries, keys], optionsOf) =>
    (inputs) => {
      const [q, k, v] = [queries, keys, keys].map((rows) => inputs.floats([2, rows, 4 * 20], 2));
      return heed.attention(q, k, v, { heads: 4, ...optionsOf(inputs) }).output;
    };
  const int8Product = (rows) => (inputs) => {
    const file = heed.quantize(inputs.weights({ weight: [301, 99], bias: [301] }));
    const layer = heed.Linear.load(runtime, file, { inputs: 99, outputs: 301, arithmetic: 'int8' });
    const y = layer.forward(inputs.floats([rows, 99], 4));
    layer.dispose();
    return y;
  };
  return {
    ...Object.fromEntries(products),
    'linear, one row': (inputs) => product(inputs, [1, 1001, 301], 'none'),
    'linear, deep': (inputs) => product(inputs, [13, 33, 1541], 'none'),
    'linear, few columns': (inputs) => product(inputs, [193, 7, 300], 'tanh'),
    matmul: (inputs) => heed.matmul(inputs.floats([3, 33, 65]), inputs.floats([3, 65, 41])),
    'matmul, transposed': (inputs) =>
      heed.matmul(inputs.floats([33, 65]), inputs.floats([41, 65]), { transposeB: true }),
    exp: (inputs) => heed.exp(inputs.floats([999], 64)),
    softmax: (inputs) => heed.softmax(inputs.floats([97, 203], 16)),
    'softmax, masked': (inputs) => {
      const x = inputs.floats([3, 33, 203], 16);
      return heed.softmax(x, { additive: inputs.mask([33, 203]), lengths: inputs.integers([203, 0, 101]) });
    },
    logSoftmax: (inputs) => heed.logSoftmax(inputs.floats([97, 203], 16)),
    'logSoftmax, masked': (inputs) => {
      const x = inputs.floats([3, 33, 203], 16);
      return heed.logSoftmax(x, {
        additive: inputs.mask([33, 203]),
        lengths: inputs.integers([203, 0, 101]),
      });
    },
    layerNorm: (inputs) =>
      heed.layerNorm(inputs.floats([201, 171], 4), {
        weight: inputs.floats([171]),
        bias: inputs.floats([171]),
      }),
    rmsNorm: (inputs) => heed.rmsNorm(inputs.floats([201, 171], 4), { weight: inputs.floats([171]) }),
    LSTM: recurrent('LSTM', 4, 'f32'),
    'LSTM, int8': recurrent('LSTM', 4, 'int8'),
    GRU: recurrent('GRU', 3, 'f32'),
    RNN: recurrent('RNN', 1, 'f32'),
    'attention, causal': attend([67, 67], () => ({ causal: true })),
    'attention, masked': attend([35, 131], (inputs) => ({
      mask: inputs.mask([35, 131]),
      lengths: inputs.integers([131, 77]),
    })),
    'attention, one query': attend([1, 517], (inputs) => ({ lengths: inputs.integers([517, 300]) })),
    additiveScore: (inputs) =>
      heed.additiveScore(inputs.floats([2, 5, 37], 2), inputs.floats([2, 19, 37], 2), inputs.floats([37])),
    rotary: (inputs) => {
      // Not the table's sines, which are the engine's own.
      const table = { cosine: inputs.floats([29, 9]), sine: inputs.floats([29, 9]) };
      const x = inputs.floats([3, 23, 4 * 21], 2);
      return ['halves', 'interleaved'].map((pairing) =>
        heed.rotary(x, { heads: 4, table, pairing, offset: 5 }),
      );
    },
    'int8, one row': int8Product(1),
    'int8, several rows': int8Product(37),
    ...modelComputations(heed, runtime),
  };
}

/** FNV-1a over the bits. @throws Error for a NaN, whose bits engines choose as they like */
function hash(name, tensors) {
  let state = 0x811c9dc5;
  for (const tensor of tensors) {
    const values = tensor.toFloat32Array();
    if (values.some(Number.isNaN)) throw new Error(`${name}: has NaN`);
    for (const word of new Uint32Array(values.buffer, values.byteOffset, values.length)) {
      state = Math.imul(state ^ word, 0x01000193);
    }
  }
  return (state >>> 0).toString(16).padStart(8, '0');
}

/** What this runtime computes, as hashes by name. */
export function fingerprints(heed, runtime) {
  const entries = Object.entries(computations(heed, runtime)).map(([name, compute]) => [
    name,
    runtime.scope(() => hash(name, [compute(new Inputs(heed, runtime))].flat())),
  ]);
  return Object.fromEntries(entries);
}
