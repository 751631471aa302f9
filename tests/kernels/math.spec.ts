/** Each approximation of assembly/math over a dense sample, against the error that its header states. */
import { f32_exp, f32_sigmoid, f32_tanh } from '../../assembly/kernels/elementwise';
import { log } from '../../assembly/math/log';
import { begin, doubles, expectIntact, getFloat, output, seal, setFloat, uniforms } from './support/buffers';
import { exp, print, sigmoid, tanh } from './support/reference';

const SAMPLES: i32 = 1 << 16;

const enum Function { Exp, Sigmoid, Tanh }
const NAMES: string[] = ['exp', 'sigmoid', 'tanh'];

function run(which: Function, out: usize, reference: usize, x: usize, n: i32): void {
  if (which == Function.Exp) { exp(reference, x, n); f32_exp(out, x, n); }
  if (which == Function.Sigmoid) { sigmoid(reference, x, n); f32_sigmoid(out, x, n); }
  if (which == Function.Tanh) { tanh(reference, x, n); f32_tanh(out, x, n); }
}

/** The largest relative error over the samples. */
function relativeError(which: Function, x: usize, n: i32): f64 {
  const out = output(n), reference = doubles(n);
  seal();
  run(which, out, reference, x, n);
  expectIntact();
  let worst: f64 = 0;
  for (let i = 0; i < n; ++i) {
    const wanted = load<f64>(reference + (<usize>i << 3));
    const error = wanted == 0 ? Math.abs(<f64>getFloat(out, i)) : Math.abs((<f64>getFloat(out, i) - wanted) / wanted);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

/** Evenly spaced over [low, high], and `decades` of magnitudes on either side of zero. */
function sweep(which: Function, low: f64, high: f64, bound: f64): void {
  let worst: f64 = 0;
  const slices = 16;
  for (let s = 0; s < slices; ++s) {
    begin(NAMES[which] + ' sweep');
    const x = uniforms(SAMPLES, 0, 1);
    for (let i = 0; i < SAMPLES; ++i) {
      const position = (<f64>s + (<f64>i + getFloat(x, i)) / <f64>SAMPLES) / <f64>slices;
      setFloat(x, i, <f32>(low + (high - low) * position));
    }
    worst = max(worst, relativeError(which, x, SAMPLES));
  }
  print('  ' + NAMES[which] + ': largest relative error ' + worst.toString() + ' over ' + (slices * SAMPLES).toString() +
    ' points of [' + low.toString() + ', ' + high.toString() + ']');
  expect<f64>(worst).toBeLessThanOrEqual(bound, 'relative error of ' + NAMES[which]);
}

/** Magnitudes from 1e-30 to 1: relative accuracy near zero is what a difference of sigmoids would lose. */
function sweepSmall(which: Function, bound: f64): void {
  begin(NAMES[which] + ' near zero');
  const x = uniforms(SAMPLES, -30, 0);
  for (let i = 0; i < SAMPLES; ++i) setFloat(x, i, <f32>(Math.pow(10, getFloat(x, i)) * (i & 1 ? -1 : 1)));
  const worst = relativeError(which, x, SAMPLES);
  print('  ' + NAMES[which] + ': largest relative error ' + worst.toString() + ' for 1e-30 < |x| < 1');
  expect<f64>(worst).toBeLessThanOrEqual(bound, 'relative error of ' + NAMES[which] + ' near zero');
}

const POINTS: f32[] = [
  NaN, Infinity, -Infinity, 0, -0, 1000, -1000, 88, -87.3, 3.4e38, -3.4e38, 1e-45, -1e-45, 89, -104, 10, -10,
];

/** Each special value in each lane: what is neither NaN nor extreme comes out as in exact arithmetic. */
function checkSpecial(which: Function): void {
  for (let lane = 0; lane < 4; ++lane) {
    const n = POINTS.length + lane;
    begin(NAMES[which] + ' special values from lane ' + lane.toString(), lane > 0);
    const x = uniforms(n, -1, 1), out = output(n), reference = doubles(n);
    for (let i = 0; i < POINTS.length; ++i) setFloat(x, i + lane, POINTS[i]);
    seal();
    run(which, out, reference, x, n);
    expectIntact();
    for (let i = 0; i < n; ++i) {
      const wanted = <f32>load<f64>(reference + (<usize>i << 3));
      const got = getFloat(out, i);
      const close = isNaN(wanted)
        ? isNaN(got)
        : got == wanted || Math.abs(<f64>got - <f64>wanted) <= 1e-6 * Math.abs(<f64>wanted) + 1.2e-38;
      expect<bool>(close).toBe(true, 
        NAMES[which] + '(' + getFloat(x, i).toString() + ') is ' + got.toString() + ', expected ' + wanted.toString(),
      );
    }
  }
}

/** Sigmoid lies in [0, 1] and tanh in [-1, 1], to the last bit. */
function checkRange(which: Function, low: f32, high: f32): void {
  begin(NAMES[which] + ' range');
  const x = uniforms(SAMPLES, -20, 20), out = output(SAMPLES), reference = doubles(SAMPLES);
  run(which, out, reference, x, SAMPLES);
  for (let i = 0; i < SAMPLES; ++i) {
    const y = getFloat(out, i);
    if (!(y >= low && y <= high)) {
      expect<bool>(false).toBe(true, NAMES[which] + '(' + getFloat(x, i).toString() + ') is ' + y.toString());
    }
  }
}

describe('math', () => {
  it('exp has relative error <= 1.0e-7 on [-87.3, 88.3]', () => sweep(Function.Exp, -87.3, 88.3, 1.0e-7));
  it('exp has relative error <= 1.0e-7 near zero', () => sweepSmall(Function.Exp, 1.0e-7));
  it('sigmoid has relative error <= 1.6e-7 on [-87, 87]', () => sweep(Function.Sigmoid, -87, 87, 1.6e-7));
  it('sigmoid has relative error <= 1.6e-7 near zero', () => sweepSmall(Function.Sigmoid, 1.6e-7));
  it('tanh has relative error <= 4.5e-7 on [-10, 10]', () => sweep(Function.Tanh, -10, 10, 4.5e-7));
  it('tanh has relative error <= 4.5e-7 near zero', () => sweepSmall(Function.Tanh, 4.5e-7));
  it('exp of NaN, infinities and extremes', () => checkSpecial(Function.Exp));
  it('sigmoid of NaN, infinities and extremes', () => checkSpecial(Function.Sigmoid));
  it('tanh of NaN, infinities and extremes', () => checkSpecial(Function.Tanh));
  it('sigmoid stays in [0, 1]', () => checkRange(Function.Sigmoid, 0, 1));
  it('tanh stays in [-1, 1]', () => checkRange(Function.Tanh, -1, 1));
});

describe('log', () => {
  it('has a relative error below 6e-8 over all magnitudes, and near one', () => {
    begin('log sweep');
    let worst: f64 = 0;
    const exponents = uniforms(SAMPLES, -126, 127.9), around = uniforms(SAMPLES, -0.3, 0.4);
    for (let i = 0; i < SAMPLES; ++i) {
      for (let which = 0; which < 2; ++which) {
        const x = which ? <f32>Math.pow(2, getFloat(exponents, i)) : 1 + getFloat(around, i);
        const wanted = Math.log(x);
        const error = wanted == 0 ? Math.abs(<f64>log(x)) : Math.abs((<f64>log(x) - wanted) / wanted);
        if (!(error <= worst)) worst = error;
      }
    }
    print('  log: largest relative error ' + worst.toString() + ' over ' + (2 * SAMPLES).toString() + ' points');
    expect<f64>(worst).toBeLessThanOrEqual(6e-8);
  });
  it('takes one to zero, and keeps infinity and NaN', () => {
    expect<f32>(log(1)).toBe(0);
    expect<f32>(log(Infinity)).toBe(Infinity);
    expect<bool>(isNaN(log(NaN))).toBe(true);
  });
});
