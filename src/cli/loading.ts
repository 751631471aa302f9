/** What commands on pretrained models share: options, the loading with its bar, and how a run ends early. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { loadModel, type PretrainedModel } from '../pretrained/loadModel.ts';
import { createRuntime } from '../runtime/load.ts';
import { onSignal } from './signals.ts';
import { terminalBar } from './terminalBar.ts';

export interface LoadingFlags {
  readonly json?: boolean;
  readonly quantize?: 'int8';
  readonly revision?: string;
  readonly hub?: string;
  readonly offline?: boolean;
  readonly variant?: 'simd' | 'relaxed';
  readonly threads: number;
}

/** Adds what every command on a model takes. */
export function withLoadingOptions(command: Command): Command {
  return command
    .argument('<model>', "a folder, a URL, or a hub's organisation/name")
    .option('--json', 'write JSON, one object a line')
    .addOption(
      new Option('--quantize <type>', 'make the matrices 8-bit ones while loading').choices(['int8']),
    )
    .option('--revision <name>', "a hub's branch, tag or commit (default: main)")
    .option('--hub <url>', 'another hub than https://huggingface.co')
    .option('--offline', 'take everything from the cache')
    .addOption(new Option('--variant <name>', 'force an instruction set').choices(['simd', 'relaxed']))
    .option('--threads <n>', 'threads that compute', count, 1)
    .helpOption('-h, --help', 'print this help');
}

/** @throws InvalidArgumentError unless the text is a positive integer */
export function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a positive integer.');
  return Number(text);
}

/**
 * Loads a model, runs `body`, and frees it. SIGINT and SIGTERM end both at once, with the shell's exit codes.
 * @throws what loading and `body` throw
 */
export async function withModel(
  source: string,
  flags: LoadingFlags,
  body: (model: PretrainedModel) => Promise<void>,
): Promise<void> {
  const { quantize, revision, hub, offline, variant, threads } = flags;
  const bar = loadingBar(process.stderr);
  using _signals = onSignal(() => bar.clear());
  using runtime = await createRuntime({ variant, threads });
  const options = {
    quantize,
    ...(revision && { revision }),
    ...(hub && { hub }),
    ...(offline && { offline }),
  };
  let model: PretrainedModel;
  try {
    model = await loadModel(runtime, source, { ...options, onProgress: bar.update });
  } finally {
    bar.clear();
  }
  await body(model);
}

/** How far a model is loaded, where a terminal shows it and there is time to read it. */
function loadingBar(stream: NodeJS.WriteStream): {
  update(done: number, total: number): void;
  clear(): void;
} {
  const started = performance.now();
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  const bar = terminalBar(stream, 'loading [{bar}] {percentage}%  {done} of {all} MB');
  return {
    update(done, total) {
      if (!stream.isTTY || performance.now() - started < 500) return;
      bar.draw(total, done, { done: megabytes(done), all: megabytes(total) });
    },
    clear: bar.clear,
  };
}
