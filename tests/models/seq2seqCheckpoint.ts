/** T5 and Marian checkpoints behind one face. */
import { loadMarian, loadT5 } from '../../src/models/encoderDecoder/load.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import type { Checkpoint } from './checkpoints.ts';

/** What both families give for a source and a target. */
interface Passed {
  readonly memory: Tensor;
  readonly logits: Tensor;
  readonly encoderWeights: readonly Tensor[];
  readonly decoderWeights: readonly Tensor[];
  readonly crossWeights: readonly Tensor[];
}

/** A T5 or a Marian, and one pass through it. */
export async function loadSeq2Seq(
  runtime: Runtime,
  { config, stream }: Pick<Checkpoint, 'config' | 'stream'>,
  quantize?: 'int8',
) {
  if (config.text('model_type') === 'marian') {
    const model = await loadMarian(runtime, config, stream, { quantize });
    const pass = (source: Tensor, sourceLengths: Tensor, targetInput: Tensor): Passed => {
      const batch = { source, sourceLengths, targetInput, targetOutput: targetInput };
      const { logits, encoderWeights, selfWeights, crossWeights } = model.forward(batch, {
        returnWeights: 'per-head',
      });
      return {
        memory: model.encode(source, sourceLengths).output,
        logits,
        encoderWeights: encoderWeights!,
        decoderWeights: selfWeights!,
        crossWeights: crossWeights!,
      };
    };
    return { model, pass };
  }
  const model = await loadT5(runtime, config, stream, { quantize });
  const pass = (source: Tensor, lengths: Tensor, target: Tensor): Passed => {
    const encoded = model.encode(source, lengths, { returnWeights: 'per-head' });
    const decoded = model.decode(target, encoded.output, lengths, { returnWeights: 'per-head' });
    return {
      memory: encoded.output,
      logits: decoded.logits,
      encoderWeights: encoded.weights!,
      decoderWeights: decoded.weights!,
      crossWeights: decoded.crossWeights!,
    };
  };
  return { model, pass };
}
