/** The commands, and what the end of one means for the exit code. */
import { Command, CommanderError } from 'commander';
import { embedCommand } from './embed.ts';
import { exitCode, explain, ReaderGone, UsageError } from './failure.ts';
import { fillMaskCommand } from './fillMask.ts';
import { generateCommand } from './generate.ts';
import { inspectCommand } from './inspect.ts';
import { pronounceCommand } from './pronounce.ts';

/**
 * Carries out a command line.
 * @param args without the program and script
 * @returns 0; 1 when it failed or a word could not be pronounced; 2 for a command line that is not understood
 */
export async function run(args: readonly string[], version: string): Promise<number> {
  let code: number = exitCode.success;
  // Help and messages may go to a reader that leaves, as head does; without a listener that would be a crash.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const program = new Command('heed')
    .description('Attention and LSTM models in WebAssembly.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .usage('<command> [options]');
  const finished = (result: number): void => {
    code = result;
  };
  const commands = [pronounceCommand, embedCommand, generateCommand, fillMaskCommand, inspectCommand].map(
    (command) => command(finished),
  );
  // Whose help a usage error points to.
  let used = program;
  for (const each of [program, ...commands]) {
    if (each !== program) program.addCommand(each);
    each
      .hook('preAction', (_, action) => {
        used = action;
      })
      .exitOverride()
      .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'heed: ')) })
      .showHelpAfterError(hint(each));
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.success : exitCode.usage;
    if (error instanceof ReaderGone) return exitCode.success;
    if (error instanceof UsageError) {
      process.stderr.write(`heed: ${error.message}\n${hint(used)}\n`);
      return exitCode.usage;
    }
    process.stderr.write(`heed: ${explain(error)}\n`);
    return exitCode.failure;
  }
}

function hint(command: Command): string {
  const name = command.parent ? `${command.parent.name()} ${command.name()}` : command.name();
  return `(run "${name} --help" for how to use it)`;
}
