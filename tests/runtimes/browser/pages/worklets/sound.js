/** Weights of Silero VAD's shapes, the same wherever this runs. */
export function tensors() {
  const shapes = {
    'stft.forward_basis': [258, 1, 256],
    'encoder.conv1.weight': [128, 129, 3],
    'encoder.conv1.bias': [128],
    'encoder.conv2.weight': [64, 128, 3],
    'encoder.conv2.bias': [64],
    'encoder.conv3.weight': [64, 64, 3],
    'encoder.conv3.bias': [64],
    'encoder.conv4.weight': [128, 64, 3],
    'encoder.conv4.bias': [128],
    'decoder.lstm.weight_ih': [512, 128],
    'decoder.lstm.weight_hh': [512, 128],
    'decoder.lstm.bias_ih': [512],
    'decoder.lstm.bias_hh': [512],
    'decoder.conv.weight': [1, 128, 1],
    'decoder.conv.bias': [1],
  };
  let bits = 1;
  const number = () => {
    bits = (Math.imul(bits, 1664525) + 1013904223) >>> 0;
    return bits / 2 ** 31 - 1;
  };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const depth = shape.slice(1).reduce((a, b) => a * b, 1);
      const values = Float32Array.from({ length: shape[0] * depth }, () => number() * Math.sqrt(6 / depth));
      return [name, { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) }];
    }),
  );
}

/** A sum of tones; only additions, multiplications and divisions, so that every engine hears the same. */
export function sound(samples) {
  const saw = (i, period) => ((i % period) / period) * 2 - 1;
  return Float32Array.from({ length: samples }, (_, i) => (saw(i, 80) + saw(i, 137) * saw(i, 4000)) / 2);
}
