// The whole public API, wherever it runs: pages, workers, edge hosts and server runtimes call this with what they imported.
// It imports nothing but its own files, so that a page can load it as it is.
import * as attention from './attention.js';
import * as convolution from './convolution.js';
import * as environment from './environment.js';
import { Skipped, skip } from './expectations.js';
import { fingerprints as compute, EXPECTED } from './fingerprints.js';
import * as layers from './layers.js';
import * as memory from './memory.js';
import * as models from './models.js';
import * as ops from './ops.js';
import * as pipeline from './pipeline.js';
import * as plot from './plot.js';
import * as pretrained from './pretrained.js';
import * as pronounce from './pronounce.js';
import * as recurrent from './recurrent.js';
import * as stacks from './stacks.js';
import * as tensors from './tensors.js';
import * as threads from './threads.js';
import * as training from './training.js';
import * as voice from './voice.js';
import * as weights from './weights.js';

/**
 * Each has `needs`, names of entries; `scoped`, checks that run one after the other on a runtime of each variant, each in a
 * scope of its own, and must leave no byte behind; and `free`, checks that may await, and make what they need.
 */
const subjects = {
  ...{ environment, memory, tensors, ops, attention, recurrent, layers, weights, stacks },
  ...{ convolution, models, voice, training, plot, pronounce, pretrained, pipeline, threads },
};

/**
 * Runs all checks.
 * @param entries `{ heed, models, train, plot, pronounce, pretrained, pipeline }`: what was imported. The checks of one that
 *   is missing are skipped, and say so
 * @param host what is to be found here:
 *   `threads`: whether there are any; `variant`: what must be detected, 'simd' or 'relaxed';
 *   `expected`: fingerprints of `simd`, those of Node by default;
 *   `globals`: names of globals from before anything was imported; only what the suite itself leaves is looked at without;
 *   `texts`: whether @huggingface/tokenizers must be found; without it, checks of texts are skipped where it is not;
 *   `runtimeOptions`, `trainingOptions`: what every runtime is made with, such as `{ module }` where bytes may not be compiled;
 *   `createRuntime`: `(options) => Promise`, instead of heed's own
 * @returns name by name; `error` where a check failed, `skipped`, the reason, where it could not be made
 */
export async function runSuite(entries, host) {
  const used = new Set();
  const globals = host.globals ?? Object.getOwnPropertyNames(globalThis);
  const context = { ...contextOf(watched(entries, used), host), globals };
  const results = [];
  for (const [subject, { needs, scoped = {}, free = {} }] of Object.entries(subjects)) {
    const missing = needs.filter((name) => !entries[name]);
    if (missing.length > 0) {
      results.push({ name: subject, skipped: `${missing.join(' and ')} not among the entries` });
      continue;
    }
    for (const [name, check] of Object.entries(free)) {
      results.push(await resultOf(`${subject}: ${name}`, () => check(context)));
    }
    results.push(...(await runScoped(subject, scoped, context)));
  }
  for (const microKernel of ['loads', 'shuffles', 'steps']) {
    for (const threads of host.threads ? [1, 2] : [1]) {
      const name = `fingerprints: the bits of Node (simd, ${microKernel}, ${threads} threads)`;
      results.push(await resultOf(name, () => checkFingerprints(entries, host, { microKernel, threads })));
    }
  }
  results.push(await resultOf('environment: no new globals', () => checkGlobals(globals)));
  results.push(await resultOf('every export was used', () => checkUsed(entries, used, results)));
  return results;
}

/**
 * Hashes of what `simd` computes, by name: the same on every engine, with every micro-kernel and any number of threads.
 * @param options of the runtime
 */
export async function fingerprints(entries, host, options = {}) {
  const runtime = await contextOf(entries, host).createRuntime({ variant: 'simd', ...options });
  try {
    return compute({ ...entries.heed, ...entries.models }, runtime);
  } finally {
    runtime.dispose();
  }
}

function contextOf(entries, host) {
  return {
    ...entries,
    host,
    createRuntime:
      host.createRuntime ?? ((options) => entries.heed.createRuntime({ ...host.runtimeOptions, ...options })),
    createTrainingRuntime: (options) =>
      entries.train.trainingRuntime({ ...host.trainingOptions, ...options }),
    createPronouncer: (options) => entries.pronounce.createPronouncer({ ...host.runtimeOptions, ...options }),
  };
}

/** The entries, where it is noted which exports are asked for. */
function watched(entries, used) {
  return Object.fromEntries(
    Object.entries(entries)
      .filter(([, exports]) => exports)
      .map(([entry, exports]) => [
        entry,
        new Proxy(exports, {
          get(target, name) {
            used.add(`${entry}.${String(name)}`);
            return Reflect.get(target, name);
          },
        }),
      ]),
  );
}

/** Each check on a runtime of the variant that was detected, and of `simd` where that is another. */
async function runScoped(subject, checks, context) {
  const results = [];
  if (Object.keys(checks).length === 0) return results;
  for (const variant of new Set([context.host.variant, 'simd'])) {
    let runtime;
    const made = await resultOf(`${subject}: a runtime (${variant})`, async () => {
      runtime = await context.createRuntime({ variant });
    });
    if (!runtime) {
      results.push(made);
      continue;
    }
    for (const [name, check] of Object.entries(checks)) {
      const run = () => runInScope(check, { ...context, runtime });
      results.push(await resultOf(`${subject}: ${name} (${variant})`, run));
    }
    runtime.dispose();
  }
  return results;
}

function runInScope(check, context) {
  const { runtime } = context;
  const { usedBytes } = runtime.memory;
  const owned = [];
  const own = (made) => {
    owned.push(made);
    return made;
  };
  try {
    runtime.scope(() => void check({ ...context, own }));
  } finally {
    for (const each of owned) each.dispose();
  }
  const left = runtime.memory.usedBytes - usedBytes;
  if (left !== 0) throw new Error(`${left} bytes are left behind`);
}

async function resultOf(name, check) {
  try {
    await check();
    return { name };
  } catch (error) {
    if (error instanceof Skipped) return { name, skipped: error.message };
    return { name, error: describe(error) };
  }
}

async function checkFingerprints(entries, host, options) {
  if (!entries.heed || !entries.models) skip('heed and models not among the entries');
  const expected = host.expected ?? EXPECTED;
  const actual = await fingerprints(entries, host, options);
  const names = [...new Set([...Object.keys(expected), ...Object.keys(actual)])];
  const different = names.filter((name) => actual[name] !== expected[name]);
  if (names.length === 0) throw new Error('there are none');
  if (different.length > 0) throw new Error(`other bits: ${different.join(', ')}`);
}

/** With its stack, which in Firefox does not begin with the message. */
function describe(error) {
  const stack = `${error?.stack ?? ''}`;
  return stack.includes(error?.message) ? stack : `${error}\n${stack}`;
}

function checkGlobals(before) {
  const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.includes(name));
  if (added.length > 0) throw new Error(`globals that were not there before: ${added.join(', ')}`);
}

/** The public API is all of it: an export that no check has asked for is not covered. */
function checkUsed(entries, used, results) {
  const unused = Object.entries(entries).flatMap(([entry, exports]) =>
    Object.keys(exports ?? {})
      .map((name) => `${entry}.${name}`)
      .filter((name) => !used.has(name)),
  );
  if (unused.length === 0) return;
  const message = `not covered: ${unused.join(', ')}`;
  if (results.some(({ skipped }) => skipped)) skip(`${message}; other checks were skipped`);
  throw new Error(message);
}
