import { DisposedError, DTypeError, ShapeError } from '../../errors.ts';
import { readSafetensors } from '../../io/safetensors.ts';
import { type LoadOptions, loadParameters } from '../../layers/parameters.ts';
import { createRuntime, type RuntimeOptions } from '../../runtime/load.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { WeightSource } from '../../tensor/weights.ts';
import { voiceActivity } from './config.ts';
import { VoiceNetwork } from './network.ts';
import { Stream } from './stream.ts';

export interface VoiceDetectorOptions extends RuntimeOptions {
  /** The tensors, or a safetensors file of them; see `VoiceDetector.load`. */
  readonly weights: WeightSource | Uint8Array | ArrayBuffer;
}

/**
 * Makes a detector on a runtime of its own, which is disposed of with it and its forks.
 * @throws FormatError as `VoiceDetector.load`; UnsupportedError without WebAssembly SIMD
 */
export async function createVoiceDetector(options: VoiceDetectorOptions): Promise<VoiceDetector> {
  const { weights, ...runtimeOptions } = options;
  const isFile = weights instanceof Uint8Array || weights instanceof ArrayBuffer;
  const source = isFile ? readSafetensors(weights) : weights;
  const runtime = await createRuntime(runtimeOptions);
  try {
    return new VoiceDetector(new SharedNetwork(loadNetwork(runtime, source), () => runtime.dispose()));
  } catch (error) {
    runtime.dispose();
    throw error;
  }
}

/**
 * Hears whether somebody speaks: Silero VAD for 16 kHz (https://github.com/snakers4/silero-vad), a Fourier transform, four
 * convolutions and an LSTM. One detector follows one stream of sound, 512 samples at a time; `fork` gives others that share
 * its weights (1.3 MB). Steps are synchronous and allocate nothing, as an AudioWorklet wants it.
 */
export class VoiceDetector {
  /** Samples a second. */
  static readonly sampleRate = voiceActivity.sampleRate;
  /** Samples of a step. */
  static readonly chunkSamples = voiceActivity.chunkSamples;
  readonly #shared: SharedNetwork;
  readonly #stream: Stream;
  #disposed = false;

  /** Made by `createVoiceDetector`, `load` and `fork`. @throws OutOfMemoryError */
  constructor(shared: SharedNetwork) {
    this.#stream = new Stream(shared.network.runtime);
    this.#shared = shared;
    shared.hold();
  }

  /**
   * Loads the weights in the names and layouts of PyTorch: `stft.forward_basis` [258, 1, 256], `encoder.conv1.weight`
   * [128, 129, 3] and `.bias` to `encoder.conv4`, `decoder.lstm.weight_ih` [512, 128], `weight_hh`, `bias_ih` and
   * `bias_hh` [512] (gates i, f, g, o), `decoder.conv.weight` [1, 128, 1] and `.bias`. Any floating type, or 8 bits with
   * scales; computed in f32.
   * @param options `prefix`: names begin with it
   * @throws FormatError that lists every missing, misshapen and unexpected tensor; OutOfMemoryError
   */
  static load(
    runtime: Runtime,
    weights: WeightSource,
    options: Pick<LoadOptions, 'prefix'> = {},
  ): VoiceDetector {
    const network = loadNetwork(runtime, weights, options.prefix);
    try {
      return new VoiceDetector(new SharedNetwork(network, () => network.dispose()));
    } catch (error) {
      network.dispose();
      throw error;
    }
  }

  /** What it works on: variant and memory. */
  get runtime(): Runtime {
    return this.#stream.runtime;
  }

  /**
   * Hears the next 32 ms.
   * @param samples 512 of them, at 16 kHz, one channel: floats in -1..1 or 16-bit integers. The last ones of a recording
   * are filled up with zeros
   * @returns the probability of speech, 0..1. NaN once a sample was NaN or infinite: what was heard stays in the state, and
   * all that follows is NaN too, until `reset`
   * @throws DTypeError, ShapeError (both leave the stream as it was), DisposedError
   */
  step(samples: Float32Array | Int16Array): number {
    this.#check(samples);
    const { runtime, probability } = this.#stream;
    this.#stream.listen(samples);
    this.#shared.network.run(this.#stream);
    return runtime.memory.floats[probability.pointer / 4]!;
  }

  /** Forgets what it heard: the next step is the first one of a stream. @throws DisposedError */
  reset(): void {
    this.#expectAlive();
    this.#stream.clear();
  }

  /** A detector for another stream, at its beginning, with the same weights. @throws DisposedError, OutOfMemoryError */
  fork(): VoiceDetector {
    this.#expectAlive();
    return new VoiceDetector(this.#shared);
  }

  #check(samples: Float32Array | Int16Array): void {
    this.#expectAlive();
    if (!(samples instanceof Float32Array || samples instanceof Int16Array)) {
      const came = (samples as object | undefined)?.constructor?.name ?? String(samples);
      throw new DTypeError(
        `VoiceDetector.step: samples must be a Float32Array or an Int16Array, got ${came}`,
      );
    }
    const { chunkSamples } = voiceActivity;
    if (samples.length !== chunkSamples) {
      throw new ShapeError(
        `VoiceDetector.step: samples must be ${chunkSamples} (32 ms at 16 kHz), got ${samples.length}`,
      );
    }
  }

  #expectAlive(): void {
    if (this.#disposed) throw new DisposedError('VoiceDetector: used after its dispose()');
  }

  /** Frees the stream, and the weights with the last detector that shares them. A second call does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#stream.dispose();
    this.#shared.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Weights that detectors share, freed by the last one to let go. */
class SharedNetwork {
  readonly network: VoiceNetwork;
  readonly #free: () => void;
  #holders = 0;

  constructor(network: VoiceNetwork, free: () => void) {
    this.network = network;
    this.#free = free;
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    if (--this.#holders === 0) this.#free();
  }
}

function loadNetwork(runtime: Runtime, weights: WeightSource, prefix = ''): VoiceNetwork {
  const network = loadParameters(runtime, weights, prefix, (parameters) => new VoiceNetwork(parameters));
  try {
    network.prepare();
    return network;
  } catch (error) {
    network.dispose();
    throw error;
  }
}
