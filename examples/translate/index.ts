/** Translation learned from pairs of texts: `npm run example:translate -- --help`. */
import { run } from './program.ts';

const { stdin: input, stdout: output, stderr: errors } = process;
process.exitCode = await run(process.argv.slice(2), { input, output, errors });
