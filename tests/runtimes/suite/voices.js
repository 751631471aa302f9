// What the voice detector's checks are made of.
import { sourceOf, weightsOf } from './values.js';

/** Of Silero VAD's weights. */
export const shapes = {
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

/** Made-up weights of these shapes. */
export const voiceWeights = () => sourceOf(weightsOf(shapes));

/** A sum of tones; only additions, multiplications and divisions, so that every engine hears the same. */
export function sound(samples) {
  const saw = (i, period) => ((i % period) / period) * 2 - 1;
  return Float32Array.from({ length: samples }, (_, i) => (saw(i, 80) + saw(i, 137) * saw(i, 4000)) / 2);
}
