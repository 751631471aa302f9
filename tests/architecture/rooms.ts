/** Who may import whom: the rooms of src and assembly, and their order. */
import { builtinModules } from 'node:module';
import { type Files, importsOf, resolveImport } from './imports.ts';

/** Each room of src imports only from itself and from rooms before it. */
const order = [
  'errors',
  'memory',
  'runtime',
  'tensor',
  'io',
  'autograd',
  'ops',
  'layers',
  'decode',
  'models',
  'train',
  'pronounce',
  'pretrained',
  'worker',
  'cli',
];

/** Rooms that see less than the order would let them. */
const narrow: Readonly<Record<string, readonly string[]>> = {
  io: ['tensor', 'errors'],
  plot: ['errors'],
};

const core = order.slice(0, order.indexOf('decode'));
const models = order.slice(0, order.indexOf('train'));

/** The public entries and the rooms that each may open to the outside. */
const entries: Readonly<Record<string, readonly string[]>> = {
  'src/index.ts': core,
  'src/models.ts': models,
  'src/train.ts': [...models, 'train'],
  'src/plot.ts': ['errors', 'plot'],
  'src/pronounce.ts': [...models, 'pronounce'],
  'src/pretrained.ts': [...models, 'pretrained'],
  'src/pipeline.ts': ['pretrained'],
  'src/worker.ts': ['worker'],
  'src/cli.ts': [...order, 'plot'],
};

/** The only files that know where the build puts binaries and weights. */
const seeBuild = [
  'src/runtime/binaries.ts',
  'src/runtime/load.ts',
  'src/train/binaries.ts',
  'src/pronounce/weights.ts',
];

const forbiddenNames = /(^|\/)(utils?|helpers?|misc|common)(\/|\.|$)/i;

/** `src/io/conversion.ts` -> `io`; `src/errors.ts` -> `errors`. */
function roomOf(path: string): string {
  return path.split('/')[1]!.replace(/\.ts$/, '');
}

function seenFrom(path: string): readonly string[] | undefined {
  const entry = entries[path];
  if (entry) return entry;
  const room = roomOf(path);
  if (narrow[room]) return [room, ...narrow[room]];
  const position = order.indexOf(room);
  if (position < 0) return undefined;
  return room === 'cli' ? [...order, 'plot'] : order.slice(0, position + 1);
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

/** What breaks the order in src, one sentence each. The command line may also use the entries, as users do. */
export function checkRooms(files: Files): string[] {
  const problems: string[] = [];
  for (const [path, text] of files) {
    if (forbiddenNames.test(path)) problems.push(`${path}: a name that says nothing`);
    const seen = seenFrom(path);
    const room = roomOf(path);
    if (!seen) {
      problems.push(`${path}: lies in no known room`);
      continue;
    }
    for (const { specifier, line, reexport } of importsOf(path, text)) {
      const complain = (problem: string): void => {
        problems.push(`${path}:${line}: ${problem}`);
      };
      if (specifier === undefined) complain('imports something computed');
      else if (isBuiltin(specifier)) {
        if (room !== 'cli') complain(`imports ${specifier}: only cli may use Node`);
      } else if (specifier.startsWith('.')) {
        const target = resolveImport(path, specifier);
        if (target.startsWith('build/')) {
          if (!seeBuild.includes(path))
            complain(`imports ${target}: not one of the files that see the build`);
        } else if (!files.has(target)) complain(`imports ${specifier}: no such file in src`);
        else if (entries[target] && room === 'cli' && target !== 'src/cli.ts') continue;
        else if (entries[target]) complain(`imports ${target}: an entry is for the outside`);
        else if (!seen.includes(roomOf(target))) {
          complain(`imports ${target}: ${room} may not see ${roomOf(target)}`);
        }
      } else if (/^[/\\]|^\w+:/.test(specifier))
        complain(`imports ${specifier}: neither a package nor relative`);
      if (reexport && !entries[path]) complain('passes names on: only entries do');
    }
  }
  return problems;
}

/** What breaks the rule that the playground is made of public entries alone, one sentence each. */
export function checkSite(files: Files): string[] {
  const names = Object.keys(entries).map((path) => path.replace(/^src\/(.*)\.ts$/, '$1'));
  const entryNames = names.filter((name) => name !== 'index' && name !== 'cli').map((name) => `heed/${name}`);
  const open = new Set(['heed', 'heed/package.json', ...entryNames]);
  const isOwn = (path: string): boolean => path.startsWith('site/src/') && files.has(path);
  const problems: string[] = [];
  for (const [path, text] of files) {
    for (const { specifier = 'something computed', line } of importsOf(path, text)) {
      if (specifier.startsWith('.') ? isOwn(resolveImport(path, specifier)) : open.has(specifier)) continue;
      problems.push(`${path}:${line}: imports ${specifier}: neither of the page nor an entry of heed`);
    }
  }
  return problems;
}

const assemblyOrder = ['simd', 'math', 'kernels', 'gradients'];

/** What breaks the order in assembly, one sentence each. `index.ts` exports kernels, `train.ts` gradients as well. */
export function checkAssemblyRooms(files: Files): string[] {
  const problems: string[] = [];
  for (const [path, text] of files) {
    const seen =
      path === 'assembly/index.ts'
        ? ['kernels']
        : path === 'assembly/train.ts'
          ? ['index', 'gradients']
          : assemblyOrder.slice(0, assemblyOrder.indexOf(roomOf(path)) + 1);
    if (seen.length === 0) problems.push(`${path}: lies in no known room`);
    for (const { specifier, line } of importsOf(path, text)) {
      const target = specifier?.startsWith('.') ? resolveImport(path, specifier) : undefined;
      if (!target || !files.has(target))
        problems.push(`${path}:${line}: imports ${specifier}: not in assembly`);
      else if (!seen.includes(roomOf(target))) {
        problems.push(`${path}:${line}: imports ${target}: ${roomOf(path)} may not see ${roomOf(target)}`);
      }
    }
  }
  return problems;
}
