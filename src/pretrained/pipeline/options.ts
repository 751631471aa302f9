/** Options by the names that transformers.js has. */
import { ArgumentError, UnsupportedError } from '../../errors.ts';
import type { ModelFolderOptions } from '../../io/modelSource.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { LoadModelOptions } from '../loadModel.ts';

/** What `progress_callback` hears while weights come. */
export interface ProgressInfo {
  readonly status: 'initiate' | 'progress' | 'done';
  /** The model's folder. */
  readonly name: string;
  readonly file: string;
  /** Of 100. */
  readonly progress: number;
  /** Bytes, of how many. */
  readonly loaded: number;
  readonly total: number;
}

export interface PipelineOptions extends ModelFolderOptions {
  /** Where to run; a runtime of its own by default, which the pipeline disposes of. */
  readonly runtime?: Runtime;
  /** 'q8' and 'int8' make the weights 8-bit ones; 'fp32' by default. */
  readonly dtype?: 'auto' | 'fp32' | 'q8' | 'int8';
  /** Version 2's name for 8-bit weights. */
  readonly quantized?: boolean;
  readonly device?: 'auto' | 'cpu' | 'wasm';
  /** Takes everything from the cache; heed's own name is `offline`. */
  readonly local_files_only?: boolean;
  readonly progress_callback?: (progress: ProgressInfo) => void;
}

const ownOptions = ['runtime', 'dtype', 'quantized', 'device', 'local_files_only', 'progress_callback'];
const folderOptions = [
  ...['revision', 'hub', 'token', 'cache', 'offline', 'signal', 'fetch', 'retries'],
  ...['retryDelayMilliseconds', 'timeoutMilliseconds'],
];

/** @throws ArgumentError naming an option that is not among these */
export function only(where: string, options: object, known: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (known.includes(name) || value === undefined) continue;
    throw new ArgumentError(
      `${where}: unknown option ${name}, known ${known.length === 1 ? 'is' : 'are'} ${known.join(', ') || 'none'}`,
    );
  }
}

/** @throws ArgumentError, UnsupportedError naming the option */
export function loadOptions(name: string, options: PipelineOptions): LoadModelOptions {
  only('pipeline', options, [...ownOptions, ...folderOptions]);
  const { runtime: _, dtype, quantized, device, local_files_only, progress_callback, ...folder } = options;
  oneOf('device', device, ['auto', 'cpu', 'wasm']);
  oneOf('dtype', dtype, ['auto', 'fp32', 'q8', 'int8']);
  const small = dtype === 'q8' || dtype === 'int8' || (dtype === undefined && quantized === true);
  return {
    ...folder,
    ...(local_files_only !== undefined && { offline: local_files_only }),
    ...(small && { quantize: 'int8' as const }),
    ...(progress_callback && { onProgress: progressOf(name, progress_callback) }),
  };
}

function oneOf(option: string, value: string | undefined, supported: readonly string[]): void {
  if (value === undefined || supported.includes(value)) return;
  throw new UnsupportedError(
    `pipeline: ${option} is ${String(value)}, supported are ${supported.join(', ')}`,
  );
}

function progressOf(
  name: string,
  callback: (progress: ProgressInfo) => void,
): (done: number, total: number) => void {
  let begun = false;
  return (loaded, total) => {
    const file = 'model.safetensors';
    const tell = (status: ProgressInfo['status']): void =>
      callback({ status, name, file, progress: total === 0 ? 100 : (100 * loaded) / total, loaded, total });
    if (!begun) tell('initiate');
    begun = true;
    tell('progress');
    if (loaded === total) tell('done');
  };
}
