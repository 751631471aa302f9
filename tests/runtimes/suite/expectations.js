// What checks are made of. No test runner: the suite runs wherever heed does.

/** Ends a check that cannot be made here. */
export class Skipped extends Error {}

/** @returns never */
export function skip(reason) {
  throw new Skipped(reason);
}

export function expectTrue(what, condition) {
  if (!condition) throw new Error(`${what}: is not so`);
}

/** The same text: of numbers, strings and lists of them. */
export function expectEqual(what, actual, expected) {
  const [came, wanted] = [actual, expected].map((value) => JSON.stringify(value, plain));
  if (came !== wanted) throw new Error(`${what}: expected ${shortened(wanted)}, got ${shortened(came)}`);
}

/** Typed arrays as lists, and what JSON has no number for by its name. */
function plain(_, value) {
  if (ArrayBuffer.isView(value)) return Array.from(value);
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function shortened(text) {
  return text?.length > 200 ? `${text.slice(0, 200)}...` : text;
}

/** Float32 rounds to within this much of a number. */
const UNIT = 2 ** -24;
/** Of n roundings, a sum beyond LAMBDA * sqrt(n) units has a probability below 2 exp(-LAMBDA^2 / 2) (Higham and Mary 2019). */
const LAMBDA = 5;
/** Approximations are accurate to 8 units, as much as 64 independent roundings. */
const APPROXIMATION = 64;

/**
 * Near what double precision gives, as far as float32 can be: relative to the largest element.
 * @param arithmetic `roundings` on the way to an element, `approximations` (exp, tanh, sigmoid, erf) on the same way, and
 * the `magnitude` of what is added up, where terms cancel; the largest expected element by default
 */
export function expectNear(what, actual, expected, { roundings, approximations = 0, magnitude }) {
  if (actual.length !== expected.length) {
    throw new Error(`${what}: expected ${expected.length} elements, got ${actual.length}`);
  }
  const largest = magnitude ?? expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const bound = LAMBDA * Math.sqrt(roundings + APPROXIMATION * approximations) * UNIT * largest;
  for (let i = 0; i < expected.length; i++) {
    // Not `>`: NaN is near nothing.
    if (!(Math.abs(actual[i] - expected[i]) <= bound)) {
      throw new Error(`${what}: [${i}] is ${actual[i]}, expected ${expected[i]} within ${bound}`);
    }
  }
}

/** A typed error by its name, with a message that says what `pattern` says. */
export function expectThrows(what, name, pattern, body) {
  let result;
  try {
    result = body();
  } catch (error) {
    return checkError(what, name, pattern, error);
  }
  throw new Error(`${what}: expected ${name}, got ${result}`);
}

export async function expectRejects(what, name, pattern, promise) {
  let result;
  try {
    result = await promise;
  } catch (error) {
    return checkError(what, name, pattern, error);
  }
  throw new Error(`${what}: expected ${name}, got ${result}`);
}

function checkError(what, name, pattern, error) {
  if (error?.name !== name || !pattern.test(error.message)) {
    throw new Error(`${what}: expected ${name} with ${pattern}, got ${error?.name}: ${error?.message}`);
  }
}
